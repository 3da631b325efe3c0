import { createHash } from 'node:crypto';

import type { Clock } from '../base/clock.js';
import { randomToken } from '../base/random.js';
import type { SessionRecord, SessionStore } from '../stores/session-store.js';
import { cookieScheme, parseCookies, serializeCookie } from './cookies.js';
import type { CookieScheme } from './cookies.js';

const IDLE_MS = 8 * 3_600_000;
const LIFETIME_MS = 7 * 24 * 3_600_000;
const TOUCH_EVERY_MS = 60_000;
const PURGE_EVERY_MS = 600_000;

/** What `Sessions` needs. Lifetimes in milliseconds. */
export interface SessionsOptions {
  store: SessionStore;
  tenant: string;
  /** Decides how the cookie is named and marked. */
  redirectUri: string;
  clock: Clock;
  /** Ends after this long without a request; default 8 h. */
  idleMs?: number | undefined;
  /** Ends after this long whatever happens; default 7 days. */
  lifetimeMs?: number | undefined;
}

/** A session that was made or found again, with the Set-Cookie value that hands it to the browser. */
export interface IssuedSession {
  readonly id: string;
  readonly subject: string;
  readonly setCookie: string;
}

/** Who is signed in. */
export interface CurrentSession {
  readonly subject: string;
  readonly idHash: string;
}

/**
 * Browser sessions over a `SessionStore`. The browser holds a 256-bit id, the store only its SHA-256; both ends are
 * enforced here, and an id that the store does not know is never adopted.
 */
export class Sessions {
  readonly #store: SessionStore;
  readonly #tenant: string;
  readonly #clock: Clock;
  readonly #scheme: CookieScheme;
  readonly #idleMs: number;
  readonly #lifetimeMs: number;
  #purgeAt = 0;

  constructor({
    store,
    tenant,
    redirectUri,
    clock,
    idleMs = IDLE_MS,
    lifetimeMs = LIFETIME_MS,
  }: SessionsOptions) {
    this.#store = store;
    this.#tenant = tenant;
    this.#clock = clock;
    this.#scheme = cookieScheme(redirectUri);
    this.#idleMs = idleMs;
    this.#lifetimeMs = lifetimeMs;
  }

  /** Makes a session and ends the one that `replacing` carries (ASVS 7.2.4). `id`: 43 base64url characters, never used before. */
  async create(
    subject: string,
    {
      replacing,
      id = randomToken(),
    }: { replacing?: Pick<Request, 'headers'> | undefined; id?: string | undefined } = {},
  ): Promise<IssuedSession> {
    const now = this.#clock.now();
    await this.#purge(now);
    const idHash = hashOf(id);
    await this.#store.create({
      idHash,
      tenant: this.#tenant,
      subject,
      createdAt: now,
      seenAt: now,
      expiresAt: now + this.#lifetimeMs,
    });
    if (replacing) {
      const old = await this.#find(this.#presented(replacing));
      if (old && old.idHash !== idHash) await this.#store.delete(old.idHash);
    }
    return { id, subject, setCookie: this.#cookie(id, this.#lifetimeMs) };
  }

  /** The session of a request. Notes activity at most once a minute. */
  async read(request: Pick<Request, 'headers'>): Promise<CurrentSession | undefined> {
    const session = await this.#find(this.#presented(request));
    if (!session) return undefined;
    const now = this.#clock.now();
    if (now - session.seenAt >= TOUCH_EVERY_MS) await this.#store.touch(session.idHash, now);
    return { subject: session.subject, idHash: session.idHash };
  }

  /** The live session with this id, to be handed to the browser that made it once more. */
  async reissue(id: string): Promise<IssuedSession | undefined> {
    const session = await this.#find(id);
    if (!session) return undefined;
    const left = session.expiresAt - this.#clock.now();
    return { id, subject: session.subject, setCookie: this.#cookie(id, left) };
  }

  /** Ends the session of a request on the server. Returns who it was. */
  async end(request: Pick<Request, 'headers'>): Promise<CurrentSession | undefined> {
    const session = await this.#find(this.#presented(request));
    if (!session) return undefined;
    await this.#store.delete(session.idHash);
    return { subject: session.subject, idHash: session.idHash };
  }

  /** Set-Cookie value that makes the browser forget its session. */
  get clearCookie(): string {
    return this.#cookie('', 0);
  }

  // Sessions that nobody ended are dropped along the way, so that the store does not grow.
  async #purge(now: number): Promise<void> {
    if (now < this.#purgeAt) return;
    this.#purgeAt = now + PURGE_EVERY_MS;
    await this.#store.purge(now);
  }

  async #find(id: string | undefined): Promise<SessionRecord | undefined> {
    if (id === undefined || !/^[\w-]{43}$/.test(id)) return undefined;
    const session = await this.#store.read(hashOf(id));
    if (session?.tenant !== this.#tenant) return undefined;
    const now = this.#clock.now();
    if (now < session.expiresAt && now - session.seenAt < this.#idleMs) return session;
    await this.#store.delete(session.idHash);
    return undefined;
  }

  get #name(): string {
    return `${this.#scheme.prefix}webex-auth-session`;
  }

  #presented(request: Pick<Request, 'headers'>): string | undefined {
    return parseCookies(request.headers.get('cookie')).get(this.#name);
  }

  #cookie(id: string, lifetimeMs: number): string {
    return serializeCookie(this.#name, id, { scheme: this.#scheme, maxAge: lifetimeMs / 1000 });
  }
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
