import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { ConfigurationError, TimeoutError } from '../../src/errors.js';
import type { TokenSet } from '../../src/oauth/token-set.js';
import { applicationIdOf, requestServiceAppToken } from '../../src/platform/service-apps.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeFetch, json } from '../support/fake-fetch.js';

const OWNER = 'canary-owner-token-0123456789';
const SECRET = 'canary-client-secret-0123456789';
const apiBase = 'https://webexapis.com/v1';
const clock = fakeClock();
const clientId = `C${'0a'.repeat(32)}`;
const answer = {
  access_token: 'AT',
  expires_in: 1_209_599,
  refresh_token: 'RT',
  refresh_token_expires_in: 7_775_999,
  token_type: 'Bearer',
};
const options = {
  apiBase,
  applicationId: applicationIdOf(clientId),
  clientId,
  clientSecret: SECRET,
  targetOrgId: '8d2c4e1a-0000-4000-8000-123456789abc',
  accessToken: OWNER,
  clock,
};
const request = (
  respond: () => Response | Promise<Response>,
  changed: Record<string, unknown> = {},
): Promise<TokenSet> => requestServiceAppToken({ ...fakeFetch(respond), ...options, ...changed });
const gateway = (text: string, status: number): Response =>
  json({ message: text, errors: [{ description: text }], trackingId: 'ROUTER_1' }, status);

test('applicationIdOf is base64 without padding', () => {
  expect(Buffer.from(applicationIdOf(clientId), 'base64').toString()).toBe(
    `ciscospark://us/APPLICATION/${clientId}`,
  );
  expect(applicationIdOf('C1')).toBe('Y2lzY29zcGFyazovL3VzL0FQUExJQ0FUSU9OL0Mx');
});

describe('requestServiceAppToken', () => {
  test.each([SECRET, '100%+secret/"\\'])('sends JSON with the bearer of the owner: %j', async (secret) => {
    for (const clientSecret of [secret, new Secret(secret)]) {
      const { fetch, calls } = fakeFetch(() => json(answer));
      const tokens = await requestServiceAppToken({ fetch, ...options, clientSecret });
      expect(calls).toHaveLength(1);
      expect(calls[0]).toMatchObject({
        url: `${apiBase}/applications/${options.applicationId}/token`,
        init: {
          method: 'POST',
          redirect: 'manual',
          headers: { authorization: `Bearer ${OWNER}`, 'content-type': 'application/json' },
        },
      });
      expect(JSON.parse(calls[0]?.init.body as string)).toEqual({
        clientId,
        clientSecret: secret,
        targetOrgId: options.targetOrgId,
      });
      expect(tokens.toData()).toEqual({
        accessToken: 'AT',
        expiresAt: clock.now() + 1_209_599_000,
        refreshToken: 'RT',
        refreshTokenExpiresAt: clock.now() + 7_775_999_000,
        scope: undefined,
        idToken: undefined,
        issuedAt: clock.now(),
      });
    }
  });

  test.each([
    ['what was asked for', {}, ['a']],
    ['what the answer says', { scope: 'b c' }, ['b', 'c']],
  ])('the scope is %s', async (_name, more, scope) => {
    expect((await request(() => json({ ...answer, ...more }), { requestedScope: ['a'] })).scope).toEqual(
      scope,
    );
  });

  test.each([
    ['a missing token_type', { token_type: undefined }, { accessToken: 'AT', refreshToken: 'RT' }],
    ['another spelling', { token_type: 'bearer' }, { accessToken: 'AT' }],
    ['no refresh token', { refresh_token: undefined }, { refreshToken: undefined }],
    ['an unusable refresh token', { refresh_token: 'RT\n' }, { refreshToken: undefined }],
    ['an odd lifetime', { expires_in: 'long' }, { expiresAt: undefined }],
  ])('%s is taken', async (_name, changed, expected) => {
    expect((await request(() => json({ ...answer, ...changed }))).toData()).toMatchObject(expected);
  });

  test.each([
    { access_token: undefined },
    { access_token: 'a b' },
    { access_token: ['AT'] },
    { token_type: 'mac' },
    { token_type: 5 },
  ])('%j is no token response', async (wrong) => {
    await expect(request(() => json({ ...answer, ...wrong }))).rejects.toMatchObject({
      code: 'PROTOCOL_ERROR',
      status: 200,
    });
  });

  test.each([
    [400, 'Invalid client credentials', 'INVALID_CLIENT'],
    [401, 'Invalid client credentials', 'INVALID_CLIENT'],
    [400, 'The provided clientSecret is invalid.', 'INVALID_CLIENT'],
    [401, 'The provided clientSecret is invalid', 'INVALID_CLIENT'],
    [
      401,
      'The request requires a valid access token set in the Authorization request header.',
      'UNAUTHORIZED',
    ],
    [400, 'Something else', 'PROTOCOL_ERROR'],
    [403, 'Invalid client credentials', 'SERVICE_APP_NOT_AUTHORIZED'],
    [404, 'Not found', 'CONFIGURATION_INVALID'],
    [429, '', 'RATE_LIMITED'],
    [500, '', 'SERVICE_UNAVAILABLE'],
    [302, '', 'PROTOCOL_ERROR'],
  ])('%i %j is %s', async (status, text, code) => {
    await expect(request(() => gateway(text, status))).rejects.toMatchObject({ code });
  });

  test('what to do is said, and whose token was refused', async () => {
    await expect(request(() => gateway('', 403))).rejects.toMatchObject({
      action: 'ask_admin',
      status: 403,
      trackingId: 'ROUTER_1',
    });
    await expect(request(() => gateway('', 404))).rejects.toMatchObject({
      problems: [{ setting: 'serviceApp.applicationId' }],
    });
    await expect(request(() => gateway('', 401))).rejects.toMatchObject({
      message: expect.stringContaining('owner') as string,
      status: 401,
      trackingId: 'ROUTER_1',
    });
  });

  test.each([200, 302, 400, 401, 403, 404, 429, 500])('%i: no secret in the error', async (status) => {
    const echo = {
      message: SECRET,
      errors: [{ description: OWNER }],
      trackingId: `R_${SECRET}`,
      error: SECRET,
    };
    const error: unknown = await request(() => json(echo, status, { trackingid: OWNER })).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Error);
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });

  test.each([
    ['applicationId', ''],
    ['applicationId', '..'],
    ['applicationId', 'a/b'],
    ['applicationId', undefined],
    ['clientId', ''],
    ['clientId', 'a b'],
    ['clientId', undefined],
    ['clientSecret', ''],
    ['clientSecret', new Secret('')],
    ['clientSecret', undefined],
    ['targetOrgId', ''],
    ['targetOrgId', 'a\n'],
  ])('nothing is sent with the %s %j', async (setting, value) => {
    const { fetch, calls } = fakeFetch(() => json(answer));
    const error: unknown = await request(() => json(answer), { fetch, [setting]: value }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ problems: [{ setting: `serviceApp.${setting}` }] });
    expect(calls).toEqual([]);
  });

  test('the wire: our errors pass, others lose what they hold', async () => {
    const late = new TimeoutError('late');
    await expect(request(() => Promise.reject(late))).rejects.toBe(late);
    await expect(request(() => json(answer), { signal: AbortSignal.abort(late) })).rejects.toBe(late);
    const error: unknown = await request(() => Promise.reject(new Error(SECRET))).catch(
      (one: unknown) => one,
    );
    expect(error).toMatchObject({ code: 'NETWORK_ERROR', maybeProcessed: true });
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });
});
