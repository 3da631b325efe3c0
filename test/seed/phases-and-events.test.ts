import { describe, expect, it } from 'vitest';
import {
  KeyRing,
  memoryStore,
  TimeoutError,
  Webex,
  type Phase,
  type WebexAuthEvents,
} from '../../src/index.js';
import { fakeClock } from '../support/fake-clock.js';
import { emulatedWebex, INTEGRATION, ORG, SERVICE_APP } from './emulated-webex.js';

const ORDER = ['modules', 'plugins', 'configuration', 'discovery', 'ready'];
const LIMITED = 'GET /u2c/api/v1/limited/catalog';
const OWN = 'GET /u2c/api/v1/catalog';
const WITH_WRONG_SECRET = { ...INTEGRATION, clientSecret: 'canaryWrongSecret' };

type EventName = keyof WebexAuthEvents;

/** Writes down the events of these names, in the order in which they come. */
function record(
  source: {
    on<Name extends EventName>(name: Name, listener: (payload: WebexAuthEvents[Name]) => void): unknown;
  },
  names: readonly EventName[],
): [EventName, unknown][] {
  const told: [EventName, unknown][] = [];
  for (const name of names) source.on(name, (payload) => told.push([name, payload]));
  return told;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

describe('6.1 phases', () => {
  const webexOf = emulatedWebex();

  it('go modules → plugins → configuration → discovery → ready, each seen, in webex.phase too', async () => {
    const webex = webexOf().init();
    const seen: Phase[] = [];
    const inForce: Phase[] = [];
    webex.on('phase', ({ phase }) => {
      seen.push(phase);
      inForce.push(webex.phase);
    });
    expect([webex.ready, webex.phase]).toEqual([false, 'modules']);
    await webex.whenReady();
    expect(seen).toEqual(ORDER);
    expect(inForce).toEqual(ORDER);
    expect([webex.ready, webex.phase]).toEqual([true, 'ready']);
  });

  it('each have their time', async () => {
    const clock = fakeClock();
    const store = memoryStore({ clock });
    const open = store.open.bind(store);
    store.open = async () => {
      await clock.sleep(70);
      await open();
    };
    const webex = webexOf().init({ clock, store, keys: KeyRing.ephemeral() });
    const ready = webex.whenReady();
    await until(() => clock.timers >= 2);
    await clock.advance(70);
    await ready;
    expect(webex.phases.map(({ phase }) => phase)).toEqual(ORDER);
    expect(webex.phases.map(({ ms }) => ms)).toEqual([70, 0, 0, 0, 0]);
  });

  it.each([
    { wrong: 'no client secret', credentials: { client_id: 'C1' }, says: /client_secret: is missing/ },
    {
      wrong: 'a redirect URI that is none',
      credentials: { client_id: 'C1', client_secret: 's', redirect_uri: 'nowhere' },
      says: /redirect_uri/,
    },
  ])('init throws ConfigurationError at once for what is wrong locally: $wrong', ({ credentials, says }) => {
    expect(() => Webex.init({ credentials })).toThrow(says);
    expect(() => Webex.init({ credentials })).toThrow(
      expect.objectContaining({ code: 'CONFIGURATION_INVALID', action: 'fix_configuration' }),
    );
  });

  it('reject whenReady() with what stopped them, and never the process', async () => {
    const store = memoryStore();
    store.open = () => Promise.reject(new TimeoutError('no store'));
    const webex = webexOf().init({ store, keys: KeyRing.ephemeral() });
    await expect(webex.whenReady()).rejects.toThrow('no store');
    expect([webex.ready, webex.phase]).toEqual([false, 'modules']);
  });

  it('have a limit, which says where they stand', async () => {
    const store = memoryStore();
    store.open = () => new Promise(() => undefined);
    const webex = webexOf().init({ store, keys: KeyRing.ephemeral() });
    await expect(webex.whenReady({ timeout: 5 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining("'modules'") as string,
    });
  });

  it('belong to WebexAuth too', async () => {
    const auth = await webexOf().open();
    expect(auth.phases.map(({ phase }) => phase)).toEqual(ORDER);
  });

  describe('verifyClient', () => {
    it('proves id and secret against the server', async () => {
      const { init, open, emulator } = webexOf();
      await init({ verifyClient: true }).whenReady();
      await open({ verifyClient: true });
      expect(emulator.ledger.count('POST /idb/oauth2/v1/revoke')).toBe(2);
    });

    it('rejects a wrong secret, naming the client and what to do', async () => {
      const { init, open, client } = webexOf();
      const refused = { code: 'INVALID_CLIENT', action: 'fix_client_secret', retryable: false };
      const webex = init({ verifyClient: true }, WITH_WRONG_SECRET);
      await expect(webex.whenReady()).rejects.toMatchObject(refused);
      expect([webex.ready, webex.phase]).toEqual([false, 'configuration']);
      const opening = open({
        verifyClient: true,
        client: { ...client, clientSecret: WITH_WRONG_SECRET.clientSecret },
      });
      await expect(opening).rejects.toMatchObject(refused);
    });

    it('is not asked for by default: nothing is sent to prove anything', async () => {
      const { init, emulator } = webexOf();
      await init({}, WITH_WRONG_SECRET).whenReady();
      expect(emulator.ledger.find(({ path }) => path.includes('/oauth2/'))).toEqual([]);
    });
  });

  describe('discovery', () => {
    it('reads the catalog for whoever has a token, and names services', async () => {
      const { init, emulator } = webexOf();
      const webex = init({ access_token: emulator.issuePersonalToken() });
      await webex.whenReady();
      expect([emulator.ledger.count(LIMITED), emulator.ledger.count(OWN)]).toEqual([1, 1]);
      expect(webex.services.get('wdm')).toBe(`${emulator.url}/wdm/api/v1`);
      expect(webex.services.list()).toMatchObject({ hydra: emulator.endpoints.apiBase });
    });

    it('understands the second version of the catalog as well', async () => {
      const { init, emulator, endpoints } = webexOf();
      const answer = await fetch(
        `${endpoints.serviceCatalog}/limited/catalog?mode=DEFAULT_BY_PROXIMITY&format=U2CV2`,
      );
      const body: unknown = await answer.json();
      expect(body).toMatchObject({ format: 'U2CV2' });
      emulator.faults.add({ route: LIMITED, status: 200, body });
      const webex = init();
      await webex.whenReady();
      expect(webex.services.get('conversation')).toBe(`${emulator.url}/conversation/api/v1`);
    });

    it('that is down costs a notice, told once, and nothing else', async () => {
      const { init, signIn, emulator } = webexOf();
      const down = emulator.faults.add({ route: LIMITED, status: 503 });
      const webex = init();
      const told = record(webex, ['degraded']);
      await webex.whenReady();
      await webex.services.discover();
      expect(down.count).toBe(2);
      expect(told).toHaveLength(1);
      expect(told[0]?.[1]).toMatchObject({ reason: 'DISCOVERY_FAILED' });
      expect(webex.services.get('hydra')).toBe(emulator.endpoints.apiBase);
      await signIn(webex);
      expect((await webex.fetch('/people/me')).status).toBe(200);
      down.remove();
      await webex.services.discover();
      expect(webex.services.get('wdm')).toBe(`${emulator.url}/wdm/api/v1`);
      emulator.faults.add({ route: LIMITED, status: 503 });
      await webex.services.discover();
      expect(told.filter(([, payload]) => JSON.stringify(payload).includes('DISCOVERY'))).toHaveLength(2);
    });

    it('does not move the public API', async () => {
      const { init, emulator } = webexOf();
      const serviceLinks = { hydra: `${emulator.url}/elsewhere`, wdm: `${emulator.url}/wdm` };
      emulator.faults.add({ route: LIMITED, status: 200, body: { serviceLinks, hostCatalog: {} } });
      const webex = init();
      await webex.whenReady();
      const { apiBase } = emulator.endpoints;
      expect(webex.services.list()).toMatchObject({ hydra: apiBase, wdm: `${emulator.url}/wdm` });
      expect(await webex.services.waitForService('hydra')).toBe(apiBase);
    });

    it('that is slow has a deadline of 5 s, then all is ready without it', async () => {
      const { init, emulator } = webexOf();
      const slow = emulator.faults.add({ route: LIMITED, delayBeforeMs: 600_000 });
      const clock = fakeClock();
      const webex = init({ clock });
      const told = record(webex, ['degraded']);
      const ready = webex.whenReady();
      await until(() => slow.count === 1);
      await clock.advance(4_999);
      expect([webex.ready, webex.phase]).toEqual([false, 'discovery']);
      await clock.advance(1);
      await ready;
      expect(told).toEqual([['degraded', expect.objectContaining({ reason: 'DISCOVERY_FAILED' })]]);
    });

    it('never delays a token: a request goes out while it hangs', async () => {
      const { init, emulator } = webexOf();
      const hanging = emulator.faults.add({ route: OWN, delayBeforeMs: 600_000 });
      const webex = init({ access_token: emulator.issuePersonalToken(), clock: fakeClock() });
      await until(() => hanging.count === 1);
      expect(webex.phase).toBe('discovery');
      expect(webex.canAuthorize).toBe(true);
      expect((await webex.credentials.getUserToken()).isExpired).toBe(false);
      expect((await webex.fetch('/people/me')).status).toBe(200);
      expect(webex.phase).toBe('discovery');
    });

    it('causes no refresh, and sends no token that has ended', async () => {
      const { init, signIn, emulator, clock } = webexOf();
      const store = memoryStore({ clock });
      const shared = { store, keys: KeyRing.ephemeral(), scheduler: false };
      const first = init(shared);
      await signIn(first);
      clock.jump(15 * 86_400_000);
      emulator.ledger.clear();
      const second = init(shared);
      await second.whenReady();
      expect(second.canAuthorize).toBe(true);
      expect([emulator.ledger.count(LIMITED), emulator.ledger.count(OWN)]).toEqual([1, 0]);
      expect(emulator.ledger.count('refresh_token')).toBe(0);
    });

    it.each([
      'https://wdm.webex.com.attacker.example/api',
      'https://notwebex.com/api',
      'http://wdm-a.wbx2.com/api',
      'https://wdm-a.wbx2.com@attacker.example/api',
    ])('takes no address of a hostile catalog: %s', async (address) => {
      const { init, signIn, emulator } = webexOf();
      const body = { serviceLinks: { wdm: address, conversation: `${emulator.url}/c` }, hostCatalog: {} };
      emulator.faults.add({ route: LIMITED, status: 200, body });
      const webex = init();
      const told = record(webex, ['degraded']);
      await webex.whenReady();
      await webex.services.discover();
      expect(webex.services.get('wdm')).toBeUndefined();
      expect(webex.services.get('conversation')).toBe(`${emulator.url}/c`);
      expect(told).toEqual([['degraded', expect.objectContaining({ reason: 'CATALOG_UNTRUSTED_HOST' })]]);
      await signIn(webex);
      await expect(webex.fetch(address)).rejects.toMatchObject({ code: 'ORIGIN_NOT_ALLOWED' });
    });

    it('can be left out', async () => {
      const { init, emulator } = webexOf();
      const webex = init({ discovery: false });
      await webex.whenReady();
      expect(emulator.ledger.entries).toEqual([]);
      expect(webex.phases.map(({ phase }) => phase)).toEqual(ORDER);
    });
  });
});

describe('6.2 events', () => {
  const webexOf = emulatedWebex();

  it('ready: once, after listeners added right after init, with the phases and their milliseconds', async () => {
    const webex = webexOf().init();
    const told = record(webex, ['ready']);
    await webex.whenReady();
    await webex.whenReady();
    expect(told).toEqual([['ready', { phases: webex.phases }]]);
    expect(webex.phases).toHaveLength(5);
  });

  it('loaded: once, when the stored grant is known and before ready', async () => {
    const { init, signIn, clock } = webexOf();
    const shared = { store: memoryStore({ clock }), keys: KeyRing.ephemeral() };
    await signIn(init(shared));
    const webex = init(shared);
    const told = record(webex, ['loaded', 'ready']);
    let known: boolean | undefined;
    webex.on('loaded', () => (known = webex.canAuthorize));
    await webex.whenReady();
    expect(told.map(([name]) => name)).toEqual(['loaded', 'ready']);
    expect(told[0]?.[1]).toEqual({});
    expect(known).toBe(true);
  });

  it('token:refresh: what was refreshed, why, in how many attempts; never the token', async () => {
    const { init, signIn } = webexOf();
    const webex = init();
    await signIn(webex);
    const told = record(webex, ['token:refresh']);
    const { expires, access_token } = await webex.credentials.refresh();
    expect(told).toEqual([
      [
        'token:refresh',
        {
          subject: 'default',
          expiresAt: expires,
          cause: 'manual',
          attempts: 1,
          ms: expect.any(Number) as number,
        },
      ],
    ]);
    expect(JSON.stringify(told)).not.toContain(access_token);
  });

  it('auth:error and unauthorized: a grant that Webex has revoked, and the older name for it', async () => {
    const { init, signIn, emulator } = webexOf();
    const webex = init();
    await signIn(webex);
    const told = record(webex, ['auth:error', 'unauthorized', 'client:InvalidRequestError']);
    emulator.revokeAll();
    await expect(webex.credentials.refresh()).rejects.toMatchObject({ code: 'REAUTH_REQUIRED' });
    const trackingId = emulator.ledger.find('refresh_token')[0]?.trackingId;
    const dead = { subject: 'default', kind: 'dead', reason: 'revoked', action: 'sign_in_again' };
    expect(told).toHaveLength(3);
    expect(told).toEqual(
      expect.arrayContaining([
        [
          'auth:error',
          { subject: 'default', code: 'INVALID_GRANT', retryable: false, trackingId, retryAt: undefined },
        ],
        ['unauthorized', dead],
        ['client:InvalidRequestError', dead],
      ]),
    );
    expect(trackingId).toMatch(/./);
  });

  it('auth:error: transient failures too, with when to try again', async () => {
    const { init, signIn, emulator, clock } = webexOf();
    const webex = init();
    await signIn(webex);
    const told = record(webex, ['auth:error', 'unauthorized', 'client:InvalidRequestError']);
    emulator.faults.add({ route: 'POST /v1/access_token', retryAfter: 90, times: 1 });
    const before = clock.now();
    await expect(webex.credentials.refresh()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(told).toEqual([
      ['auth:error', expect.objectContaining({ code: 'RATE_LIMITED', retryable: true })],
    ]);
    const { retryAt } = told[0]?.[1] as WebexAuthEvents['auth:error'];
    expect(retryAt).toBeGreaterThanOrEqual(before + 90_000);
    expect(retryAt).toBeLessThanOrEqual(clock.now() + 90_000);
  });

  it('unauthorized: a subject that nothing is stored for', async () => {
    const auth = await webexOf().open();
    const told = record(auth, ['unauthorized']);
    await expect(auth.token('nobody')).rejects.toMatchObject({ code: 'GRANT_NOT_FOUND' });
    expect(told).toEqual([
      ['unauthorized', { subject: 'nobody', kind: 'missing', reason: 'missing', action: 'sign_in_again' }],
    ]);
  });

  it('login and logout, and the older name client:logout', async () => {
    const { init, signIn } = webexOf();
    const webex = init();
    const told = record(webex, ['login', 'logout', 'client:logout']);
    await signIn(webex);
    await webex.logout();
    expect(told).toHaveLength(3);
    expect(told).toEqual(
      expect.arrayContaining([
        ['login', { subject: 'default', kind: 'authorization_code' }],
        ['logout', { subject: 'default', revoked: true }],
        ['client:logout', { subject: 'default', revoked: true }],
      ]),
    );
  });

  it('grant:suspect and grant:recovered: a doubtful refusal is no end', async () => {
    const { init, signIn, emulator } = webexOf();
    const webex = init();
    await signIn(webex);
    const told = record(webex, ['grant:suspect', 'grant:recovered', 'unauthorized']);
    emulator.faults.add({ route: 'POST /v1/access_token', status: 401, times: 1 });
    await expect(webex.credentials.refresh()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(webex.canAuthorize).toBe(true);
    await webex.credentials.refresh();
    expect(told).toEqual([
      ['grant:suspect', { subject: 'default', reason: 'refused' }],
      ['grant:recovered', { subject: 'default' }],
    ]);
  });

  it('degraded: once, when a refresh token lives in memory only', async () => {
    const { init, signIn } = webexOf();
    const webex = init();
    const told = record(webex, ['degraded']);
    await signIn(webex);
    await signIn(webex);
    expect(told).toEqual([
      ['degraded', { reason: 'STORE_NOT_DURABLE', message: expect.any(String) as string }],
    ]);
  });

  it('a listener that throws, or rejects, is reported and harms nobody', async () => {
    const { init, signIn } = webexOf();
    const webex = init();
    const reports: unknown[] = [];
    const onWarning = (warning: Error): void => void reports.push(warning);
    process.on('warning', onWarning);
    webex.on('ready', () => {
      throw new Error('canary of mine');
    });
    webex.on('token:refresh', () => Promise.reject(new Error('canary of mine')) as unknown as undefined);
    const told = record(webex, ['ready', 'token:refresh']);
    await signIn(webex);
    await webex.credentials.refresh();
    await until(() => reports.length >= 2);
    process.off('warning', onWarning);
    expect(told.map(([name]) => name)).toEqual(['ready', 'token:refresh']);
    expect(webex.canAuthorize).toBe(true);
    for (const report of reports) expect(report).toMatchObject({ code: 'LISTENER_FAILED' });
    expect(reports.map(String).join()).not.toContain('canary');
  });

  it('on a Webex are about its own subject, on a WebexAuth about all', async () => {
    const { open } = webexOf();
    const auth = await open();
    for (const subject of ['a', 'b']) await auth.grants.import(subject, { access_token: `token-${subject}` });
    const ofA = record(await auth.user('a'), ['logout']);
    const ofAll = record(auth, ['logout']);
    await auth.disconnect('b');
    await auth.disconnect('a');
    expect(ofA.map(([, payload]) => payload)).toEqual([expect.objectContaining({ subject: 'a' })]);
    expect(ofAll.map(([, payload]) => payload)).toEqual([
      expect.objectContaining({ subject: 'b' }),
      expect.objectContaining({ subject: 'a' }),
    ]);
  });

  describe('say who can help', () => {
    it('a person signs in again', async () => {
      const { open, signInTo, emulator, clock } = webexOf();
      const auth = await open({ scheduler: false });
      const { subject } = await signInTo(auth);
      const told = record(auth, ['unauthorized']);
      emulator.revokeAll();
      clock.jump(15 * 86_400_000);
      await expect(auth.token(subject)).rejects.toMatchObject({
        code: 'REAUTH_REQUIRED',
        action: 'sign_in_again',
        reauth: { reason: 'revoked' },
      });
      expect(told[0]?.[1]).toMatchObject({ kind: 'dead', action: 'sign_in_again' });
    });

    it("a bot's token is replaced", async () => {
      const { open, emulator } = webexOf();
      const auth = await open({ scheduler: false });
      const token = emulator.issueBotToken();
      const { subject } = await auth.bot(token);
      const told = record(auth, ['unauthorized']);
      emulator.revokeToken(token);
      await expect(auth.reportRejected(subject, token)).rejects.toMatchObject({
        code: 'REAUTH_REQUIRED',
        action: 'replace_token',
      });
      await expect(auth.token(subject)).rejects.toMatchObject({ action: 'replace_token' });
      expect(told).toEqual([
        ['unauthorized', { subject, kind: 'dead', reason: 'revoked', action: 'replace_token' }],
      ]);
    });

    it('a guest that nothing renews is made again', async () => {
      const { init, emulator, clock } = webexOf();
      const [issuer] = emulator.guestIssuers;
      const webex = init();
      await webex.whenReady();
      const { jwt } = await webex.authorization.createJwt({
        issuer: issuer?.issuer,
        secretId: issuer?.secret,
        displayName: 'Guest',
      });
      const { access_token } = await webex.authorization.requestAccessTokenFromJwt({ jwt });
      const told = record(webex, ['unauthorized']);
      emulator.revokeToken(access_token);
      await expect(webex.request({ resource: 'people/me' })).rejects.toMatchObject({ status: 401 });
      clock.jump(7 * 3_600_000);
      await expect(webex.credentials.getUserToken()).rejects.toMatchObject({
        code: 'REAUTH_REQUIRED',
        action: 'renew_guest',
        reauth: { reason: 'expired' },
      });
      // Told once, however often it is asked for.
      await expect(webex.credentials.getUserToken()).rejects.toMatchObject({ code: 'REAUTH_REQUIRED' });
      expect(told).toEqual([
        ['unauthorized', { subject: 'default', kind: 'rejected', reason: 'rejected', action: 'renew_guest' }],
        ['unauthorized', { subject: 'default', kind: 'dead', reason: 'expired', action: 'renew_guest' }],
      ]);
    });

    it('a service app needs an administrator', async () => {
      const { open, emulator } = webexOf();
      const auth = await open({
        client: { clientId: SERVICE_APP.clientId, clientSecret: SERVICE_APP.clientSecret },
        serviceApp: { ownerToken: emulator.issuePersonalToken('ada@example.com') },
      });
      await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
      const { subject } = await auth.serviceApp(ORG);
      const told = record(auth, ['unauthorized']);
      await emulator.deauthorizeServiceApp(SERVICE_APP.clientId, ORG);
      await expect(auth.refresh(subject)).rejects.toMatchObject({
        code: 'REAUTH_REQUIRED',
        action: 'ask_admin',
      });
      expect(told.at(-1)?.[1]).toEqual({ subject, kind: 'dead', reason: 'revoked', action: 'ask_admin' });
    });
  });
});

describe('6.3 status', () => {
  const webexOf = emulatedWebex();

  it('canAuthorize, credentials.supertoken and ready follow start, sign-in and logout', async () => {
    const { init, signIn, clock, client } = webexOf();
    const webex = init();
    expect([webex.ready, webex.canAuthorize]).toEqual([false, false]);
    await webex.whenReady();
    expect([webex.ready, webex.canAuthorize]).toEqual([true, false]);
    expect([webex.credentials.supertoken, webex.credentials.canRefresh]).toEqual([undefined, false]);
    await signIn(webex);
    expect([webex.canAuthorize, webex.credentials.canRefresh]).toEqual([true, true]);
    const { supertoken } = webex.credentials;
    expect(supertoken).toMatchObject({ token_type: 'Bearer', isExpired: false, missingScopes: [] });
    expect(supertoken?.expires).toBeGreaterThan(clock.now());
    expect(supertoken?.scope?.split(' ')).toEqual(client.scope);
    expect(await webex.logout()).toEqual({ existed: true, revoked: true });
    expect([webex.canAuthorize, webex.credentials.supertoken]).toEqual([false, undefined]);
  });

  it('canAuthorize is true for a token that can be renewed, false for one that has ended and cannot', async () => {
    const { init, signIn, emulator, clock } = webexOf();
    const renewable = init({ scheduler: false });
    await signIn(renewable);
    const personal = init({ access_token: emulator.issuePersonalToken(), expires_in: 43_200 });
    await personal.whenReady();
    expect([renewable.canAuthorize, personal.canAuthorize]).toEqual([true, true]);
    clock.jump(15 * 86_400_000);
    expect([renewable.canAuthorize, personal.canAuthorize]).toEqual([true, false]);
    expect(renewable.credentials.supertoken?.isExpired).toBe(true);
  });

  it('isAuthorizing and isRefreshing tell what is under way', async () => {
    const { init, signIn } = webexOf();
    const webex = init();
    await webex.whenReady();
    expect([webex.isAuthorizing, webex.credentials.isRefreshing]).toEqual([false, false]);
    const signingIn = signIn(webex);
    await until(() => webex.isAuthorizing);
    await signingIn;
    const refreshing = webex.refresh();
    await until(() => webex.credentials.isRefreshing);
    await refreshing;
    expect([webex.isAuthorizing, webex.credentials.isRefreshing]).toEqual([false, false]);
  });

  it('printed and as JSON, shows no secret', async () => {
    const { init, signIn } = webexOf();
    const webex = init();
    await signIn(webex);
    expect(JSON.stringify(webex)).toBe('{"subject":"default","phase":"ready","canAuthorize":true}');
    expect(JSON.stringify(webex.credentials)).not.toContain(webex.credentials.supertoken?.access_token);
  });
});
