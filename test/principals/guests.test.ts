import { describe, expect, it } from 'vitest';
import type { Webex } from '../../src/index.js';
import {
  INTEGRATION,
  nextEvent,
  ORG,
  OTHER_ORG,
  recordEvents,
  SERVICE_APP,
  startWorld,
  type World,
} from '../support/principals.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LOGIN = 'POST /v1/jwt/login';
const GUEST = 'POST /v1/guests/token';
const CREDENTIALS = { client_id: INTEGRATION.clientId, client_secret: INTEGRATION.clientSecret };

async function tokenOf(webex: Webex): Promise<string> {
  return (await webex.credentials.getUserToken()).access_token;
}

describe('a guest of a guest issuer', () => {
  it('is suspect while the secret is wrong, and recovers when it is mended', async () => {
    const world = await startWorld();
    const [guestIssuer] = world.emulator.guestIssuers;
    if (!guestIssuer) throw new Error('no issuer');
    const auth = await world.auth({ guestIssuer });
    const { subject } = await auth.guest({ subject: 'visitor', displayName: 'Vera' });
    const secret = Buffer.from('quite another secret of 32 bytes').toString('base64');
    const wrong = await world.auth({ guestIssuer: { ...guestIssuer, secret } });
    const events = recordEvents(wrong);
    await expect(wrong.refresh(subject)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(await auth.grants.get(subject)).toMatchObject({ state: 'suspect' });
    expect(events.map(([name]) => name)).toEqual(['auth:error', 'grant:suspect']);
    const recovered = nextEvent(auth, 'grant:recovered');
    await auth.refresh(subject);
    expect(await recovered).toEqual({ subject });
    expect(await auth.grants.get(subject)).toMatchObject({ state: 'live' });
  });

  it.each([undefined, null, '', 7, {}])(
    '%j is nobody: visitors without an id are not one guest',
    async (subject) => {
      const world = await startWorld();
      const [guestIssuer] = world.emulator.guestIssuers;
      for (const auth of [await world.auth({ guestIssuer }), await world.appAuth()]) {
        await expect(auth.guest({ subject: subject as string, displayName: 'Vera' })).rejects.toMatchObject({
          code: 'CONFIGURATION_INVALID',
        });
      }
      expect([world.count(LOGIN), world.count(GUEST)]).toEqual([0, 0]);
    },
  );

  it('is one guest for one subject, and one request for concurrent first callers', async () => {
    const world = await startWorld();
    const [guestIssuer] = world.emulator.guestIssuers;
    const auth = await world.auth({ guestIssuer });
    const guests = await Promise.all(
      Array.from({ length: 10 }, () => auth.guest({ subject: 'visitor', displayName: 'Vera' })),
    );
    expect(new Set(guests.map(({ subject }) => subject))).toEqual(new Set(['guest:visitor']));
    expect(world.count(LOGIN)).toBe(1);
    const [one] = guests;
    const me = await one?.request<{ displayName: string }>({ resource: 'people/me' });
    expect(me?.body.displayName).toBe('Vera');
    const renamed = await auth.guest({ subject: 'visitor', displayName: 'Veronica' });
    expect((await renamed.request<{ displayName: string }>({ resource: 'people/me' })).body.displayName).toBe(
      'Veronica',
    );
  });

  it('gets the name that was asked for, also when another one is asked for at the same time', async () => {
    const world = await startWorld();
    const [guestIssuer] = world.emulator.guestIssuers;
    const auth = await world.auth({ guestIssuer });
    await Promise.all([
      auth.guest({ subject: 'visitor', displayName: 'Vera' }),
      auth.guest({ subject: 'visitor', displayName: 'Veronica' }),
    ]);
    expect(world.count(LOGIN)).toBe(2);
  });
});

describe('a guest with a JWT of another issuer', () => {
  it('is not renewed as a guest of ours, who would be somebody else', async () => {
    const ours = {
      issuer: 'our-issuer',
      secret: Buffer.from('our own secret of 32 bytes here!').toString('base64'),
    };
    const world = await startWorld();
    const [theirs] = world.emulator.guestIssuers;
    const webex = world.webex({ credentials: { ...CREDENTIALS, guestIssuer: ours } });
    await webex.whenReady();
    const { jwt } = await webex.authorization.createJwt({
      issuer: theirs?.issuer,
      secretId: theirs?.secret,
      subject: 'visitor',
    });
    await webex.authorization.requestAccessTokenFromJwt({ jwt });
    expect(webex.credentials).toMatchObject({ canAuthorize: true, canRefresh: false });
    world.emulator.ledger.clear();
    await expect(webex.refresh()).rejects.toMatchObject({ code: 'REAUTH_REQUIRED', action: 'renew_guest' });
    expect(world.count(LOGIN)).toBe(0);
  });
});

const NOTHING: unknown = undefined;

describe('a guest whose JWTs a callback gives', () => {
  const misbehaviours: readonly [string, (webex: Webex) => unknown, string][] = [
    [
      'throws',
      () => {
        throw new Error('the secret is hunter2-hunter2');
      },
      'SERVICE_UNAVAILABLE',
    ],
    ['rejects', () => Promise.reject(new Error('the secret is hunter2-hunter2')), 'SERVICE_UNAVAILABLE'],
    ['rejects with nothing', () => Promise.reject(NOTHING), 'SERVICE_UNAVAILABLE'],
    ['hangs', () => new Promise(() => undefined), 'SERVICE_UNAVAILABLE'],
    ['gives nothing', () => undefined, 'SERVICE_UNAVAILABLE'],
    ['gives an object', () => ({ jwt: 'x' }), 'SERVICE_UNAVAILABLE'],
    ['gives an empty text', () => '', 'CONFIGURATION_INVALID'],
    ['gives two words', () => 'hunter2 hunter2', 'CONFIGURATION_INVALID'],
    ['gives no JWT', () => 'hunter2-hunter2', 'UNAUTHORIZED'],
    [
      'calls the API with the token it is to renew',
      (webex) => webex.request({ resource: 'people/me' }),
      'SERVICE_UNAVAILABLE',
    ],
    ['asks for the renewal that asked it', (webex) => webex.refresh(), 'SERVICE_UNAVAILABLE'],
  ];

  async function withCallback(
    callback: (webex: Webex) => unknown,
  ): Promise<{ world: World; webex: Webex; mend: () => void }> {
    const world = await startWorld();
    const [issuer] = world.emulator.guestIssuers;
    const good = async (webex: Webex): Promise<string> => {
      const { issuer: name = '', secret = '' } = issuer ?? {};
      return (await webex.authorization.createJwt({ issuer: name, secretId: secret, subject: 'visitor' }))
        .jwt;
    };
    let current: (webex: Webex) => unknown = good;
    const webex = world.webex({
      credentials: { ...CREDENTIALS, jwtRefreshCallback: (one: Webex) => current(one) as Promise<string> },
    });
    await webex.whenReady();
    current = callback;
    return { world, webex, mend: () => void (current = good) };
  }

  it.each(misbehaviours)(
    'lives on when it %s, and is renewed once it works again',
    async (_, callback, code) => {
      const { world, webex, mend } = await withCallback(callback);
      const before = await tokenOf(webex);
      const events = recordEvents(webex);
      world.clock.jump((webex.credentials.supertoken?.expires ?? 0) + 1_000 - world.clock.now());
      const failed = await world.drive(
        tokenOf(webex).catch((error: unknown) => error),
        1_000,
      );
      // Whoever waits gives up after half a minute; the callback itself after a minute.
      expect(failed).toMatchObject({ retryable: expect.any(Boolean) as boolean });
      await world.drive(nextError(events, code), 1_000);
      await world.settle();
      expect(JSON.stringify(events) + String(failed)).not.toContain('hunter2');
      expect(events.map(([name]) => name)).not.toContain('unauthorized');

      mend();
      world.clock.jump(HOUR);
      expect(await world.drive(tokenOf(webex), 1_000)).not.toBe(before);
    },
  );

  async function nextError(events: [string, Record<string, unknown>][], code: string): Promise<void> {
    for (;;) {
      if (events.some(([name, payload]) => name === 'auth:error' && payload['code'] === code)) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('is signed in at the start by one exchange, also when many ask for it', async () => {
    const world = await startWorld();
    const [issuer] = world.emulator.guestIssuers;
    let asked = 0;
    const webex = world.webex({
      credentials: {
        ...CREDENTIALS,
        jwtRefreshCallback: async (one: Webex) => {
          asked += 1;
          const { issuer: name = '', secret = '' } = issuer ?? {};
          return (await one.authorization.createJwt({ issuer: name, secretId: secret, subject: 'visitor' }))
            .jwt;
        },
      },
    });
    await Promise.all([
      webex.whenReady(),
      ...Array.from({ length: 10 }, () => webex.refresh().catch(() => undefined)),
    ]);
    expect(asked).toBeLessThanOrEqual(2);
    expect(world.count(LOGIN)).toBe(asked);
    expect(webex.canAuthorize).toBe(true);
  });

  it('is not deadlocked by a callback that asks for the very sign-in it serves', async () => {
    const world = await startWorld();
    let asked = 0;
    const webex = world.webex({
      credentials: {
        ...CREDENTIALS,
        jwtRefreshCallback: async (one: Webex) => {
          asked += 1;
          await one.refresh();
          return 'never';
        },
      },
    });
    const events = recordEvents(webex);
    // The start goes on without it, and its end is told.
    await world.drive(webex.whenReady(), 1_000);
    expect(events).toEqual([]);
    await world.pass(60_000);
    expect(asked).toBe(1);
    expect(events).toMatchObject([['auth:error', { code: 'SERVICE_UNAVAILABLE' }]]);
  });

  it('stops waiting for the first sign-in when its signal aborts', async () => {
    const world = await startWorld();
    let calls = 0;
    const webex = world.webex({
      credentials: {
        ...CREDENTIALS,
        jwtRefreshCallback: () =>
          calls++ === 0 ? Promise.reject(new Error('later')) : new Promise(() => undefined),
      },
    });
    await webex.whenReady();
    const leaving = new AbortController();
    const refresh = webex.refresh({ signal: leaving.signal });
    leaving.abort(new Error('gone'));
    await expect(refresh).rejects.toThrow('gone');
  });
});

describe('a guest of a service app', () => {
  it('is renewed with a fresh token of the service app when Webex refuses the one at hand', async () => {
    const world = await startWorld();
    const auth = await world.appAuth();
    const guest = await auth.guest({ subject: 'visitor', displayName: 'Vera' });
    const before = await tokenOf(guest);
    world.emulator.revokeToken((await auth.token(`service-app:${ORG}`)).accessToken);
    await auth.refresh(guest.subject);
    expect(await tokenOf(guest)).not.toBe(before);
    expect(await auth.grants.get(guest.subject)).toMatchObject({ state: 'live', lastError: undefined });
  });

  it('is made with a fresh token of the service app when Webex refuses the one at hand', async () => {
    const world = await startWorld();
    const auth = await world.appAuth();
    await auth.serviceApp(ORG);
    world.emulator.revokeToken((await auth.token(`service-app:${ORG}`)).accessToken);
    const guest = await auth.guest({ subject: 'visitor', displayName: 'Vera' });
    expect((await guest.fetch('/rooms')).status).toBe(200);
  });

  it.each(['dead', 'forgotten'] as const)(
    'lives on while its service app is %s, and says what is the matter',
    async (fate) => {
      const world = await startWorld();
      const auth = await world.appAuth();
      const guest = await auth.guest({ subject: 'visitor', displayName: 'Vera' });
      const before = await tokenOf(guest);
      await world.emulator.deauthorizeServiceApp(SERVICE_APP.clientId, ORG);
      const app = `service-app:${ORG}`;
      if (fate === 'dead') await auth.refresh(app).catch(() => undefined);
      else await auth.disconnect(app);
      world.clock.jump(20 * DAY);
      const events = recordEvents(auth);
      const refresh = world.drive(auth.refresh(guest.subject));
      await expect(refresh).rejects.toMatchObject({
        code: 'SERVICE_APP_NOT_AUTHORIZED',
        action: 'ask_admin',
      });
      expect(
        events.filter(([name, { subject }]) => name === 'auth:error' && subject === guest.subject),
      ).toHaveLength(1);
      expect(await auth.grants.get(guest.subject)).toMatchObject({ state: 'live' });
      expect(world.count(GUEST)).toBe(1);

      await world.emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
      await auth.serviceApp(ORG);
      world.clock.jump(HOUR);
      expect(await world.drive(tokenOf(guest))).not.toBe(before);
    },
  );

  it('of one organisation is not given out for that of another', async () => {
    const world = await startWorld();
    await world.emulator.authorizeServiceApp(SERVICE_APP.clientId, OTHER_ORG);
    const auth = await world.appAuth();
    await auth.guest({ subject: 'visitor', displayName: 'Vera' });
    const elsewhere = auth.guest({ subject: 'visitor', displayName: 'Vera', orgId: OTHER_ORG });
    await expect(elsewhere).rejects.toMatchObject({ code: 'PERSON_MISMATCH' });
    expect(await auth.grants.get('guest:visitor')).toMatchObject({ state: 'live', generation: 1 });
  });

  it('needs to know with what', async () => {
    const world = await startWorld();
    const auth = await world.auth();
    await expect(auth.guest({ subject: 'visitor', displayName: 'Vera' })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
    });
  });
});
