import { cookieScheme, parseCookies, serializeCookie } from '../web/cookies.js';
import { html, type Html } from '../web/html.js';

/** What can be said once, after a button was pressed. */
export type NoticeName =
  | 'refreshed'
  | 'refresh-failed'
  | 'disconnected'
  | 'revocation-unconfirmed'
  | 'nothing-stored'
  | 'signed-out';

/** A message for the next page. `code` is an error's, for those that name one. */
export interface Notice {
  readonly name: NoticeName;
  readonly code?: string | undefined;
}

const LIFETIME_SECONDS = 60;

const TEXTS: Readonly<Record<NoticeName, readonly ['good' | 'bad', string]>> = {
  refreshed: ['good', 'Refreshed. Webex gave a new token, and it is stored.'],
  'refresh-failed': [
    'bad',
    'The refresh did not succeed. Where the present token is still valid it stays in use.',
  ],
  disconnected: [
    'good',
    'Disconnected. The tokens are deleted here, and Webex confirmed that they are revoked.',
  ],
  'revocation-unconfirmed': [
    'bad',
    'Disconnected here. Webex did not confirm the revocation, so its tokens may live on there until they expire.',
  ],
  'nothing-stored': ['bad', 'Nothing was stored for you any more.'],
  'signed-out': ['bad', 'You are signed out, so nothing was done. Sign in and try again.'],
};

/** The message as markup. */
export function noticeBox({ name, code }: Notice): Html {
  const [kind, text] = TEXTS[name];
  return html`<p class="notice ${kind}" role="status" data-notice="${name}">
    ${text} ${code === undefined ? undefined : html`<code>${code}</code>`}
  </p>`;
}

/** Carries one message to the next page in a cookie: a name and a code of this list, never text of anybody's. */
export class NoticeCookie {
  readonly #scheme: ReturnType<typeof cookieScheme>;
  readonly #name: string;

  constructor(redirectUri: string) {
    this.#scheme = cookieScheme(redirectUri);
    this.#name = `${this.#scheme.prefix}webex-auth-notice`;
  }

  /** Set-Cookie value that leaves a message. */
  leave({ name, code }: Notice): string {
    return this.#set(code === undefined ? name : `${name}.${code}`, LIFETIME_SECONDS);
  }

  /** Set-Cookie value that removes it. */
  get clear(): string {
    return this.#set('', 0);
  }

  /** The message that the browser brings, if it is one of ours. */
  read(request: Pick<Request, 'headers'>): Notice | undefined {
    const value = parseCookies(request.headers.get('cookie')).get(this.#name) ?? '';
    const [name = '', code] = value.split('.', 2);
    if (!isNoticeName(name)) return undefined;
    return { name, ...(code !== undefined && /^[A-Z_]{1,40}$/.test(code) && { code }) };
  }

  #set(value: string, maxAge: number): string {
    return serializeCookie(this.#name, value, { scheme: this.#scheme, maxAge });
  }
}

function isNoticeName(name: string): name is NoticeName {
  return Object.hasOwn(TEXTS, name);
}
