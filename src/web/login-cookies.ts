import { createHash } from 'node:crypto';

import type { Clock } from '../base/clock.js';
import { ConfigurationError } from '../errors.js';
import { cookieScheme, LONGEST_COOKIE, parseCookies, serializeCookie } from './cookies.js';
import type { CookieScheme } from './cookies.js';
import { safeReturnTo } from './return-to.js';

const MOST_LOGINS = 5;
// Together with a session this leaves the request header far below the 8 KB that servers accept.
const MOST_CHARACTERS = 6_000;
const FINISHED_MAX_AGE_MS = 600_000;

/**
 * The logins in flight of one browser: a cookie each, named after its state, so that two tabs do not disturb each
 * other; at most 5 and 6,000 characters, the oldest dropped. And a note of the last finished one, for the back button.
 */
export class LoginCookies {
  readonly #scheme: CookieScheme;
  readonly #clock: Clock;

  constructor({ redirectUri, clock }: { redirectUri: string; clock: Clock }) {
    this.#scheme = cookieScheme(redirectUri);
    this.#clock = clock;
  }

  /** The sealed transaction of the login with this state. */
  find(request: Pick<Request, 'headers'>, state: string | null): string | undefined {
    if (!state) return undefined;
    const value = parseCookies(request.headers.get('cookie')).get(this.#name(state));
    return value?.slice(value.indexOf('.') + 1) || undefined;
  }

  /** Set-Cookie values that add a login and drop what no longer fits. */
  add(
    request: Pick<Request, 'headers'>,
    login: { state: string; transaction: string; expiresAt: number },
  ): string[] {
    const name = this.#name(login.state);
    // The instant in front is not sealed: it only decides who is dropped first.
    const value = `${login.expiresAt.toString(36)}.${login.transaction}`;
    if (name.length + 1 + value.length > LONGEST_COOKIE) throw tooLong();
    const now = this.#clock.now();
    const left = [...parseCookies(request.headers.get('cookie'))]
      .filter(([other]) => other.startsWith(this.#name('')) && other !== name)
      .map(([other, kept]) => ({ other, size: other.length + kept.length + 3, at: instant(kept) }))
      .sort((a, b) => b.at - a.at);
    let room = MOST_CHARACTERS - name.length - value.length;
    const dropped = left.filter(({ size, at }, index) => {
      room -= size;
      return at <= now || index >= MOST_LOGINS - 1 || room < 0;
    });
    return [
      this.#set(name, value, login.expiresAt - now),
      ...dropped.map(({ other }) => this.#set(other, '', 0)),
    ];
  }

  /** Set-Cookie value that removes a login. */
  remove(state: string): string {
    return this.#set(this.#name(state), '', 0);
  }

  /** Set-Cookie values for a login that has succeeded: gone, and noted as finished. */
  finish(state: string, returnTo: string): string[] {
    const note = `${shortHash(state)}.${Buffer.from(returnTo).toString('base64url')}`;
    return [this.remove(state), this.#set(this.#finished, note, FINISHED_MAX_AGE_MS)];
  }

  /** Where the login with this state went, if it was this browser's last to finish. */
  finishedAt(request: Pick<Request, 'headers'>, state: string | null): string | undefined {
    const note = parseCookies(request.headers.get('cookie')).get(this.#finished);
    if (!state || !note?.startsWith(`${shortHash(state)}.`)) return undefined;
    return safeReturnTo(Buffer.from(note.slice(note.indexOf('.') + 1), 'base64url').toString());
  }

  get #finished(): string {
    return `${this.#scheme.prefix}webex-auth-finished`;
  }

  #name(state: string): string {
    return `${this.#scheme.prefix}webex-auth-login-${state && shortHash(state)}`;
  }

  #set(name: string, value: string, lifetimeMs: number): string {
    return serializeCookie(name, value, { scheme: this.#scheme, maxAge: lifetimeMs / 1000 });
  }
}

function shortHash(state: string): string {
  return createHash('sha256').update(state).digest('base64url').slice(0, 12);
}

function instant(value: string): number {
  const at = Number.parseInt(value.split('.', 1)[0] ?? '', 36);
  return Number.isSafeInteger(at) ? at : 0;
}

function tooLong(): ConfigurationError {
  return new ConfigurationError([
    { setting: 'scope', problem: 'the login does not fit into a cookie; ask for fewer scopes or parameters' },
  ]);
}
