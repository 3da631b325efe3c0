import { onTestFinished } from 'vitest';
import {
  startEmulator,
  type Emulator,
  type EmulatorClient,
  type LedgerQuery,
} from '../../src/emulator/emulator.js';
import {
  KeyRing,
  memoryStore,
  Webex,
  WebexAuth,
  type Store,
  type WebexAuthOptions,
  type WebexOptions,
} from '../../src/index.js';
import { fakeClock, type FakeClock } from './fake-clock.js';

/** The organisation of the emulator's first two people, and that of the third. */
export const ORG = 'fa4e0000-0000-4000-8000-000000000001';
export const OTHER_ORG = 'fa4e0000-0000-4000-8000-000000000002';

/** An integration that may use client credentials as well. */
export const INTEGRATION: EmulatorClient = {
  clientId: `C${'1a'.repeat(32)}`,
  clientSecret: 'integration-secret-0123456789',
  redirectUris: ['http://127.0.0.1:5010/callback'],
  scopes: ['spark:people_read', 'spark:rooms_read', 'spark:messages_write'],
  allowClientCredentials: true,
};

/** A service app that may make guests. */
export const SERVICE_APP: EmulatorClient = {
  clientId: `C${'1b'.repeat(32)}`,
  clientSecret: 'service-app-secret-0123456789',
  redirectUris: [],
  scopes: ['spark:people_read', 'spark:rooms_read', 'guest-issuer:read', 'guest-issuer:write'],
  serviceApp: true,
};

/** Another service app of the same owner. */
export const OTHER_SERVICE_APP: EmulatorClient = {
  ...SERVICE_APP,
  clientId: `C${'1c'.repeat(32)}`,
  clientSecret: 'other-service-app-secret-0123',
};

// Asked for in order to be answered, and not counted.
const NOTHING = '/v1/nothing';

/** What Webex's server, a store and processes of an application share: one clock that moves when told. */
export interface World {
  clock: FakeClock;
  emulator: Emulator;
  store: Store;
  keys: KeyRing;
  /** A process with the integration as its client. Its scheduler rests unless asked for. */
  auth(options?: Partial<WebexAuthOptions>): Promise<WebexAuth>;
  /** A process with the service app as its client; the owner's tokens are issued when asked for. */
  appAuth(options?: Partial<WebexAuthOptions>): Promise<WebexAuth>;
  webex(options?: WebexOptions): Webex;
  /** Signs somebody in through the login handler. */
  signIn(auth: WebexAuth, user?: string): Promise<string>;
  /** Runs `work` while the clock moves on, as a waiting process would see it. */
  drive<Result>(work: Promise<Result>, stepMs?: number): Promise<Result>;
  /** Lets what is under way come to rest without any time passing. */
  settle(): Promise<void>;
  /** Lets so much time pass, slowly enough that requests are answered meanwhile. */
  pass(ms: number): Promise<void>;
  /** How many requests of a kind came since the ledger was cleared. */
  count(query: LedgerQuery): number;
}

/** Starts a world that ends with the test. */
export async function startWorld({
  store: given,
}: { store?: (clock: FakeClock) => Store } = {}): Promise<World> {
  const clock = fakeClock();
  const emulator = await startEmulator({ clock, clients: [INTEGRATION, SERVICE_APP, OTHER_SERVICE_APP] });
  await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
  const store = given?.(clock) ?? memoryStore({ clock });
  const keys = KeyRing.ephemeral();
  const open: { close(): Promise<void> }[] = [];
  onTestFinished(async () => {
    const closing = Promise.all(open.map((one) => one.close()));
    await world.drive(closing, 1_000).catch(() => undefined);
    await emulator.close();
  });
  const opened = async (options: WebexAuthOptions): Promise<WebexAuth> => {
    const auth = await WebexAuth.open(options);
    open.push(auth);
    return auth;
  };
  const { endpoints } = emulator;
  const shared = { endpoints, store, keys, clock, scheduler: false };
  const world: World = {
    clock,
    emulator,
    store,
    keys,
    auth: (options) => {
      const { clientId, clientSecret, redirectUris, scopes } = INTEGRATION;
      const client = { clientId, clientSecret, redirectUri: redirectUris[0], scope: scopes };
      return opened({ ...shared, client, login: { subject: () => 'user-1' }, ...options });
    },
    appAuth: (options) => {
      const { clientId, clientSecret } = SERVICE_APP;
      const serviceApp = { ownerToken: () => emulator.issuePersonalToken(), guestOrgId: ORG };
      return opened({ ...shared, client: { clientId, clientSecret }, serviceApp, ...options });
    },
    webex: (options) => {
      const webex = Webex.init({ ...shared, discovery: false, ...options });
      open.push(webex);
      return webex;
    },
    async signIn(auth, user) {
      const begin = await auth.handler(new Request('http://127.0.0.1:5010/login'));
      const cookie = begin.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      const callback = await emulator.signIn(begin.headers.get('location') ?? '', user ? { user } : {});
      let subject = '';
      auth.once('login', (login) => void (subject = login.subject));
      await auth.handler(new Request(callback, { headers: { cookie } }));
      return subject;
    },
    async drive(work, stepMs = 100) {
      let settled = false;
      const mark = (): void => void (settled = true);
      work.then(mark, mark);
      for (;;) {
        for (let turn = 0; turn < 40 && !settled; turn++)
          await new Promise((resolve) => setImmediate(resolve));
        if (settled) return work;
        await clock.advance(stepMs);
      }
    },
    async settle() {
      // What is under way are requests to this very process: a request that is answered last has seen them all out.
      for (let turn = 0; turn < 3; turn++) {
        await fetch(`${emulator.url}${NOTHING}`);
        for (let pause = 0; pause < 20; pause++) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async pass(ms) {
      for (let left = ms; left > 0; left -= 500) {
        await world.settle();
        await clock.advance(Math.min(500, left));
      }
      await world.settle();
    },
    count: (query) => emulator.ledger.find(query).filter(({ path }) => path !== NOTHING).length,
  };
  return world;
}

/** Resolves with the payload of the next event; begin to wait before it can come. */
export function nextEvent<Name extends Parameters<Webex['on']>[0]>(
  source: Pick<Webex, 'once'>,
  name: Name,
): Promise<Parameters<Parameters<typeof source.once<Name>>[1]>[0]> {
  return new Promise((resolve) => void source.once(name, resolve));
}

/** Writes down the events that tell how grants fare, as `[name, payload]`. */
export function recordEvents(source: Pick<Webex, 'on'>): [string, Record<string, unknown>][] {
  const events: [string, Record<string, unknown>][] = [];
  for (const name of [
    'token:refresh',
    'unauthorized',
    'auth:error',
    'grant:suspect',
    'grant:recovered',
  ] as const) {
    source.on(name, (payload) => void events.push([name, { ...payload }]));
  }
  return events;
}
