import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { startEmulator, type Emulator } from '../../src/emulator/emulator.js';
import {
  isWebexAuthError,
  KeyRing,
  memoryStore,
  Webex,
  WebexAuth,
  type AnyWebexAuthError,
  type Store,
  type Supertoken,
  type WebexAuthOptions,
  type WebexOptions,
} from '../../src/index.js';
import { createLeakScanner, type LeakScanner } from '../support/leak-scanner.js';
import { INTEGRATION, ORG, SERVICE_APP } from '../support/principals.js';

/** What the tables of bad input share: one emulator a file, and for each row a store, its own secrets and no leftovers. */
export interface BadInputRig {
  readonly emulator: Emulator;
  readonly leaks: LeakScanner;
  readonly store: Store;
  readonly keys: KeyRing;
  /** The options of `WebexAuth.open` for the integration, all of them good. */
  authOptions(): WebexAuthOptions;
  auth(options?: Partial<WebexAuthOptions>): Promise<WebexAuth>;
  /** The service app, with its owner's tokens. */
  appAuth(options?: Partial<WebexAuthOptions>): Promise<WebexAuth>;
  /** One principal of the integration, ready. */
  webex(options?: WebexOptions): Promise<Webex>;
  /** The same with a token that it has from the start. */
  webexWithToken(): Promise<Webex>;
  /** Signs the first person in; whatever is refused later must not show these tokens. */
  signIn(webex: Webex): Promise<Supertoken>;
  /** Begins a sign-in and lets the person allow it: the redirect back, not yet used. */
  redirect(webex: Webex, scope?: readonly string[]): Promise<{ callback: string; transaction: string }>;
  watch(tokens: Pick<Supertoken, 'access_token'> & Partial<Supertoken>): void;
  /** What the work is refused with: an error of this library that shows no secret. Fails where it succeeds. */
  refusal(work: () => unknown): Promise<AnyWebexAuthError>;
}

const CREDENTIALS = {
  client_id: INTEGRATION.clientId,
  client_secret: INTEGRATION.clientSecret,
  redirect_uri: INTEGRATION.redirectUris[0],
  scope: INTEGRATION.scopes.join(' '),
};

/** Sets the rig up for one test file; after each test nothing may be leaked, unhandled or in force. */
export function badInputRig(): BadInputRig {
  let emulator: Emulator;
  let leaks: LeakScanner;
  let store: Store;
  let keys: KeyRing;
  const open: { close(): Promise<void> }[] = [];
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);

  beforeAll(async () => {
    process.on('unhandledRejection', note);
    emulator = await startEmulator({ clients: [INTEGRATION, SERVICE_APP] });
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
  });
  beforeEach(() => {
    leaks = createLeakScanner();
    leaks.watch(INTEGRATION.clientSecret, 'client secret');
    leaks.watch(SERVICE_APP.clientSecret, 'secret of the service app');
    store = memoryStore();
    keys = KeyRing.ephemeral();
  });
  afterEach(async () => {
    emulator.faults.clear();
    emulator.setIdTokenFault(undefined);
    await Promise.all(open.splice(0).map((one) => one.close()));
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled.splice(0)).toEqual([]);
    leaks.assertClean();
  });
  afterAll(async () => {
    await emulator.close();
    process.off('unhandledRejection', note);
  });

  const shared = () => ({ endpoints: emulator.endpoints, store, keys, scheduler: false });
  const opened = async (options: WebexAuthOptions): Promise<WebexAuth> => {
    const auth = await WebexAuth.open(options);
    open.push(auth);
    for (const name of ['auth:error', 'unauthorized', 'grant:suspect', 'degraded'] as const)
      auth.on(name, (payload) => leaks.scanValue(`event ${name}`, payload));
    return auth;
  };

  const rig: BadInputRig = {
    get emulator() {
      return emulator;
    },
    get leaks() {
      return leaks;
    },
    get store() {
      return store;
    },
    get keys() {
      return keys;
    },
    authOptions() {
      const { clientId, clientSecret, redirectUris, scopes } = INTEGRATION;
      const client = { clientId, clientSecret, redirectUri: redirectUris[0], scope: scopes };
      return { ...shared(), client };
    },
    auth: (options) => opened({ ...rig.authOptions(), ...options }),
    appAuth(options) {
      const { clientId, clientSecret } = SERVICE_APP;
      const serviceApp = { ownerToken: () => emulator.issuePersonalToken(), guestOrgId: ORG };
      return opened({ ...shared(), client: { clientId, clientSecret }, serviceApp, ...options });
    },
    async webex(options) {
      const webex = Webex.init({ ...shared(), credentials: CREDENTIALS, discovery: false, ...options });
      open.push(webex);
      for (const name of ['auth:error', 'unauthorized', 'grant:suspect', 'degraded'] as const)
        webex.on(name, (payload) => leaks.scanValue(`event ${name}`, payload));
      await webex.whenReady();
      return webex;
    },
    webexWithToken() {
      const access_token = leaks.canary('given token');
      return rig.webex({ credentials: { ...CREDENTIALS, access_token } });
    },
    async signIn(webex) {
      const { callback, transaction } = await rig.redirect(webex);
      const { supertoken } = await webex.authorization.completeLogin(callback, transaction);
      rig.watch(supertoken);
      return supertoken;
    },
    async redirect(webex, scope) {
      const { url, transaction } = await webex.authorization.initiateLogin({ scope });
      const callback = await emulator.signIn(url);
      const code = new URL(callback).searchParams.get('code') ?? '';
      leaks.watch(code, 'code', { publicParts: [publicPart(code)] });
      return { callback, transaction };
    },
    watch({ access_token, refresh_token }) {
      for (const token of [access_token, refresh_token])
        if (token) leaks.watch(token, 'token', { publicParts: [publicPart(token)] });
    },
    async refusal(work) {
      const error: unknown = await (async () => work())().then(
        () => new Error('it was accepted'),
        (caught: unknown) => caught,
      );
      leaks.scanValue('error', error);
      if (!isWebexAuthError(error)) throw error;
      return error;
    },
  };
  return rig;
}

// Cluster and organisation, which an opaque token ends with and which are no secret (webex-facts 7).
function publicPart(token: string): string {
  return /_[A-Z0-9]+_[0-9a-f-]{36}$/.exec(token)?.[0] ?? '';
}
