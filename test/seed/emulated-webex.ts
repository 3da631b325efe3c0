import { afterEach, beforeEach } from 'vitest';
import {
  KeyRing,
  memoryStore,
  Webex,
  WebexAuth,
  type WebexAuthOptions,
  type WebexOptions,
} from '../../src/index.js';
import type { EmulatorClient, EmulatorOptions } from '../../src/emulator/emulator.js';
import { startEmulated, type Emulated } from '../support/emulated.js';
import { movableClock, type MovableClock } from '../support/movable-clock.js';

const SCOPES = ['spark:all', 'spark:kms', 'spark:people_read', 'spark:rooms_read', 'meeting:schedules_read'];

/** An ordinary integration. */
export const INTEGRATION: EmulatorClient = {
  clientId: `C${'1e'.repeat(32)}`,
  clientSecret: 'canaryIntegrationSecret'.repeat(3),
  redirectUris: ['http://localhost:8080/auth/webex/callback'],
  scopes: SCOPES,
};

/** A service app of Ada's, that may make guests. */
export const SERVICE_APP: EmulatorClient = {
  clientId: `C${'5a'.repeat(32)}`,
  clientSecret: 'canaryServiceAppSecret'.repeat(3),
  redirectUris: [],
  scopes: ['spark:people_read', 'spark:rooms_read', 'guest-issuer:write'],
  serviceApp: true,
  ownerId: 'ada@example.com',
};

/** A client that Webex gives tokens of its own. */
export const PRIVILEGED: EmulatorClient = {
  ...INTEGRATION,
  clientId: `C${'9c'.repeat(32)}`,
  clientSecret: 'canaryPrivilegedSecret'.repeat(3),
  scopes: [...SCOPES, 'webexsquare:admin'],
  allowClientCredentials: true,
};

/** The organisation of Ada and Grace. */
export const ORG = 'fa4e0000-0000-4000-8000-000000000001';

/** An emulator and what is built on it; all of it ends with the test. */
export interface EmulatedWebex extends Emulated {
  readonly clock: MovableClock;
  /** A Webex of the integration, or of another client; not awaited. */
  init: (options?: WebexOptions, client?: EmulatorClient) => Webex;
  open: (options?: Partial<WebexAuthOptions>) => Promise<WebexAuth>;
  /** Signs somebody in (Ada, unless somebody else is named); another scope may be asked for. */
  signIn: (webex: Webex, how?: { user?: string; scope?: readonly string[] }) => Promise<void>;
  /** Signs somebody in by the login handler, as a browser would. */
  signInTo: (
    auth: WebexAuth,
    how?: SignInTo,
  ) => Promise<{ subject: string; cookie: string; answer: Response }>;
}

/** Who signs in, and what the request of their browser carries beside its cookies. */
export interface SignInTo {
  user?: string | undefined;
  /** As an application's own middleware would set it. */
  appUser?: { id: string } | undefined;
}

/** How `Webex.init` is told of a client. */
function credentialsOf({ clientId, clientSecret, redirectUris, scopes }: EmulatorClient): object {
  return { client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUris[0], scope: scopes };
}

/** Gives each test an emulator of its own. Call it once per `describe`; the clock moves emulator and library together. */
export function emulatedWebex({
  newClock = movableClock,
  ...options
}: Omit<EmulatorOptions, 'clock'> & {
  newClock?: () => MovableClock;
} = {}): () => EmulatedWebex {
  let current: EmulatedWebex | undefined;
  const opened: { close(): Promise<void> }[] = [];

  beforeEach(async () => {
    const clock = newClock();
    const emulated = await startEmulated({
      refreshMode: 'rotate-strict',
      clients: [INTEGRATION, SERVICE_APP, PRIVILEGED],
      clock,
      ...options,
    });
    const { emulator, client, endpoints } = emulated;
    current = {
      ...emulated,
      clock,
      init: (given = {}, of = INTEGRATION) => {
        const webex = Webex.init({ credentials: credentialsOf(of), endpoints, clock, ...given });
        opened.push(webex);
        return webex;
      },
      open: async (given = {}) => {
        const store = given.store ?? memoryStore({ clock });
        const auth = await WebexAuth.open({
          client,
          endpoints,
          keys: KeyRing.ephemeral(),
          clock,
          ...given,
          store,
        });
        opened.push(auth);
        return auth;
      },
      signIn: async (webex, { user, scope } = {}) => {
        await webex.whenReady();
        const { url, transaction } = await webex.authorization.initiateLogin({ scope });
        const callback = await emulator.signIn(url, user === undefined ? {} : { user });
        await webex.authorization.completeLogin(callback, transaction);
      },
      signInTo: async (auth, how = {}) => signInTo(auth, { ...how, emulated }),
    };
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
    await current?.emulator.close();
  });

  return () => {
    if (!current) throw new Error('the emulator is not running');
    return current;
  };
}

async function signInTo(
  auth: WebexAuth,
  { user, appUser, emulated }: SignInTo & { emulated: Emulated },
): Promise<{ subject: string; cookie: string; answer: Response }> {
  const request = (url: string, cookie: string): Request =>
    Object.assign(new Request(url, { headers: { cookie } }), appUser && { user: appUser });
  const begun = await auth.handler(request('http://localhost:8080/auth/webex/login', ''));
  const callback = await emulated.emulator.signIn(
    begun.headers.get('location') ?? '',
    user === undefined ? {} : { user },
  );
  let subject = '';
  const stop = auth.on('login', (login) => (subject = login.subject));
  const answer = await auth.handler(request(callback, cookiesOf(begun)));
  stop();
  return { subject, cookie: cookiesOf(answer), answer };
}

function cookiesOf({ headers }: Response): string {
  return headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
}
