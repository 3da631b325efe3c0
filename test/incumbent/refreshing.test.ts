// The defects of Webex's own SDK on Node.js, one by one (docs/coming-from-webex-js-sdk.md): refreshing.
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KeyRing, memoryStore, UnauthorizedError, type Webex } from '../../src/index.js';
import { CLIENT, tokensFrom } from '../emulator/emulator-client.js';
import { DAY, HOUR, startRig, unhandledDuring, type Rig } from './rig.js';

const JWT_LOGIN = 'POST /v1/jwt/login';
const CATALOG = '/u2c/api/v1/catalog';

/** A guest's JWT, signed by hand. `exp` in seconds. */
function guestJwt({ emulator, clock }: Rig, sub = 'guest-1'): string {
  const [{ issuer, secret } = { issuer: '', secret: '' }] = emulator.guestIssuers;
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(clock.now() / 1000) + 3_600;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, name: 'A guest', iss: issuer, exp })}`;
  const signature = createHmac('sha256', Buffer.from(secret, 'base64')).update(signed).digest('base64url');
  return `${signed}.${signature}`;
}

describe('defect 1: a token is refreshed before its end however it came', () => {
  async function given(rig: Rig): Promise<Webex> {
    const { access_token, refresh_token, expires_in } = await tokensFrom(rig.emulator);
    return rig.open({ credentials: { ...rig.credentials, access_token, refresh_token, expires_in } });
  }

  async function exchanged(rig: Rig): Promise<Webex> {
    const webex = await rig.open();
    await webex.authorization.requestAuthorizationCodeGrant({ code: await rig.code(webex) });
    return webex;
  }

  async function signedIn(rig: Rig): Promise<Webex> {
    const webex = await rig.open();
    await rig.signIn(webex);
    return webex;
  }

  async function restored(rig: Rig): Promise<Webex> {
    const [store, keys] = [memoryStore({ clock: rig.clock }), KeyRing.ephemeral()];
    // A store that outlives the first process.
    const last = { ...store, close: () => Promise.resolve() };
    const first = await rig.open({ store: last, keys, scheduler: false });
    await rig.signIn(first);
    await first.close();
    return rig.open({ store: last, keys });
  }

  async function guest(rig: Rig): Promise<Webex> {
    const [guestIssuer] = rig.emulator.guestIssuers;
    const webex = await rig.open({ credentials: { ...rig.credentials, guestIssuer } });
    await webex.authorization.requestAccessTokenFromJwt({ jwt: guestJwt(rig) });
    return webex;
  }

  it.each([
    ['given at the start', given],
    ['by a code', exchanged],
    ['by a whole login', signedIn],
    ['found in a store', restored],
    ['by a guest JWT', guest],
  ])('%s', async (_, arrive) => {
    const rig = await startRig({ lifetimes: { accessToken: 3_600, guestToken: 3_600 } });
    const webex = await arrive(rig);
    const expires = webex.credentials.supertoken?.expires ?? 0;
    expect(expires).toBeGreaterThan(rig.clock.now());
    const told = await rig.until(webex, 'token:refresh', HOUR);
    expect(told.cause).toBe('scheduled');
    expect(rig.clock.now()).toBeLessThan(expires);
    expect(told.expiresAt).toBeGreaterThan(expires);
  });
});

describe('defect 3: jwtRefreshCallback renews and waits for nothing of its own', () => {
  async function open(
    rig: Rig,
    jwtRefreshCallback: (webex: Webex) => string | Promise<string>,
  ): Promise<Webex> {
    return rig.open({ credentials: { ...rig.credentials, jwtRefreshCallback } });
  }

  it('signs the guest in where there is no token yet, and renews the token that ended', async () => {
    const rig = await startRig();
    const webex = await open(rig, () => guestJwt(rig));
    expect((await webex.fetch('/people/me')).status).toBe(200);
    const first = webex.credentials.supertoken?.access_token;
    rig.clock.jump(7 * HOUR);
    expect((await webex.fetch('/people/me')).status).toBe(200);
    expect(webex.credentials.supertoken?.access_token).not.toBe(first);
    expect(rig.emulator.ledger.count(JWT_LOGIN)).toBe(2);
  });

  it('does not wait for the service catalog, though it hangs', async () => {
    const rig = await startRig();
    const webex = await open(rig, () => guestJwt(rig));
    rig.emulator.faults.add({ route: /\/u2c\//, delayBeforeMs: DAY });
    const discovery = webex.services.discover();
    await webex.credentials.refresh();
    expect((await webex.fetch('/people/me')).status).toBe(200);
    await rig.clock.advance(DAY);
    await discovery;
  });

  it('may use the instance that it is given', async () => {
    const rig = await startRig();
    const given: Webex[] = [];
    const webex = await open(rig, async (one) => {
      given.push(one);
      // Authorized with the token that is being renewed, where there is one.
      await one.services.discover();
      if (one.credentials.supertoken) expect((await one.fetch('/people/me')).status).toBe(200);
      return guestJwt(rig);
    });
    expect((await webex.credentials.refresh()).canAuthorize).toBe(true);
    expect(given).toEqual([webex, webex]);
    expect(rig.emulator.ledger.count(`GET ${CATALOG}`)).toBeGreaterThan(0);
  });

  it('ends with an error where the JWT is refused, and leaves nothing unhandled', async () => {
    const rig = await startRig();
    let jwt = guestJwt(rig);
    const webex = await open(rig, () => jwt);
    jwt = 'a.b.c';
    const unhandled = await unhandledDuring(async () => {
      await expect(webex.credentials.refresh()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
      await expect(webex.authorization.requestAccessTokenFromJwt({ jwt })).rejects.toMatchObject({
        code: 'INVALID_GRANT',
      });
    });
    expect(unhandled).toEqual([]);
    jwt = guestJwt(rig);
    await webex.authorization.requestAccessTokenFromJwt({ jwt });
    expect((await webex.fetch('/people/me')).status).toBe(200);
  });

  it('takes a token without an organisation in it', async () => {
    const rig = await startRig();
    rig.emulator.faults.add({ route: JWT_LOGIN, status: 200, body: { token: 'opaque', expiresIn: 3_600 } });
    const webex = await rig.open();
    const { access_token } = await webex.authorization.requestAccessTokenFromJwt({ jwt: guestJwt(rig) });
    expect([access_token, webex.canAuthorize]).toEqual(['opaque', true]);
  });
});

describe('defect 10: a 401 that comes late causes no second refresh', () => {
  // Later than the pause that follows a rejection, sooner than the deadline of a request.
  const LATE_MS = 40_000;

  it.each([2, 8])('%i requests with the same dead token, answered one after the other', async (requests) => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    const { access_token = '' } = webex.credentials.supertoken ?? {};
    const { emulator, clock } = rig;
    emulator.revokeToken(access_token);
    // Each is sent with the dead token; all 401s but the first arrive after the refresh.
    const late = emulator.faults.add({ route: 'GET /v1/rooms', times: requests - 1, delayAfterMs: LATE_MS });
    const slow = Array.from({ length: requests - 1 }, () => webex.request({ resource: 'rooms' }));
    while (late.count < requests - 1) await new Promise((resolve) => setImmediate(resolve));
    await webex.request({ resource: 'people/me' });
    expect(emulator.ledger.count('refresh_token')).toBe(1);
    await clock.advance(LATE_MS);
    const answers = await Promise.all(slow);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(slow.map(() => 200));
    expect(emulator.ledger.count('refresh_token')).toBe(1);
  });
});

describe('defect 11: a 401 that stays is a typed error, after one refresh at most', () => {
  it('keeps its status', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    rig.emulator.faults.add({ route: 'GET /v1/rooms', status: 401, body: { message: 'no' } });
    const error: unknown = await webex.request({ resource: 'rooms' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnauthorizedError);
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
    expect(rig.emulator.ledger.count('refresh_token')).toBe(1);
    expect(rig.emulator.ledger.count('GET /v1/rooms')).toBe(2);
    await webex.request({ resource: 'rooms' }).catch(() => undefined);
    expect(rig.emulator.ledger.count('refresh_token')).toBe(1);
  });
});

describe('defect 12: a life of more than 24.8 days is no short one', () => {
  it.each([
    [30, 1],
    [60, 1],
    [3_650, 1],
  ])('a token of %i days is fresh for days, and is not refreshed over and over', async (days) => {
    const rig = await startRig({
      lifetimes: { accessToken: days * 86_400, refreshToken: days * 2 * 86_400 },
    });
    const webex = await rig.open();
    await rig.signIn(webex);
    await webex.credentials.refresh();
    expect(webex.credentials.supertoken?.isExpired).toBe(false);
    await rig.clock.advance(HOUR);
    expect(webex.credentials.supertoken?.isExpired).toBe(false);
    expect(rig.emulator.ledger.count('refresh_token')).toBe(1);
  });

  it("nor is it to the machine's own timers", async () => {
    const { systemClock } = await import('../../src/base/clock.js');
    const rig = await startRig({ lifetimes: { accessToken: 60 * 86_400 }, clock: systemClock });
    const webex = await rig.open({ clock: systemClock });
    await rig.signIn(webex);
    for (let refresh = 0; refresh < 3; refresh++) await webex.credentials.refresh();
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    expect(webex.credentials.supertoken?.isExpired).toBe(false);
    expect(rig.emulator.ledger.count('refresh_token')).toBe(3);
  });
});

describe('defect 19: a first request with spark:kms costs one request', () => {
  it('and a refresh costs one', async () => {
    const rig = await startRig({ clients: [{ ...CLIENT, scopes: ['spark:all', 'spark:kms'] }] });
    const webex = await rig.open();
    await rig.signIn(webex);
    expect(webex.credentials.supertoken?.scope?.split(' ')).toContain('spark:kms');
    rig.emulator.ledger.clear();
    await webex.request({ resource: 'people/me' });
    expect(rig.emulator.ledger.entries.map(({ path }) => path)).toEqual(['/v1/people/me']);
    rig.emulator.ledger.clear();
    await webex.credentials.refresh();
    expect(rig.emulator.ledger.entries.map(({ grantType }) => grantType)).toEqual(['refresh_token']);
  });
});
