import { isLoopback } from '../base/secure-url.js';
import { isDeceptive } from '../http/allowed-origins.js';
import type { CatalogServices } from './catalog-payload.js';
import type { WebexEndpoints } from './endpoints.js';

const LONGEST_URL = 2_048;
// As written: scheme, a host name in ASCII or an address, perhaps a port; no user name, no escapes.
const PLAIN_AUTHORITY = /^https?:\/\/((?:(?:[a-z0-9-]+\.)*[a-z0-9-]+|\[::1\])(?::\d+)?)(?:\/|$)/i;

/** Which addresses of a service catalog a bearer may go to. Whoever writes the catalog does not decide that alone. */
export class ServiceTrust {
  readonly #origins: ReadonlySet<string>;
  readonly #domains: readonly string[];
  readonly #loopback: boolean;

  constructor({ apiBase, allowedOrigins, serviceCatalog, serviceDomains }: WebexEndpoints) {
    const catalog = serviceCatalog === undefined ? [] : [new URL(serviceCatalog)];
    this.#origins = new Set([
      ...allowedOrigins.map((origin) => new URL(origin).origin),
      new URL(apiBase).origin,
      ...catalog.map(({ origin }) => origin),
    ]);
    this.#domains = serviceDomains;
    this.#loopback = catalog.some(({ hostname }) => isLoopback(hostname));
  }

  /** The first trusted base URL of each service, without a slash at the end, and how many addresses were refused. */
  sift(services: CatalogServices): { accepted: ReadonlyMap<string, string>; refused: number } {
    const accepted = new Map<string, string>();
    let refused = 0;
    for (const [name, urls] of services) {
      for (const url of urls) {
        // WebSocket services are real, and nothing that an HTTP client could call.
        if (/^wss?:/i.test(url)) continue;
        const base = this.#baseOf(url);
        if (base === undefined) refused++;
        else if (!accepted.has(name)) accepted.set(name, base);
      }
    }
    return { accepted, refused };
  }

  #baseOf(text: string): string | undefined {
    if (text.length > LONGEST_URL || isDeceptive(text) || /[?#]/.test(text)) return undefined;
    const authority = PLAIN_AUTHORITY.exec(text)?.[1]?.toLowerCase();
    if (authority === undefined || !URL.canParse(text)) return undefined;
    const url = new URL(text);
    // Other spellings of the same host (127.1, 0x7f000001) serve nobody who is honest.
    if (authority !== url.host && authority !== `${url.host}:443`) return undefined;
    return this.#isTrusted(url) ? `${url.origin}${url.pathname}`.replace(/\/+$/, '') : undefined;
  }

  #isTrusted({ origin, protocol, hostname, port }: URL): boolean {
    if (this.#origins.has(origin) || (this.#loopback && isLoopback(hostname))) return true;
    if (protocol !== 'https:' || port !== '' || /(^|\.)xn--/.test(hostname)) return false;
    return this.#domains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`));
  }
}
