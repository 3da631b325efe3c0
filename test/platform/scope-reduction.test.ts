import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  ClosedError,
  ConfigurationError,
  NetworkError,
  ScopeReductionError,
  TimeoutError,
} from '../../src/errors.js';
import { noClientAuthentication } from '../../src/oauth/client-authentication.js';
import { TokenEndpoint } from '../../src/oauth/token-endpoint.js';
import type { TokenSet } from '../../src/oauth/token-set.js';
import { webexNormaliser } from '../../src/platform/quirks.js';
import { reduceScope } from '../../src/platform/scope-reduction.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeFetch, json } from '../support/fake-fetch.js';

const TOKEN = 'canary-full-token-0123456789';
const clock = fakeClock();
const server = {
  issuer: 'https://idbroker.webex.com/idb',
  authorizationEndpoint: 'https://idbroker.webex.com/idb/oauth2/v1/authorize',
  tokenEndpoint: 'https://idbroker.webex.com/idb/oauth2/v1/access_token',
};
const scope = ['spark:rooms_read', 'spark:kms'];
const answer = { access_token: 'AT2', token_type: 'Bearer', expires_in: 3600 };
const using = (respond: () => Response | Promise<Response>) => {
  const { fetch, calls } = fakeFetch(respond);
  const endpoint = new TokenEndpoint({
    server,
    clientId: 'C1',
    authenticate: noClientAuthentication(),
    fetch,
    normalise: webexNormaliser,
    clock,
  });
  return { endpoint, calls };
};
const reduce = (respond: () => Response | Promise<Response>, signal?: AbortSignal): Promise<TokenSet> =>
  reduceScope(using(respond).endpoint, { accessToken: TOKEN, scope, signal });

describe('reduceScope', () => {
  test('asks without client authentication, scopes sorted', async () => {
    const { endpoint, calls } = using(() => json(answer));
    const tokens = await reduceScope(endpoint, { accessToken: TOKEN, scope: [...scope, 'spark:kms'] });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.url).toBe(server.tokenEndpoint);
    expect(calls[0]?.init.headers['authorization']).toBeUndefined();
    expect(Object.fromEntries(calls[0]?.form ?? [])).toEqual({
      grant_type: 'urn:cisco:oauth:grant-type:scope-reduction',
      token: TOKEN,
      scope: 'spark:kms spark:rooms_read',
      client_id: 'C1',
      self_contained_token: 'true',
    });
    expect(tokens.toData()).toMatchObject({
      accessToken: 'AT2',
      expiresAt: clock.now() + 3_600_000,
      scope: ['spark:kms', 'spark:rooms_read'],
    });
  });

  test('leaves the list it is given as it is', async () => {
    const given = Object.freeze([...scope]);
    await reduceScope(using(() => json(answer)).endpoint, { accessToken: TOKEN, scope: given });
    expect(given).toEqual(scope);
  });

  test.each([
    ['all, in another order', 'spark:rooms_read spark:kms', ['spark:rooms_read', 'spark:kms']],
    ['less', 'spark:kms', ['spark:kms']],
    ['nothing said', '', ['spark:kms', 'spark:rooms_read']],
    ['an odd type', ['spark:all'], ['spark:kms', 'spark:rooms_read']],
  ])('%s', async (_name, said, expected) => {
    expect((await reduce(() => json({ ...answer, scope: said }))).scope).toEqual(expected);
  });

  test('keeps no refresh token', async () => {
    const tokens = await reduce(() => json({ ...answer, refresh_token: 'RT', refresh_token_expires_in: 5 }));
    expect(tokens.toData()).toMatchObject({ refreshToken: undefined, refreshTokenExpiresAt: undefined });
  });

  test.each([
    ['more scopes', { scope: 'spark:kms spark:all' }],
    ['other scopes', { scope: 'spark:people_read' }],
    ['another spelling of a scope', { scope: 'Spark:kms' }],
    ['the very same token', { access_token: TOKEN }],
    ['the very same token, said to be less', { access_token: TOKEN, scope: 'spark:kms' }],
  ])('%s: not given', async (_name, wrong) => {
    const error: unknown = await reduce(() => json({ ...answer, ...wrong })).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(ScopeReductionError);
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });

  test.each([
    [400, { error: 'invalid_scope' }, 'INVALID_SCOPE'],
    [400, { error: 'invalid_grant' }, 'INVALID_GRANT'],
    [400, { error: 'unsupported_grant_type' }, 'UNSUPPORTED_GRANT_TYPE'],
    [400, { message: 'No.' }, 'PROTOCOL_ERROR'],
    [401, { error: 'invalid_client' }, 'INVALID_CLIENT'],
    [401, {}, 'UNAUTHORIZED'],
    [403, {}, 'FORBIDDEN'],
    [404, {}, 'PROTOCOL_ERROR'],
    [200, { token_type: 'Bearer' }, 'PROTOCOL_ERROR'],
    [200, { ...answer, token_type: 'mac' }, 'PROTOCOL_ERROR'],
  ])('%i %j fails, with the cause', async (status, body, cause) => {
    const error: unknown = await reduce(() => json({ ...body, error_description: TOKEN }, status)).catch(
      (one: unknown) => one,
    );
    expect(error).toBeInstanceOf(ScopeReductionError);
    expect(error).toMatchObject({ status, cause: { code: cause } });
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });

  test.each([
    [429, 'RATE_LIMITED'],
    [500, 'SERVICE_UNAVAILABLE'],
    [503, 'SERVICE_UNAVAILABLE'],
  ])('%i stays %s: it may succeed later', async (status, code) => {
    await expect(reduce(() => json({}, status))).rejects.toMatchObject({ code, retryable: true });
  });

  test('the wire: network, time and the reason of an abort stay what they are', async () => {
    const late = new TimeoutError('late');
    await expect(reduce(() => Promise.reject(late))).rejects.toBe(late);
    await expect(reduce(() => Promise.reject(new Error(TOKEN)))).rejects.toBeInstanceOf(NetworkError);
    for (const reason of [new Error('enough'), new ClosedError('closed')]) {
      await expect(reduce(() => json(answer), AbortSignal.abort(reason))).rejects.toBe(reason);
    }
  });

  test.each([[[]], [['']], [['a b']], [['a"b']], [['ok', 'ü']]])(
    'nothing is asked with %j',
    async (wrong) => {
      const { endpoint, calls } = using(() => json(answer));
      await expect(reduceScope(endpoint, { accessToken: TOKEN, scope: wrong })).rejects.toBeInstanceOf(
        ConfigurationError,
      );
      expect(calls).toEqual([]);
    },
  );
});
