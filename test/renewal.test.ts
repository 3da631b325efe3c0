import { describe, expect, it } from 'vitest';
import type { Fault } from '../src/emulator/emulator.js';
import type { ErrorAction, ErrorCode, GrantDescription, Webex, WebexAuth } from '../src/index.js';
import { nextEvent, ORG, recordEvents, startWorld, INTEGRATION, type World } from './support/principals.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** One principal, with what is stored of it. */
interface Principal {
  webex: Webex;
  grant: () => Promise<GrantDescription | undefined>;
}

/** One way to a grant that is renewed, and the request that renews it. */
interface Kind {
  name: string;
  make: (world: World, options: { scheduler: boolean }) => Promise<Principal>;
  /** `METHOD /path` of what is asked for the next token set. */
  renewal: `${'GET' | 'POST'} /${string}`;
  kind: string;
}

const TOKEN = 'POST /v1/access_token';

const of = async (auth: WebexAuth, subject: string): Promise<Principal> => ({
  webex: await auth.user(subject),
  grant: () => auth.grants.get(subject),
});

const userTokens = async (world: World): Promise<Record<string, unknown>> => {
  const webex = world.webex({
    credentials: {
      client_id: INTEGRATION.clientId,
      client_secret: INTEGRATION.clientSecret,
      redirect_uri: INTEGRATION.redirectUris[0] ?? '',
      scope: INTEGRATION.scopes.join(' '),
    },
    subject: 'elsewhere',
  });
  const { url, transaction } = await webex.authorization.initiateLogin();
  const callback = await world.emulator.signIn(url);
  const { supertoken } = await webex.authorization.completeLogin(callback, transaction);
  // Nothing here renews them from now on but whoever they are given to.
  await webex.credentials.invalidate();
  const { access_token, refresh_token, expires_in, refresh_token_expires_in, scope } = supertoken;
  return { access_token, refresh_token, expires_in, refresh_token_expires_in, scope };
};

const KINDS: readonly Kind[] = [
  {
    name: 'authorization_code',
    kind: 'authorization_code',
    renewal: TOKEN,
    make: async (world, options) => {
      const auth = await world.auth(options);
      return of(auth, await world.signIn(auth));
    },
  },
  {
    name: 'device_code',
    kind: 'device_code',
    renewal: TOKEN,
    make: async (world, options) => {
      const auth = await world.auth(options);
      const { subject } = await world.drive(
        auth.device({
          subject: 'tv',
          onPrompt: ({ userCode }) => world.emulator.approveDevice(userCode),
        }),
      );
      return of(auth, subject);
    },
  },
  {
    name: 'imported',
    kind: 'imported',
    renewal: TOKEN,
    make: async (world, options) => {
      const auth = await world.auth(options);
      await auth.grants.import('old-friend', await userTokens(world));
      return of(auth, 'old-friend');
    },
  },
  {
    name: 'access_token with a refresh token',
    kind: 'access_token',
    renewal: TOKEN,
    make: async (world, options) => {
      const auth = await world.auth();
      const webex = world.webex({
        ...options,
        credentials: {
          client_id: INTEGRATION.clientId,
          client_secret: INTEGRATION.clientSecret,
          supertoken: await userTokens(world),
        },
      });
      await webex.whenReady();
      return { webex, grant: () => auth.grants.get('default') };
    },
  },
  {
    name: 'client_credentials',
    kind: 'client_credentials',
    renewal: TOKEN,
    make: async (world, options) => {
      const auth = await world.auth(options);
      await auth.clientToken(['spark:rooms_read']);
      return of(auth, 'client:spark:rooms_read');
    },
  },
  {
    name: 'guest_jwt by a guest issuer',
    kind: 'guest_jwt',
    renewal: 'POST /v1/jwt/login',
    make: async (world, options) => {
      const [guestIssuer] = world.emulator.guestIssuers;
      const auth = await world.auth({ ...options, guestIssuer });
      const { subject } = await auth.guest({ subject: 'visitor-1', displayName: 'Vera Visitor' });
      return of(auth, subject);
    },
  },
  {
    name: 'guest_jwt by a callback',
    kind: 'guest_jwt',
    renewal: 'POST /v1/jwt/login',
    make: async (world, options) => {
      const auth = await world.auth();
      const [guestIssuer] = world.emulator.guestIssuers;
      const webex = world.webex({
        ...options,
        credentials: {
          client_id: INTEGRATION.clientId,
          client_secret: INTEGRATION.clientSecret,
          jwtRefreshCallback: async (one: Webex) => {
            const { issuer, secret } = guestIssuer ?? { issuer: '', secret: '' };
            const guest = { subject: 'visitor-1', displayName: 'Vera Visitor' };
            return (await one.authorization.createJwt({ issuer, secretId: secret, ...guest })).jwt;
          },
        },
      });
      await webex.whenReady();
      return { webex, grant: () => auth.grants.get('default') };
    },
  },
  {
    name: 'guest by a service app',
    kind: 'guest',
    renewal: 'POST /v1/guests/token',
    make: async (world, options) => {
      const auth = await world.appAuth(options);
      const { subject } = await auth.guest({ subject: 'visitor 1', displayName: 'Vera Visitor' });
      return of(auth, subject);
    },
  },
  {
    name: 'service_app',
    kind: 'service_app',
    renewal: TOKEN,
    make: async (world, options) => {
      const auth = await world.appAuth(options);
      return of(auth, (await auth.serviceApp(ORG)).subject);
    },
  },
];

const accessToken = async ({ webex }: Principal): Promise<string> =>
  (await webex.credentials.getUserToken()).access_token;

/** Moves the clock to so long before the end of the access token; negative: after it. */
async function moveToBeforeEnd({ clock }: World, { grant }: Principal, ms: number): Promise<void> {
  const { expiresAt = 0 } = (await grant()) ?? {};
  clock.skip(expiresAt - ms - clock.now());
}

describe.each(KINDS)('a grant of the kind $name', ({ make, kind, renewal }) => {
  it('is kept under its kind, and its token works', async () => {
    const world = await startWorld();
    const principal = await make(world, { scheduler: false });
    expect(await principal.grant()).toMatchObject({ kind, state: 'live', generation: 1 });
    expect((await principal.webex.fetch('/rooms')).status).not.toBe(401);
    expect(principal.webex.credentials).toMatchObject({ canRefresh: true, canAuthorize: true });
  });

  it('is served while due, and renewed behind by the one who asked', async () => {
    const world = await startWorld();
    const principal = await make(world, { scheduler: false });
    const before = await accessToken(principal);
    await moveToBeforeEnd(world, principal, 2 * MINUTE);
    world.emulator.ledger.clear();
    const renewed = nextEvent(principal.webex, 'token:refresh');
    expect(await accessToken(principal)).toBe(before);
    expect(await renewed).toMatchObject({ subject: principal.webex.subject, cause: 'access', attempts: 1 });
    await world.settle();
    expect(await accessToken(principal)).not.toBe(before);
    expect(world.count(renewal)).toBe(1);
    expect(await principal.grant()).toMatchObject({ kind, state: 'live', generation: 2 });
  });

  it('is renewed before it is handed out once its token has expired, and callers share one request', async () => {
    const world = await startWorld();
    const principal = await make(world, { scheduler: false });
    const before = await accessToken(principal);
    await moveToBeforeEnd(world, principal, -1_000);
    expect(principal.webex.canAuthorize).toBe(true);
    world.emulator.ledger.clear();
    const given = await Promise.all(Array.from({ length: 20 }, () => accessToken(principal)));
    expect(new Set(given).size).toBe(1);
    expect(given[0]).not.toBe(before);
    expect(world.count(renewal)).toBe(1);
    expect((await principal.webex.fetch('/rooms')).status).not.toBe(401);
  });

  it('is renewed by the scheduler when nobody asks', async () => {
    const world = await startWorld();
    const principal = await make(world, { scheduler: true });
    const renewed = nextEvent(principal.webex, 'token:refresh');
    await moveToBeforeEnd(world, principal, 2 * MINUTE);
    world.emulator.ledger.clear();
    await world.clock.advance(6_000);
    expect(await renewed).toMatchObject({ cause: 'scheduled' });
    expect(world.count(renewal)).toBe(1);
    const { expiresAt = 0, dueAt = 0 } = (await principal.grant()) ?? {};
    expect(dueAt).toBeGreaterThan(world.clock.now());
    expect(dueAt).toBeLessThan(expiresAt);
  });

  it('is renewed when asked by hand, due or not', async () => {
    const world = await startWorld();
    const principal = await make(world, { scheduler: false });
    const before = await accessToken(principal);
    const renewed = nextEvent(principal.webex, 'token:refresh');
    const { access_token } = await principal.webex.refresh();
    expect(await renewed).toMatchObject({ cause: 'manual' });
    expect(access_token).not.toBe(before);
    expect(await accessToken(principal)).toBe(access_token);
  });

  it('is renewed when the API refuses its token, and the call is sent again', async () => {
    const world = await startWorld();
    const principal = await make(world, { scheduler: false });
    const before = await accessToken(principal);
    world.emulator.faults.add({ route: 'GET /v1/rooms', status: 401, times: 1 });
    const renewed = nextEvent(principal.webex, 'token:refresh');
    expect((await principal.webex.fetch('/rooms')).status).not.toBe(401);
    expect(await renewed).toMatchObject({ cause: 'rejected' });
    expect(await accessToken(principal)).not.toBe(before);
  });

  it('keeps its token through an outage of what renews it, and is renewed when that is over', async () => {
    for (const fault of [
      { status: 500 },
      { status: 503, retryAfter: 20 },
      { status: 403 },
      { retryAfter: 20 },
      { resetBefore: true },
      { resetAfterProcessing: true },
      { status: 200, body: 'not JSON' },
    ] satisfies Omit<Fault, 'route'>[]) {
      const world = await startWorld();
      const principal = await make(world, { scheduler: false });
      const before = await accessToken(principal);
      await moveToBeforeEnd(world, principal, 2 * MINUTE);
      const outage = world.emulator.faults.add({ route: renewal, ...fault });
      const events = recordEvents(principal.webex);
      const failed = nextEvent(principal.webex, 'auth:error');
      expect(await accessToken(principal), JSON.stringify(fault)).toBe(before);
      await failed;
      await world.pass(1_500);
      expect(await accessToken(principal)).toBe(before);
      expect(await principal.grant(), JSON.stringify(fault)).toMatchObject({ state: 'live', generation: 1 });
      expect(events.map(([name]) => name)).not.toContain('unauthorized');
      expect(events.map(([name]) => name)).not.toContain('grant:suspect');

      outage.remove();
      await moveToBeforeEnd(world, principal, -30_000);
      const after = await world.drive(accessToken(principal));
      expect(after, JSON.stringify(fault)).not.toBe(before);
      expect(await principal.grant()).toMatchObject({ state: 'live', lastError: undefined });
    }
  });
});

/** What becomes of a grant when that which renews it says no. */
const VERDICTS: readonly {
  name: string;
  says: readonly Fault[];
  state: 'dead' | 'suspect';
  reason: string;
  /** Of the error that asking for a renewal gives; UNAUTHORIZED unless said otherwise. */
  code?: ErrorCode;
  action?: ErrorAction;
}[] = [
  ...(['authorization_code', 'device_code', 'imported'] as const).flatMap((name) => [
    {
      name,
      says: [{ route: TOKEN, status: 400, body: { error: 'invalid_grant' } }],
      state: 'dead' as const,
      reason: 'revoked',
      action: 'sign_in_again' as const,
    },
    { name, says: [{ route: TOKEN, status: 401 }], state: 'suspect' as const, reason: 'refused' },
  ]),
  {
    name: 'access_token with a refresh token',
    says: [{ route: TOKEN, status: 400, body: { error: 'invalid_grant' } }],
    state: 'dead',
    reason: 'revoked',
    action: 'replace_token',
  },
  {
    name: 'client_credentials',
    says: [{ route: TOKEN, status: 400, body: { error: 'unauthorized_client' } }],
    state: 'suspect',
    code: 'UNAUTHORIZED_CLIENT',
    reason: 'refused',
  },
  {
    name: 'guest_jwt by a guest issuer',
    says: [{ route: 'POST /v1/jwt/login', status: 401 }],
    state: 'suspect',
    reason: 'refused',
  },
  {
    name: 'guest_jwt by a callback',
    says: [{ route: 'POST /v1/jwt/login', status: 400 }],
    state: 'suspect',
    reason: 'refused',
  },
  {
    name: 'guest by a service app',
    says: [{ route: 'POST /v1/guests/token', status: 401 }],
    state: 'suspect',
    reason: 'refused',
  },
  {
    name: 'service_app',
    says: [
      { route: TOKEN, status: 400, body: { error: 'invalid_grant' } },
      { route: /^POST \/v1\/applications\//, status: 403 },
    ],
    state: 'dead',
    reason: 'revoked',
    action: 'ask_admin',
  },
  {
    name: 'service_app',
    says: [
      { route: TOKEN, status: 400, body: { error: 'invalid_grant' } },
      { route: /^POST \/v1\/applications\//, status: 401 },
    ],
    state: 'suspect',
    reason: 'refused',
  },
];

describe('a grant that is refused its renewal', () => {
  it.each(VERDICTS)(
    'of the kind $name becomes $state',
    async ({ name, says, state, reason, action, code }) => {
      const made = KINDS.find((one) => one.name === name);
      if (!made) throw new Error(`no such kind: ${name}`);
      const world = await startWorld();
      const principal = await made.make(world, { scheduler: false });
      const before = await accessToken(principal);
      const events = recordEvents(principal.webex);
      const faults = says.map((fault) => world.emulator.faults.add(fault));

      await expect(principal.webex.refresh()).rejects.toMatchObject(
        state === 'dead'
          ? { code: 'REAUTH_REQUIRED', action, reauth: { reason } }
          : { code: code ?? 'UNAUTHORIZED' },
      );
      expect(await principal.grant()).toMatchObject({ state, reason, generation: 1 });
      const { subject } = principal.webex;
      const told = events.find(([event]) => event === (state === 'dead' ? 'unauthorized' : 'grant:suspect'));
      expect(told?.[1]).toMatchObject({ subject, reason, ...(action && { kind: 'dead', action }) });

      // Its access token has not ended: who renews has no say in that.
      expect(await accessToken(principal)).toBe(before);
      expect((await principal.webex.fetch('/rooms')).status).not.toBe(401);

      await moveToBeforeEnd(world, principal, -HOUR);
      for (const fault of faults) fault.remove();
      if (state === 'dead') {
        world.emulator.ledger.clear();
        await expect(accessToken(principal)).rejects.toMatchObject({ code: 'REAUTH_REQUIRED', action });
        expect(world.count(made.renewal)).toBe(0);
        expect(principal.webex.canAuthorize).toBe(false);
      } else {
        expect(await accessToken(principal)).not.toBe(before);
        expect(await principal.grant()).toMatchObject({
          state: 'live',
          reason: undefined,
          lastError: undefined,
        });
        expect(events.map(([event]) => event)).toContain('grant:recovered');
      }
    },
  );
});
