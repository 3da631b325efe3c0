import { Readable } from 'node:stream';
import {
  KeyRing,
  memoryStore,
  Webex,
  WebexAuth,
  type Clock,
  type Store,
  type Transport,
  type WebexAuthOptions,
  type WebexOptions,
} from '../../src/index.js';
import type { TokenSet } from '../../src/oauth/token-set.js';
import { Vault } from '../../src/vault/vault.js';
import { hastyClock } from '../http/hasty-clock.js';
import { EVENT_NAMES } from '../leaks/evidence.js';
import type { RawAnswer } from './answers.js';
import { expectNoSecret } from './fuzzed.js';

/** What was sent: the path, the form fields and the bearer. */
export interface SentRequest {
  readonly method: string;
  readonly origin: string;
  readonly path: string;
  readonly form: URLSearchParams;
  readonly bearer: string | undefined;
}

/** Answers requests by their path: with what was generated, else as Webex would. */
export type Answering = (request: SentRequest, count: number) => RawAnswer | Record<string, unknown>;

export const CLIENT = {
  clientId: `C${'1a'.repeat(32)}`,
  clientSecret: 'client-secret-0123456789',
  redirectUri: 'http://127.0.0.1:5010/callback',
  scope: ['spark:people_read', 'spark:rooms_read'],
};
export const API = 'https://webexapis.com/v1';
const keys = KeyRing.ephemeral();
const owner = { tenant: 'default', clientId: CLIENT.clientId };

/** One application over a scripted Webex: a store, a clock on which sleeping takes no time, and what was sent. */
export interface FuzzedWebex {
  readonly sent: readonly SentRequest[];
  readonly clock: Clock;
  /** The vault's own reading of a grant: what is stored, every member of it. */
  stored(subject: string): ReturnType<Vault['read']>;
  auth(options?: Partial<WebexAuthOptions>): Promise<WebexAuth>;
  /** Ready when it resolves. */
  webex(options?: WebexOptions): Promise<Webex>;
  /** Fails where an event told one of the secrets. */
  close(): Promise<void>;
}

/** Makes one; `secrets` may appear in no event. Close it in the end. */
export function fuzzedWebex(
  answer: Answering,
  {
    secrets = [],
    store,
  }: {
    secrets?: readonly string[];
    store?: undefined | ((clock: Clock) => Store);
  } = {},
): FuzzedWebex {
  const hasty = hastyClock();
  // As the machine's: whole milliseconds.
  const clock = { ...hasty, now: () => Math.floor(hasty.now()) };
  const kept = store?.(clock) ?? memoryStore({ clock });
  const sent: SentRequest[] = [];
  const open: { close(): Promise<void> }[] = [];
  const transport: Transport = {
    async send({ url, method, headers, body }) {
      const { origin, pathname, search } = new URL(url);
      const form = new URLSearchParams(typeof body === 'string' ? body : '');
      const one = {
        method,
        origin,
        path: `${pathname}${search}`,
        form,
        bearer: headers['authorization']?.replace(/^Bearer /, ''),
      };
      sent.push(one);
      const given = answer(one, sent.length);
      const raw = isRaw(given)
        ? given
        : {
            status: 200,
            headers: { 'content-type': 'application/json' },
            body: Buffer.from(JSON.stringify(given)),
          };
      return {
        status: raw.status,
        headers: raw.headers,
        body: Readable.from(raw.body.length > 0 ? [raw.body] : []),
      };
    },
    close: () => Promise.resolve(),
  };
  const shared = { store: kept, keys, transport, clock, scheduler: false, endpoints: 'commercial' } as const;
  // Looked at in the end: what a listener throws goes no further than its emitter.
  const told: object[] = [];
  const watch = (source: Pick<Webex, 'on'>): void => {
    for (const name of EVENT_NAMES) source.on(name, (payload) => void told.push(payload));
  };
  const vault = new Vault({ grants: kept.grants, keys, owner, dueAt: () => undefined });
  return {
    sent,
    clock,
    stored: (subject) => vault.read(subject),
    async auth(options) {
      const auth = await WebexAuth.open({ ...shared, client: CLIENT, ...options });
      open.push(auth);
      watch(auth);
      return auth;
    },
    async webex(options) {
      const { clientId: client_id, clientSecret: client_secret, redirectUri: redirect_uri, scope } = CLIENT;
      const credentials = { client_id, client_secret, redirect_uri, scope: scope.join(' ') };
      const webex = Webex.init({ ...shared, discovery: false, credentials, ...options });
      open.push(webex);
      watch(webex);
      // `whenReady` has a limit, for which this clock does not wait.
      await new Promise((resolve) => webex.once('ready', resolve));
      return webex;
    },
    async close() {
      await Promise.all(open.map((one) => one.close()));
      for (const payload of told) expectNoSecret(payload, secrets);
    },
  };
}

/** The members of a token set as it is stored; nothing else may be in it (F8). */
export const TOKEN_MEMBERS = [
  'accessToken',
  'expiresAt',
  'refreshToken',
  'refreshTokenExpiresAt',
  'scope',
  'idToken',
  'issuedAt',
];

/** The members that hold something in a stored token set; none where nothing is stored. Fails for a value of a wrong kind. */
export function storedMembers(grant: { tokenSet: TokenSet } | undefined): string[] {
  const held = Object.entries(grant?.tokenSet.toData() ?? {}).filter(([, value]) => value !== undefined);
  for (const [name, value] of held) {
    if (!TOKEN_MEMBERS.includes(name)) throw new Error(`${name} was stored`);
    const good = /At$/.test(name)
      ? Number.isSafeInteger(value)
      : name === 'scope'
        ? Array.isArray(value)
        : typeof value === 'string';
    if (!good) throw new Error(`${name} was stored as ${typeof value}`);
  }
  return held.map(([name]) => name);
}

function isRaw(given: RawAnswer | Record<string, unknown>): given is RawAnswer {
  return Buffer.isBuffer(given['body']);
}
