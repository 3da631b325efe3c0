import { CookieJar } from 'tough-cookie';

/** What a browser keeps: cookies. It follows no redirect by itself, so that a test can look at each. */
export class Browser {
  readonly #jar = new CookieJar(undefined, { allowSpecialUseDomain: true });

  async open(
    url: string | URL,
    init: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const href = String(url);
    const cookie = await this.#jar.getCookieString(href);
    const response = await fetch(href, {
      ...init,
      redirect: 'manual',
      headers: { ...init.headers, ...(cookie && { cookie }) },
    });
    for (const line of response.headers.getSetCookie()) await this.#jar.setCookie(line, href);
    return response;
  }

  /** Where `response` sends the browser. */
  static target(response: Response): string {
    return new URL(response.headers.get('location') ?? '', response.url).href;
  }
}
