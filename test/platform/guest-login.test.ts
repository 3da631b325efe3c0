import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ConfigurationError, TimeoutError } from '../../src/errors.js';
import type { TokenSet } from '../../src/oauth/token-set.js';
import { exchangeGuestJwt } from '../../src/platform/guest-login.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeFetch, json } from '../support/fake-fetch.js';

const JWT = 'eyJcanary.eyJcanary.canary-signature';
const apiBase = 'https://webexapis.com/v1';
const clock = fakeClock();
const answer = { token: 'eyJh.eyJi.c', expiresIn: 21_600 };
const exchange = (respond: () => Response | Promise<Response>, signal?: AbortSignal): Promise<TokenSet> =>
  exchangeGuestJwt({ ...fakeFetch(respond), apiBase, jwt: JWT, clock, signal });

describe('exchangeGuestJwt', () => {
  test('posts nothing but the JWT as bearer, and keeps no refresh token', async () => {
    const { fetch, calls } = fakeFetch(() => json({ ...answer, refresh_token: 'RT', expires_in: 5 }));
    const tokens = await exchangeGuestJwt({ fetch, apiBase, jwt: JWT, clock });
    expect(tokens.toData()).toEqual({
      accessToken: answer.token,
      expiresAt: clock.now() + 21_600_000,
      refreshToken: undefined,
      refreshTokenExpiresAt: undefined,
      scope: undefined,
      idToken: undefined,
      issuedAt: clock.now(),
    });
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({
      url: `${apiBase}/jwt/login`,
      init: { method: 'POST', redirect: 'manual', headers: { authorization: `Bearer ${JWT}` } },
    });
    expect(calls[0]?.init.body).toBeUndefined();
  });

  test.each([
    [64_799, 64_799_000],
    ['64799', 64_799_000],
    [0, 0],
    [-5, 0],
    [undefined, undefined],
    [null, undefined],
    ['6 h', undefined],
    [{ seconds: 5 }, undefined],
  ])('expiresIn %j', async (expiresIn, ms) => {
    const tokens = await exchange(() => json({ ...answer, expiresIn }));
    expect(tokens.expiresAt).toBe(ms === undefined ? undefined : clock.now() + ms);
  });

  test.each([undefined, null, '', 5, 'a b', 'a\r\nx: y', ['T'], { token: 'T' }, 'x'.repeat(16 * 1024 + 1)])(
    'token %j is none',
    async (token) => {
      await expect(exchange(() => json({ ...answer, token }))).rejects.toMatchObject({
        code: 'PROTOCOL_ERROR',
        status: 200,
      });
    },
  );

  test.each([
    ['an inherited token', '{"__proto__":{"token":"T"}}'],
    ['the members of OAuth', '{"access_token":"T","expires_in":5}'],
    ['a list', '[{"token":"T"}]'],
    ['HTML', '<!doctype html>'],
    ['nothing', ''],
  ])('%s is no answer', async (_name, text) => {
    await expect(exchange(() => new Response(text))).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
  });

  test.each([
    [400, 'INVALID_GRANT'],
    [401, 'INVALID_GRANT'],
    [403, 'FORBIDDEN'],
    [404, 'PROTOCOL_ERROR'],
    [302, 'PROTOCOL_ERROR'],
    [429, 'RATE_LIMITED'],
    [503, 'SERVICE_UNAVAILABLE'],
  ])('%i is %s, without the JWT', async (status, code) => {
    const body = { message: JWT, error: 'invalid_client', trackingId: JWT };
    const error: unknown = await exchange(() =>
      json(body, status, { trackingid: 'GTWY_1', 'retry-after': '7' }),
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, status, trackingId: 'GTWY_1' });
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });

  test.each(['', 'canary\n', 'Bearer canary', 'canäry', 'x'.repeat(16 * 1024 + 1)])(
    'nothing is sent with the JWT %j',
    async (jwt) => {
      const { fetch, calls } = fakeFetch(() => json(answer));
      const error: unknown = await exchangeGuestJwt({ fetch, apiBase, jwt }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toMatchObject({ problems: [{ setting: 'jwt' }] });
      expect(inspect(error)).not.toMatch(/canary/);
      expect(calls).toEqual([]);
    },
  );

  test('the wire: our errors pass, others lose what they hold', async () => {
    const late = new TimeoutError('late');
    await expect(exchange(() => Promise.reject(late))).rejects.toBe(late);
    await expect(exchange(() => json(answer), AbortSignal.abort(late))).rejects.toBe(late);
    const error: unknown = await exchange(() => Promise.reject(new Error(JWT))).catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'NETWORK_ERROR', maybeProcessed: true });
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });
});
