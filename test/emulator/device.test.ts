import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startEmulator } from '../../src/emulator/emulator.js';
import type { Emulator, EmulatorClient, EmulatorOptions } from '../../src/emulator/emulator.js';
import { fakeClock } from '../support/fake-clock.js';
import { temporaryDirectories } from '../support/temporary-directory.js';
import {
  CLIENT,
  MACHINE,
  askToken,
  callApi,
  codeFrom,
  emulatorForTest,
  exchangeOf,
  probe,
  refreshWith,
  tokensFrom,
} from './emulator-client.js';
import type { TokenBody, TokenReply } from './emulator-client.js';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const SCOPE = 'spark:people_read spark:rooms_read';
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

const newDirectory = temporaryDirectories();

type Fields = Record<string, string | undefined>;

interface DeviceAnswer {
  device_code: string;
  expires_in: number;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  interval: number;
}

function formOf(fields: Fields): URLSearchParams {
  return new URLSearchParams(
    Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

async function post(
  emulator: Emulator,
  path: string,
  body: string | URLSearchParams,
  headers: Record<string, string> = {},
): Promise<TokenReply> {
  const response = await fetch(`${emulator.endpoints.apiBase}${path}`, { method: 'POST', headers, body });
  return { status: response.status, headers: response.headers, body: (await response.json()) as TokenBody };
}

function basic({ clientId, clientSecret }: EmulatorClient = CLIENT): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` };
}

/** Asks for a device; undefined takes a field out. */
function ask(emulator: Emulator, changes: Fields = {}): Promise<TokenReply> {
  return post(
    emulator,
    '/device/authorize',
    formOf({ client_id: CLIENT.clientId, scope: SCOPE, ...changes }),
  );
}

async function deviceOf(emulator: Emulator, changes: Fields = {}): Promise<DeviceAnswer> {
  const { status, body } = await ask(emulator, changes);
  expect(status).toBe(200);
  return body as unknown as DeviceAnswer;
}

/** Polls once with the client in the Basic field; undefined takes a field out. */
function poll(
  emulator: Emulator,
  device_code: string | undefined,
  changes: Fields = {},
  headers: Record<string, string> = basic(),
): Promise<TokenReply> {
  const fields = { grant_type: DEVICE_GRANT, device_code, client_id: CLIENT.clientId, ...changes };
  return post(emulator, '/device/token', formOf(fields), headers);
}

/** An emulator whose time stands still. */
async function still(options: EmulatorOptions = {}): Promise<Emulator> {
  return emulatorForTest({ clock: fakeClock(), ...options });
}

const saysBy = ({ status, body }: TokenReply): [number, string | undefined] => [
  status,
  body.errors?.[0]?.description,
];

describe('a device that asks', () => {
  test('gets what Webex gives', async () => {
    const emulator = await still();
    const { status, headers, body } = await ask(emulator);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    const { user_code: userCode } = body as unknown as DeviceAnswer;
    expect(userCode).toMatch(/^\d{6}$/);
    expect(body).toEqual({
      device_code: expect.stringMatching(UUID) as string,
      expires_in: 300,
      user_code: userCode,
      verification_uri: `${emulator.url}/verify`,
      verification_uri_complete: `${emulator.url}/verify?userCode=${userCode}`,
      interval: 2,
    });
  });

  test('never gets the code of another that waits', async () => {
    const emulator = await still();
    const devices = await Promise.all(Array.from({ length: 30 }, () => deviceOf(emulator)));
    expect(new Set(devices.map(({ user_code }) => user_code)).size).toBe(30);
    expect(new Set(devices.map(({ device_code }) => device_code)).size).toBe(30);
  });

  // A description of undefined: the same as the message.
  test.each<[string, Fields, string | undefined]>([
    ['no client', { client_id: undefined }, 'Client Id is invalid'],
    ['an unknown client', { client_id: 'C1' }, 'Client Id is invalid'],
    ['no scope', { scope: undefined }, 'invalid_scope'],
    ['an empty scope', { scope: ' ' }, 'invalid_scope'],
    ['a scope that is not registered', { scope: `${SCOPE} spark:kms` }, 'invalid_scope'],
    ['openid', { scope: `${SCOPE} openid` }, 'invalid_scope'],
    ['email', { scope: 'email' }, 'invalid_scope'],
    ['a secret in the form', { client_secret: CLIENT.clientSecret }, 'invalid_request'],
  ])('is refused with %s', async (_name, changes, description) => {
    const emulator = await still();
    const reply = await ask(emulator, changes);
    expect(saysBy(reply)).toEqual([400, description]);
    expect(reply.body.trackingId).toBe(reply.headers.get('trackingid'));
    expect(emulator.devices).toEqual([]);
  });

  test('is refused OpenID Connect scopes even where somebody registered one', async () => {
    const emulator = await still({ clients: [{ ...CLIENT, scopes: ['email', 'spark:people_read'] }] });
    expect(saysBy(await ask(emulator, { scope: 'spark:people_read email' }))).toEqual([400, 'invalid_scope']);
    expect((await ask(emulator, { scope: 'spark:people_read' })).status).toBe(200);
  });

  test('is refused, by the name of redirect_uri, while the helper redirect URIs are not registered', async () => {
    const emulator = await still({ clients: [{ ...CLIENT, deviceRedirectUris: false }] });
    const [status, description] = saysBy(await ask(emulator));
    expect(status).toBe(400);
    expect(description).toContain('redirect_uri');
  });

  test('is refused with a secret by Basic, in the query, as JSON, or with a field twice', async () => {
    const emulator = await still();
    const form = formOf({ client_id: CLIENT.clientId, scope: SCOPE });
    expect((await post(emulator, '/device/authorize', form, basic())).status).toBe(400);
    expect((await post(emulator, `/device/authorize?${form.toString()}`, form)).status).toBe(400);
    const json = { 'content-type': 'application/json' };
    const asJson = JSON.stringify(Object.fromEntries(form));
    expect((await post(emulator, '/device/authorize', asJson, json)).status).toBe(400);
    form.append('scope', 'spark:rooms_read');
    expect((await post(emulator, '/device/authorize', form)).status).toBe(400);
    expect(emulator.devices).toEqual([]);
  });
});

describe('a device that was let in', () => {
  test('gets a JWT and a refresh token that is opaque', async () => {
    const emulator = await still();
    const { device_code, user_code } = await deviceOf(emulator);
    emulator.approveDevice(user_code, { user: 'grace@example.com' });
    const { status, headers, body } = await poll(emulator, device_code);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      scope: SCOPE,
      expires_in: 64_799,
      token_type: 'Bearer',
      access_token: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/) as string,
      refresh_token: expect.stringMatching(/^FAKE.{60}_EMUL_/) as string,
      refresh_token_expires_in: 7_775_999,
    });
    const claims = JSON.parse(
      Buffer.from(body.access_token.split('.')[1] ?? '', 'base64url').toString(),
    ) as object;
    expect(claims).toMatchObject({ user_type: 'user', client_id: CLIENT.clientId });
    const me = await callApi(emulator, '/people/me', body.access_token);
    expect(await me.json()).toMatchObject({ emails: ['grace@example.com'], type: 'person' });
    expect(emulator.ledger.count(DEVICE_GRANT)).toBe(1);
  });

  test('refreshes like any other client, to tokens of the same kind', async () => {
    const emulator = await still();
    const { device_code, user_code } = await deviceOf(emulator);
    emulator.approveDevice(user_code);
    const first = (await poll(emulator, device_code)).body;
    emulator.clock.advance(64_799_000);
    expect(await probe(emulator, first.access_token)).toBe(401);
    const { status, body } = await refreshWith(emulator, first.refresh_token);
    expect([status, body.expires_in, body.refresh_token]).toEqual([200, 64_799, first.refresh_token]);
    expect(body.access_token).toMatch(/^eyJ/);
    expect(await probe(emulator, body.access_token)).toBe(200);
  });

  test('gets its tokens once; they stay good', async () => {
    const emulator = await still();
    const { device_code, user_code } = await deviceOf(emulator);
    emulator.approveDevice(user_code);
    const { body } = await poll(emulator, device_code);
    emulator.clock.advance(60_000);
    expect(saysBy(await poll(emulator, device_code))).toEqual([400, 'invalid_grant']);
    expect(await probe(emulator, body.access_token)).toBe(200);
    expect(emulator.devices[0]).toMatchObject({ state: 'used', polls: 2 });
  });

  test('is let in for what it asked, and another of the same client is not', async () => {
    const emulator = await still();
    const [one, other] = [await deviceOf(emulator), await deviceOf(emulator, { scope: 'spark:rooms_read' })];
    emulator.approveDevice(other.user_code);
    expect((await poll(emulator, one.device_code)).status).toBe(428);
    const { body } = await poll(emulator, other.device_code);
    expect(body.scope).toBe('spark:rooms_read');
    expect(await probe(emulator, body.access_token)).toBe(403);
  });
});

describe('the device token endpoint refuses', () => {
  const wrong = { ...CLIENT, clientSecret: 'wrong' };
  const inBody = { client_secret: CLIENT.clientSecret };

  test.each<[string, Fields, Record<string, string>, number, string]>([
    ['no client authentication', {}, {}, 401, 'Invalid client credentials'],
    ['the secret in the form', inBody, {}, 401, 'Invalid client credentials'],
    ['a wrong secret', {}, basic(wrong), 401, 'Invalid client credentials'],
    [
      'an unknown client',
      { client_id: 'C1' },
      basic({ ...CLIENT, clientId: 'C1' }),
      401,
      'Invalid client credentials',
    ],
    ['the secret in two places', inBody, basic(), 400, 'invalid_request'],
    ['another client id in the form', { client_id: MACHINE.clientId }, basic(), 400, 'invalid_request'],
    ['no client id in the form', { client_id: undefined }, basic(), 400, 'invalid_request'],
    ['no grant type', { grant_type: undefined }, basic(), 400, 'invalid_request'],
    ['another grant type', { grant_type: 'refresh_token' }, basic(), 400, 'unsupported_grant_type'],
    ['no device code', { device_code: undefined }, basic(), 400, 'invalid_request'],
    ['a made-up device code', { device_code: 'made-up' }, basic(), 400, 'invalid_grant'],
    ['user_info that is no JSON', { user_info: 'phone' }, basic(), 400, 'invalid_request'],
    ['user_info that is no object', { user_info: '"phone"' }, basic(), 400, 'invalid_request'],
  ])('%s', async (_name, changes, headers, status, said) => {
    const emulator = await still();
    const { device_code, user_code } = await deviceOf(emulator);
    emulator.approveDevice(user_code);
    const reply = await poll(emulator, device_code, changes, headers);
    expect(reply.status).toBe(status);
    // A malformed request is said in words, the rest by its code.
    if (said !== 'invalid_request') expect(saysBy(reply)[1]).toBe(said);
    expect(reply.body.trackingId).toBe(reply.headers.get('trackingid'));
    // Nothing of that used the code up, or counts as a poll.
    expect(emulator.devices[0]).toMatchObject({ state: 'allowed', polls: 0 });
    expect((await poll(emulator, device_code, { user_info: '{"name":"phone"}' })).status).toBe(200);
  });

  test('the code of another client, which can still use it', async () => {
    const emulator = await still();
    const { device_code, user_code } = await deviceOf(emulator);
    emulator.approveDevice(user_code);
    const foreign = await poll(emulator, device_code, { client_id: MACHINE.clientId }, basic(MACHINE));
    expect(saysBy(foreign)).toEqual([400, 'invalid_grant']);
    expect((await poll(emulator, device_code)).status).toBe(200);
  });

  test('a query, JSON, a field twice', async () => {
    const emulator = await still();
    const { device_code } = await deviceOf(emulator);
    const form = formOf({ grant_type: DEVICE_GRANT, device_code, client_id: CLIENT.clientId });
    const json = { ...basic(), 'content-type': 'application/json' };
    const asJson = JSON.stringify(Object.fromEntries(form));
    expect((await post(emulator, '/device/token?x=1', form, basic())).status).toBe(400);
    expect((await post(emulator, '/device/token', asJson, json)).status).toBe(400);
    form.append('device_code', device_code);
    expect((await post(emulator, '/device/token', form, basic())).status).toBe(400);
    expect(emulator.devices[0]?.polls).toBe(0);
  });

  test('the public token endpoint knows no device codes', async () => {
    const emulator = await still();
    const { device_code, user_code } = await deviceOf(emulator);
    emulator.approveDevice(user_code);
    const reply = await askToken(emulator, { grant_type: DEVICE_GRANT, device_code });
    expect(saysBy(reply)).toEqual([400, 'unsupported_grant_type']);
    const code = await codeFrom(emulator);
    expect((await poll(emulator, undefined, { ...exchangeOf(code) })).status).toBe(400);
  });
});

describe('a device that waits', () => {
  test.each([
    [undefined, 428],
    ['428', 428],
    ['400', 400],
  ] as const)('is told so: %s', async (devicePending, status) => {
    const emulator = await still(devicePending === undefined ? {} : { devicePending });
    const { device_code } = await deviceOf(emulator);
    expect(saysBy(await poll(emulator, device_code))).toEqual([status, 'authorization_pending']);
  });

  test.each([
    [undefined, 400, null],
    ['400', 400, null],
    ['429', 429, '7'],
  ] as const)('is told to slow down: %s', async (deviceSlowDown, status, retryAfter) => {
    const emulator = await still(deviceSlowDown === undefined ? {} : { deviceSlowDown });
    const { device_code } = await deviceOf(emulator);
    await poll(emulator, device_code);
    const reply = await poll(emulator, device_code);
    expect(saysBy(reply)).toEqual([status, 'slow_down']);
    expect(reply.headers.get('retry-after')).toBe(retryAfter);
  });

  test('is told in another way while it waits, where that is wanted', async () => {
    const emulator = await still();
    const { device_code } = await deviceOf(emulator);
    emulator.setDeviceAnswers({ pending: '400' });
    expect((await poll(emulator, device_code)).status).toBe(400);
    emulator.setDeviceAnswers({ slowDown: '429' });
    expect((await poll(emulator, device_code)).status).toBe(429);
    emulator.reset();
    expect((await poll(emulator, (await deviceOf(emulator)).device_code)).status).toBe(428);
  });

  test('has to keep to an interval that grows for good', async () => {
    const emulator = await still();
    const { device_code } = await deviceOf(emulator);
    const after = async (ms: number): Promise<string | undefined> => {
      emulator.clock.advance(ms);
      return saysBy(await poll(emulator, device_code))[1];
    };
    expect(await after(0)).toBe('authorization_pending');
    expect(await after(2000)).toBe('authorization_pending');
    expect(await after(1900)).toBe('slow_down');
    expect(await after(6900)).toBe('slow_down');
    expect(await after(12_000)).toBe('authorization_pending');
    expect(await after(11_900)).toBe('slow_down');
    expect(emulator.devices[0]).toMatchObject({ interval: 17, polls: 6, earlyPolls: 3 });
  });

  test('is counted and slowed down exactly when it polls early, however it polls', async () => {
    const emulator = await still({ lifetimes: { deviceCode: 100_000 } });
    const waits = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(waits, async (seconds) => {
        const { device_code, user_code } = await deviceOf(emulator);
        let interval = 2;
        let early = 0;
        for (const [index, wait] of seconds.entries()) {
          emulator.clock.advance(wait * 1000);
          const isEarly = index > 0 && wait < interval;
          const said = saysBy(await poll(emulator, device_code))[1];
          expect(said).toBe(isEarly ? 'slow_down' : 'authorization_pending');
          early += isEarly ? 1 : 0;
          interval += isEarly ? 5 : 0;
        }
        const device = emulator.devices.find(({ userCode }) => userCode === user_code);
        expect(device).toMatchObject({ interval, earlyPolls: early, polls: seconds.length });
      }),
      { numRuns: 15 },
    );
  });

  test('is let in by an early poll too, though that is counted', async () => {
    const emulator = await still();
    const { device_code, user_code } = await deviceOf(emulator);
    await poll(emulator, device_code);
    emulator.approveDevice(user_code);
    expect((await poll(emulator, device_code)).status).toBe(200);
    expect(emulator.devices[0]).toMatchObject({ earlyPolls: 1, polls: 2 });
  });

  test('may be declined, as often as it asks', async () => {
    const emulator = await still();
    const { device_code, user_code } = await deviceOf(emulator);
    emulator.approveDevice(user_code, { deny: true });
    for (let times = 0; times < 2; times++) {
      expect(saysBy(await poll(emulator, device_code))).toEqual([400, 'access_denied']);
    }
    expect(emulator.devices[0]).toMatchObject({ state: 'declined' });
  });

  test.each([false, true])('comes too late after its end, though it was let in: %s', async (isLetIn) => {
    const emulator = await still();
    const [late, timely] = [await deviceOf(emulator), await deviceOf(emulator)];
    for (const { user_code } of isLetIn ? [late, timely] : []) emulator.approveDevice(user_code);
    emulator.clock.advance(299_999);
    expect((await poll(emulator, timely.device_code)).status).toBe(isLetIn ? 200 : 428);
    expect(emulator.devices[1]?.pollsAfterExpiry).toBe(0);
    emulator.clock.advance(1);
    expect(saysBy(await poll(emulator, late.device_code))).toEqual([400, 'expired_token']);
    expect(emulator.devices[0]).toMatchObject({ state: 'expired', pollsAfterExpiry: 1, polls: 1 });
    expect(() => emulator.approveDevice(late.user_code)).toThrow(
      expect.objectContaining({ code: 'EMULATOR_UNKNOWN_DEVICE' }),
    );
  });

  test('shows no device code to anybody', async () => {
    const dataDir = newDirectory();
    const emulator = await startEmulator({ clients: [CLIENT], dataDir });
    const { device_code, user_code } = await deviceOf(emulator);
    await poll(emulator, device_code);
    await emulator.close();
    const kept = readFileSync(join(dataDir, 'emulator-state.json'), 'utf8');
    for (const shown of [JSON.stringify(emulator.devices), kept]) {
      expect(shown).toContain(user_code);
      expect(shown).not.toContain(device_code);
    }
    expect(JSON.stringify(emulator.ledger.entries)).not.toContain(device_code);
  });

  test('still waits after a restart, with its interval', async () => {
    const dataDir = newDirectory();
    const before = await startEmulator({ clients: [CLIENT], dataDir });
    const { device_code, user_code } = await deviceOf(before);
    await poll(before, device_code);
    await poll(before, device_code);
    await before.close();
    const after = await startEmulator({ clients: [CLIENT], dataDir });
    expect(after.devices[0]).toMatchObject({ userCode: user_code, interval: 7, earlyPolls: 1 });
    after.approveDevice(user_code);
    expect((await poll(after, device_code)).status).toBe(200);
    await after.close();
  });

  test('a state file from before there were devices and guests is read as it is', async () => {
    const dataDir = newDirectory();
    const before = await startEmulator({ clients: [CLIENT], dataDir });
    const { access_token } = await tokensFrom(before);
    await before.close();
    const path = join(dataDir, 'emulator-state.json');
    const {
      devices: _devices,
      accounts: _accounts,
      ...older
    } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify(older));
    const after = await startEmulator({ clients: [CLIENT], dataDir });
    expect(await probe(after, access_token)).toBe(200);
    expect(after.devices).toEqual([]);
    await after.close();
  });
});
