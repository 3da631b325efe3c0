import { createHash } from 'node:crypto';
import { CookieJar } from 'tough-cookie';
import type { Fetch } from '../../src/base/fetch.js';
import type { Clock } from '../../src/base/clock.js';
import { clientSecretPost } from '../../src/oauth/client-authentication.js';
import type { Person } from '../../src/oauth/person.js';
import { TokenEndpoint } from '../../src/oauth/token-endpoint.js';
import { KeyRing } from '../../src/sealing/key-ring.js';
import { memoryStore } from '../../src/stores/memory-store.js';
import { createLoginHandler } from '../../src/web/login-handler.js';
import type { GrantedLogin, LoginHandlerOptions } from '../../src/web/login-handler.js';
import { Login } from '../../src/web/login.js';
import type { LoginOptions } from '../../src/web/login.js';
import { Sessions } from '../../src/web/sessions.js';
import { fakeClock } from '../support/fake-clock.js';
import type { FakeClock } from '../support/fake-clock.js';

export const ORIGIN = 'https://app.example.test';
export const REDIRECT_URI = `${ORIGIN}/auth/webex/callback`;
export const CLIENT_SECRET = 'canary-client-secret-1f2e3d';

const SERVER = {
  issuer: 'https://webex.example.test',
  authorizationEndpoint: 'https://webex.example.test/v1/authorize',
  tokenEndpoint: 'https://webex.example.test/v1/access_token',
};

export const ADA: Person = { id: 'person-ada', orgId: 'org-1', displayName: 'Ada' };
export const BOB: Person = { id: 'person-bob', orgId: 'org-1', displayName: 'Bob' };

/** An authorization server in a few lines: codes are bound to challenge and redirect URI, and good once. */
export class FakeWebex {
  readonly exchanges: URLSearchParams[] = [];
  /** Awaited in each exchange. */
  pause: () => Promise<void> = async () => undefined;
  readonly #codes = new Map<string, { challenge: string; redirectUri: string; person: Person }>();
  readonly #people = new Map<string, Person>();
  #count = 0;

  /** The person signs in and consents: the address the browser is sent back to. */
  approve(url: string, person: Person = ADA): string {
    const asked = new URL(url).searchParams;
    const code = `canary-code-${String(++this.#count)}-${Math.random().toString(36).slice(2)}`;
    const redirectUri = asked.get('redirect_uri') ?? '';
    this.#codes.set(code, { challenge: asked.get('code_challenge') ?? '', redirectUri, person });
    return `${redirectUri}?${new URLSearchParams({ code, state: asked.get('state') ?? '' }).toString()}`;
  }

  personOf(accessToken: string): Person {
    const person = this.#people.get(accessToken);
    if (!person) throw new Error('unknown token');
    return person;
  }

  readonly fetch: Fetch = async (_url, { body }) => {
    const form = new URLSearchParams(
      typeof body === 'string' ? body : Buffer.from(body as Uint8Array).toString(),
    );
    this.exchanges.push(form);
    await this.pause();
    const code = this.#codes.get(form.get('code') ?? '');
    this.#codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (code?.challenge !== challenge || code.redirectUri !== form.get('redirect_uri')) {
      return Response.json(
        { error: 'invalid_grant', error_description: '<b>canary-description</b>' },
        { status: 400 },
      );
    }
    const accessToken = `canary-access-${String(++this.#count)}`;
    this.#people.set(accessToken, code.person);
    return Response.json({
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: `canary-refresh-${String(this.#count)}`,
    });
  };
}

/** A browser with a cookie jar, which judges cookies as browsers do, and follows nothing by itself. */
export class Browser {
  readonly jar = new CookieJar(undefined, { prefixSecurity: 'strict' });
  readonly #handler: (request: Request) => Promise<Response>;
  readonly #origin: string;

  constructor(handler: (request: Request) => Promise<Response>, origin = ORIGIN) {
    this.#handler = handler;
    this.#origin = origin;
  }

  async send(
    path: string,
    init: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const url = new URL(path, this.#origin);
    const headers = new Headers(init.headers);
    const cookie = this.jar.getCookieStringSync(url.href);
    if (cookie && !headers.has('cookie')) headers.set('cookie', cookie);
    const response = await this.#handler(new Request(url, { method: init.method ?? 'GET', headers }));
    for (const set of response.headers.getSetCookie()) this.jar.setCookieSync(set, url.href);
    return response;
  }

  post(path: string, headers: Record<string, string> = { origin: this.#origin }): Promise<Response> {
    return this.send(path, { method: 'POST', headers });
  }

  /** Starts a login and gives the address of Webex's page. */
  async start(path = '/auth/webex/login'): Promise<string> {
    const response = await this.send(path);
    if (response.status !== 303) throw new Error(`login answered ${String(response.status)}`);
    return response.headers.get('location') ?? '';
  }

  get cookies(): Map<string, string> {
    return new Map(this.jar.getCookiesSync(this.#origin).map(({ key, value }) => [key, value]));
  }

  get cookieHeader(): string {
    return this.jar.getCookieStringSync(this.#origin);
  }

  get session(): string | undefined {
    return this.cookies.get('__Host-webex-auth-session') ?? this.cookies.get('webex-auth-session');
  }

  get logins(): string[] {
    return [...this.cookies.keys()].filter((name) => name.includes('webex-auth-login-'));
  }
}

/** Everything a login needs, with fakes at the edges. */
export function rig({
  clock = fakeClock(),
  redirectUri = REDIRECT_URI,
  webex = new FakeWebex(),
  keys = KeyRing.ephemeral(),
  store = memoryStore({ clock }),
  login: loginOptions = {},
  handler: handlerOptions = {},
}: {
  clock?: Clock;
  redirectUri?: string;
  webex?: FakeWebex;
  keys?: KeyRing;
  store?: ReturnType<typeof memoryStore>;
  login?: Partial<LoginOptions>;
  handler?: Partial<LoginHandlerOptions>;
} = {}) {
  const tokenEndpoint = new TokenEndpoint({
    server: SERVER,
    clientId: 'client-1',
    authenticate: clientSecretPost(CLIENT_SECRET),
    fetch: webex.fetch,
    clock,
  });
  const counts = { consumed: 0, sessionWrites: 0 };
  const once: LoginOptions['once'] = {
    consume: (id, options) => (counts.consumed++, store.once.consume(id, options)),
  };
  const login = new Login({
    server: SERVER,
    clientId: 'client-1',
    redirectUri,
    scope: ['spark:people_read'],
    tokenEndpoint,
    keys,
    tenant: 'default',
    once,
    clock,
    ...loginOptions,
  });
  const sessionStore = new Proxy(store.sessions, {
    get(target, name: keyof typeof store.sessions) {
      if (name === 'create') counts.sessionWrites++;
      return target[name].bind(target);
    },
  });
  const sessions = new Sessions({ store: sessionStore, tenant: 'default', redirectUri, clock });
  const kept: GrantedLogin[] = [];
  const errors: unknown[] = [];
  const handler = createLoginHandler({
    login,
    sessions,
    redirectUri,
    clock,
    keep: async (grant) => void kept.push(grant),
    identify: async (tokenSet) => webex.personOf(tokenSet.accessToken),
    onError: (error) => void errors.push(error),
    ...handlerOptions,
  });
  const browser = (): Browser => new Browser(handler, new URL(redirectUri).origin);
  /** A whole login in one browser. */
  const signIn = async (someone: Browser, person: Person = ADA, path?: string): Promise<Response> =>
    someone.send(webex.approve(await someone.start(path), person));
  const shared = { clock, webex, keys, store };
  return { shared, clock, webex, login, sessions, handler, browser, signIn, kept, errors, counts };
}

/** The rig's clock, when it is the fake one. */
export function asFake(clock: Clock): FakeClock {
  return clock as FakeClock;
}

/** The stable code that an answer tells, from its JSON or its page. */
export async function codeOf(response: Response): Promise<string | undefined> {
  const text = await response.text();
  if (response.headers.get('content-type')?.startsWith('application/json')) {
    return (JSON.parse(text) as { error?: { code?: string } }).error?.code;
  }
  return /<dt>Code<\/dt>\s*<dd>([A-Z_]+)<\/dd>/.exec(text)?.[1];
}
