import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { clientSecretBasic } from '../../src/oauth/client-authentication.js';
import {
  requestDeviceAuthorization,
  type DeviceAuthorization,
} from '../../src/oauth/device-authorization.js';
import { webexNormaliser } from '../../src/platform/quirks.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeFetch, json, type FakeCall } from '../support/fake-fetch.js';

const clock = fakeClock();
const DEVICE_CODE = 'canary-9c697e89-552c-4b27-bbfc-57a831cdf5fe';
const URI = 'https://oauth-helper.example/verify';
const good = {
  device_code: DEVICE_CODE,
  expires_in: 300,
  user_code: '123456',
  verification_uri: URI,
  verification_uri_complete: `${URI}?userCode=0123456789abcdef`,
  interval: 2,
};
const options = {
  endpoint: 'https://idp.example/device/authorize',
  clientId: 'C1',
  scope: ['spark:people_read', 'spark:kms'],
  normalise: webexNormaliser,
  clock,
};
const ask = (
  answer: (call: FakeCall) => Response | Promise<Response>,
  more: Partial<Parameters<typeof requestDeviceAuthorization>[0]> = {},
): { result: Promise<DeviceAuthorization>; calls: FakeCall[] } => {
  const { fetch, calls } = fakeFetch(answer);
  return { result: requestDeviceAuthorization({ ...options, fetch, ...more }), calls };
};
const failure = (result: Promise<unknown>): Promise<unknown> => result.catch((error: unknown) => error);

describe('the request', () => {
  test('is a form with id and scope, without a secret', async () => {
    const { result, calls } = ask(() => json(good));
    await result;
    expect(calls).toHaveLength(1);
    expect(calls[0]?.url).toBe(options.endpoint);
    expect(calls[0]?.init).toMatchObject({ method: 'POST', redirect: 'manual' });
    expect(calls[0]?.init.headers['authorization']).toBeUndefined();
    expect(Object.fromEntries(calls[0]?.form ?? [])).toEqual({
      client_id: 'C1',
      scope: 'spark:people_read spark:kms',
    });
  });

  test('may carry more fields, never another id or scope, and a proof where a server wants one', async () => {
    const parameters = { user_info: '{}', client_id: 'other', scope: 'openid' };
    const { result, calls } = ask(() => json(good), { scope: [], parameters });
    expect((await result).scope).toEqual([]);
    expect(Object.fromEntries(calls[0]?.form ?? [])).toEqual({ client_id: 'C1', user_info: '{}' });

    const proven = ask(() => json(good), { authenticate: clientSecretBasic('s3cret') });
    await proven.result;
    expect(proven.calls[0]?.init.headers['authorization']).toMatch(/^Basic /);
  });

  test.each([
    ['openid', { scope: ['spark:all', 'openid'] }, ['scope']],
    ['two in one', { scope: ['spark:all profile'] }, ['scope']],
    ['no client id', { clientId: '' }, ['clientId']],
    ['plain http', { endpoint: 'http://idp.example/device/authorize' }, ['deviceAuthorizationEndpoint']],
    [
      'several',
      { clientId: '', endpoint: 'x', scope: ['email'] },
      ['deviceAuthorizationEndpoint', 'clientId', 'scope'],
    ],
  ])('is not sent: %s', async (_name, more, settings) => {
    const { result, calls } = ask(() => json(good), more);
    const error = await failure(result);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as ConfigurationError).problems.map(({ setting }) => setting)).toEqual(settings);
    expect(calls).toEqual([]);
  });

  test('an abort gives the reason of the one who aborted', async () => {
    const reason = new Error('enough');
    const { result, calls } = ask(() => json(good), { signal: AbortSignal.abort(reason) });
    expect(await failure(result)).toBe(reason);
    expect(calls).toEqual([]);
  });
});

describe('the answer', () => {
  test('is read, with instants and milliseconds', async () => {
    const authorization = await ask(() => json({ ...good, more: true })).result;
    expect(authorization).toMatchObject({
      userCode: '123456',
      verificationUri: URI,
      verificationUriComplete: good.verification_uri_complete,
      expiresAt: clock.now() + 300_000,
      intervalMs: 2_000,
      clientId: 'C1',
      scope: options.scope,
    });
    expect(authorization.deviceCode.reveal()).toBe(DEVICE_CODE);
  });

  test('shows everything but the device code, and cannot be changed', async () => {
    const authorization = await ask(() => json(good)).result;
    const printed = [
      inspect(authorization, { showHidden: true, depth: Infinity, getters: true }),
      JSON.stringify(authorization),
      String(authorization),
      inspect(structuredClone({ ...authorization }), { depth: Infinity }),
    ].join();
    expect(printed).not.toContain('canary');
    expect(printed).toContain('123456');
    expect(Object.isFrozen(authorization)).toBe(true);
    expect(Object.isFrozen(authorization.scope)).toBe(true);
  });

  test.each([
    ['no interval', { interval: undefined }, { intervalMs: 5_000 }],
    ['interval null', { interval: null }, { intervalMs: 5_000 }],
    ['a fraction', { interval: 1.5, expires_in: 0.0015 }, { intervalMs: 1_500, expiresAt: clock.now() + 1 }],
    ['no complete address', { verification_uri_complete: undefined }, { verificationUriComplete: undefined }],
    ['complete address null', { verification_uri_complete: null }, { verificationUriComplete: undefined }],
    [
      'http on loopback',
      { verification_uri: 'http://127.0.0.1:1/d' },
      { verificationUri: 'http://127.0.0.1:1/d' },
    ],
    ['a fragment', { verification_uri: `${URI}#/enter` }, { verificationUri: `${URI}#/enter` }],
    ['letters of any script', { user_code: 'ЖЩ-42' }, { userCode: 'ЖЩ-42' }],
  ])('may have %s', async (_name, change, expected) => {
    expect(await ask(() => json({ ...good, ...change })).result).toMatchObject(expected);
  });

  const bad: [member: string, values: unknown[]][] = [
    ['device_code', [undefined, null, '', 7, ['x'], 'x\ny', 'x'.repeat(16_385)]],
    [
      'user_code',
      [undefined, null, '', ' ', 123456, '12\u001b[31m', '12\u202e34', '12\n34', '1\u2028', '1'.repeat(129)],
    ],
    [
      'verification_uri',
      [undefined, null, '', 7, 'x', 'http://idp.example/d', 'javascript:alert(1)', 'data:text/html,x'],
    ],
    [
      'verification_uri',
      [
        'https://webex.com@evil.example/',
        'https://idp.example/\u001b[31m',
        `https://idp.example/${'x'.repeat(2048)}`,
        'https:&/idp.example/d',
        'https:idp.example/d',
        'https:\\\\idp.example\\d',
      ],
    ],
    [
      'verification_uri_complete',
      ['', 7, {}, 'http://idp.example/d', 'ftp://idp.example/', 'https://idp.example/ x'],
    ],
    ['expires_in', [undefined, null, 0, -1, '300', 1e300, true]],
    ['interval', [0, -5, '5', 1e300, false]],
  ];
  test.each(bad.flatMap(([name, values]) => values.map((value) => [name, value] as const)))(
    'is refused for its %s: %j',
    async (name, value) => {
      const error = await failure(ask(() => json({ ...good, [name]: value })).result);
      expect(error).toMatchObject({ code: 'PROTOCOL_ERROR', status: 200 });
      expect((error as Error).message).toMatch(new RegExp(` ${name}$`));
      expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
    },
  );

  test.each([
    ['no JSON', () => new Response('<html>', { status: 200 }), 'PROTOCOL_ERROR'],
    ['inherited members', () => new Response(`{"__proto__":${JSON.stringify(good)}}`), 'PROTOCOL_ERROR'],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: URI } }), 'PROTOCOL_ERROR'],
    ['a wrong client id', () => json({ message: 'Client Id is invalid' }, 400), 'INVALID_CLIENT'],
    ['a wrong scope', () => json({ error: 'invalid_scope' }, 400), 'INVALID_SCOPE'],
    ['no helper addresses', () => json({ message: 'redirect_uri mismatch' }, 400), 'UNAUTHORIZED_CLIENT'],
    ['another text', () => json({ message: DEVICE_CODE }, 400), 'PROTOCOL_ERROR'],
    ['an outage', () => json({}, 503), 'SERVICE_UNAVAILABLE'],
  ])('is a typed error: %s', async (_name, answer, code) => {
    const error = await failure(ask(answer).result);
    expect(error).toMatchObject({ code });
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });

  test('429 says when', async () => {
    const error = await failure(ask(() => json({}, 429, { 'retry-after': '7' })).result);
    expect(error).toMatchObject({ code: 'RATE_LIMITED', retryAt: clock.now() + 7_000 });
  });

  test('an integration that is not set up for devices is told so', async () => {
    const { result } = ask(() => json({ message: 'Invalid redirect_uri' }, 400, { trackingid: 'ROUTER_1' }));
    const error = await failure(result);
    expect(error).toMatchObject({ status: 400, trackingId: 'ROUTER_1', action: 'fix_configuration' });
    expect((error as Error).message).toContain('redirect URIs');
  });
});
