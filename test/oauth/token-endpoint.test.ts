import { describe, expect, test } from 'vitest';
import { ConfigurationError, ProtocolError } from '../../src/errors.js';
import { clientSecretBasic, clientSecretPost } from '../../src/oauth/client-authentication.js';
import { exchangeAuthorizationCode } from '../../src/oauth/grants/authorization-code.js';
import { presentRefreshToken } from '../../src/oauth/grants/refresh-token.js';
import type { RawTokenResponse } from '../../src/oauth/grants/renewer.js';
import { TokenEndpoint } from '../../src/oauth/token-endpoint.js';
import { TokenSet } from '../../src/oauth/token-set.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeFetch, json, type FakeCall } from '../support/fake-fetch.js';

const clock = fakeClock();
const now = clock.now();
const server = {
  issuer: 'https://idp.example',
  authorizationEndpoint: 'https://idp.example/authorize',
  tokenEndpoint: 'https://idp.example/token',
};
const transaction = {
  state: 'state',
  codeVerifier: 'V'.repeat(43),
  redirectUri: 'https://app.example/callback?x=1&y=2',
  scope: ['spark:kms', 'spark:rooms_read'],
  issuer: server.issuer,
  createdAt: 0,
};
const answer = {
  access_token: 'AT2',
  token_type: 'Bearer',
  expires_in: 3600,
  refresh_token: 'RT2',
  refresh_token_expires_in: 7200,
};
const previous = new TokenSet({
  accessToken: 'AT1',
  expiresAt: now + 1000,
  refreshToken: 'RT1',
  refreshTokenExpiresAt: now + 9000,
  scope: ['spark:kms'],
  issuedAt: now - 1000,
});

const using = (
  respond: (call: FakeCall) => Response,
  authenticate = clientSecretPost('s3cret'),
): { endpoint: TokenEndpoint; calls: FakeCall[] } => {
  const { fetch, calls } = fakeFetch(respond);
  return { calls, endpoint: new TokenEndpoint({ server, clientId: 'C1', authenticate, fetch, clock }) };
};
const exchange = (body: unknown, nonce?: string, scope = transaction.scope): Promise<TokenSet> =>
  exchangeAuthorizationCode(using(() => json(body)).endpoint, {
    code: 'c',
    transaction: { ...transaction, scope, ...(nonce !== undefined && { nonce }) },
  });
const renew = (
  respond: () => Response,
  onCandidate?: (raw: RawTokenResponse) => Promise<void>,
): Promise<TokenSet> => presentRefreshToken(using(respond).endpoint, previous, { onCandidate });

describe('the request', () => {
  test('of a code exchange, id and secret in the form', async () => {
    const { endpoint, calls } = using(() => json(answer));
    const parameters = { user_info: '{}', code: 'not this', redirect_uri: 'nor this' };
    await exchangeAuthorizationCode(endpoint, { code: 'c+/=', transaction, parameters });
    const [call] = calls;
    expect(call?.url).toBe(server.tokenEndpoint);
    expect(call?.init).toMatchObject({ method: 'POST', redirect: 'manual' });
    expect(call?.init.headers).toMatchObject({
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    });
    expect(call?.init.headers['authorization']).toBeUndefined();
    expect(Object.fromEntries(call?.form ?? [])).toEqual({
      grant_type: 'authorization_code',
      code: 'c+/=',
      redirect_uri: transaction.redirectUri,
      code_verifier: transaction.codeVerifier,
      user_info: '{}',
      client_id: 'C1',
      client_secret: 's3cret',
    });
  });

  test('of a refresh, Basic with both parts form-encoded', async () => {
    const { endpoint, calls } = using(() => json(answer), clientSecretBasic('a:b c+ü'));
    await presentRefreshToken(endpoint, previous);
    expect(Object.fromEntries(calls[0]?.form ?? [])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'RT1',
    });
    const basic = calls[0]?.init.headers['authorization']?.replace('Basic ', '') ?? '';
    expect(Buffer.from(basic, 'base64').toString()).toBe('C1:a%3Ab+c%2B%C3%BC');
  });

  test('is made once, whatever comes back', async () => {
    const { endpoint, calls } = using(() => json({}, 503));
    await expect(presentRefreshToken(endpoint, previous)).rejects.toThrow();
    expect(calls).toHaveLength(1);
  });

  test.each([
    ['clientId', { clientId: '' }],
    ['tokenEndpoint', { server: { ...server, tokenEndpoint: 'http://idp.example/token' } }],
    ['revocationEndpoint', { server: { ...server, revocationEndpoint: 'nonsense' } }],
  ])('is not made with a wrong %s', (setting, wrong) => {
    const options = { server, clientId: 'C1', authenticate: clientSecretPost('s'), clock, ...wrong };
    const make = (): TokenEndpoint => new TokenEndpoint({ ...options, ...fakeFetch(() => json(answer)) });
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(setting);
  });

  test('is made with each secret in turn while one is being replaced, by each of several at once', async () => {
    const { fetch, calls } = fakeFetch(async ({ form }) => {
      // Both are under way before either is answered.
      await new Promise((resolve) => setImmediate(resolve));
      return form.get('client_secret') === 'old' ? json(answer) : json({ error: 'invalid_client' }, 401);
    });
    const authenticate = [clientSecretPost('new'), clientSecretPost('old')];
    const endpoint = new TokenEndpoint({ server, clientId: 'C1', authenticate, fetch, clock });
    const both = await Promise.all([1, 2].map(() => presentRefreshToken(endpoint, previous)));
    expect(both.map(({ accessToken }) => accessToken)).toEqual(['AT2', 'AT2']);
    await presentRefreshToken(endpoint, previous);
    expect(calls.map(({ form }) => form.get('client_secret'))).toEqual(['new', 'new', 'old', 'old', 'old']);
  });

  test('is not made without a secret or a refresh token', async () => {
    expect(() => clientSecretPost('')).toThrow(ConfigurationError);
    const { endpoint, calls } = using(() => json(answer));
    const bot = new TokenSet({ accessToken: 'AT', issuedAt: now });
    await expect(presentRefreshToken(endpoint, bot)).rejects.toMatchObject({ code: 'INVALID_GRANT' });
    expect(calls).toEqual([]);
  });
});

describe('the token set', () => {
  test('has instants in place of lifetimes, and what was asked for as scope', async () => {
    expect((await exchange(answer)).toData()).toEqual({
      accessToken: 'AT2',
      expiresAt: now + 3_600_000,
      refreshToken: 'RT2',
      refreshTokenExpiresAt: now + 7_200_000,
      scope: transaction.scope,
      idToken: undefined,
      issuedAt: now,
    });
  });

  // F6: the documented result of every lifetime, relative to the arrival, in milliseconds.
  test.each([
    [3600, 3_600_000],
    ['3600', 3_600_000],
    [3600.9, 3_600_000],
    ['3600.9', 3_600_000],
    [0, 0],
    ['0', 0],
    [-1, 0],
    ['-1', 0],
    [2 ** 53, 315_576_000_000],
    ['9'.repeat(30), 315_576_000_000],
    [315_576_000, 315_576_000_000],
    [315_576_001, 315_576_000_000],
    ['9'.repeat(400), undefined],
    ['3600abc', undefined],
    ['0x10', undefined],
    ['1e3', undefined],
    ['', undefined],
    [' 60', undefined],
    [null, undefined],
    [true, undefined],
    [[60], undefined],
    [{ seconds: 60 }, undefined],
    [undefined, undefined],
  ])('F6: expires_in %j', async (seconds, ms) => {
    const tokens = await exchange({ ...answer, expires_in: seconds, refresh_token_expires_in: seconds });
    const expected = ms === undefined ? undefined : now + ms;
    expect(tokens.expiresAt).toBe(expected);
    expect(tokens.refreshTokenExpiresAt).toBe(expected);
  });

  test('F6: expires_in 1e999 is not known', async () => {
    const text = '{"access_token":"AT2","token_type":"bearer","expires_in":1e999}';
    expect((await renew(() => new Response(text))).expiresAt).toBeUndefined();
  });

  test.each([undefined, null, '', 7, {}, ['RT2']])(
    'F5: refresh_token %j keeps the old one and its expiry',
    async (refresh_token) => {
      const tokens = await renew(() => json({ ...answer, refresh_token }));
      expect(tokens.accessToken).toBe('AT2');
      expect(tokens.refreshToken).toBe('RT1');
      expect(tokens.refreshTokenExpiresAt).toBe(now + 9000);
    },
  );

  test('F5: the same access token again is legal', async () => {
    expect((await renew(() => json({ ...answer, access_token: 'AT1' }))).accessToken).toBe('AT1');
  });

  test.each([
    ['spark:rooms_read spark:kms', ['spark:rooms_read', 'spark:kms']],
    ['spark:rooms_read', ['spark:rooms_read']],
    [undefined, ['spark:kms']],
    [null, ['spark:kms']],
    ['', ['spark:kms']],
    [['spark:rooms_read'], ['spark:kms']],
    ['a\u0000b', ['spark:kms']],
  ])('A11: scope %j after a refresh', async (scope, expected) => {
    expect((await renew(() => json({ ...answer, scope }))).scope).toEqual(expected);
  });

  test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('A11: token_type %s', async (token_type) => {
    expect((await exchange({ ...answer, token_type })).accessToken).toBe('AT2');
  });

  test.each([undefined, null, '', 'mac', 'DPoP', 'N_A', 'bearer ', 5, ['Bearer']])(
    'A11: token_type %j is refused',
    async (token_type) => {
      await expect(exchange({ ...answer, token_type })).rejects.toMatchObject({
        code: 'PROTOCOL_ERROR',
        status: 200,
      });
    },
  );

  test.each([
    ['a.b-c~d_e+f/g=='],
    ['x'.repeat(16 * 1024)],
    [`${'A'.repeat(64)}_P0A1_8d2c4e1a-0000-4000-8000-123456789abc`],
  ])('takes an access token that a header can carry', async (access_token) => {
    expect((await exchange({ ...answer, access_token })).accessToken).toBe(access_token);
  });

  test.each([
    'AT\r\nX-Evil: 1',
    'AT\n',
    'A T',
    ' AT',
    'A\u0000T',
    'ÄT',
    'A=T',
    '😀',
    '"AT"',
    'Bearer AT',
    '',
    'x'.repeat(16 * 1024 + 1),
    undefined,
    null,
    5,
    {},
    ['AT'],
  ])('B9: refuses the access token %j, and offers the refresh token for keeping', async (access_token) => {
    const kept: RawTokenResponse[] = [];
    const attempt = renew(
      () => json({ ...answer, access_token, extra: 'dropped' }),
      async (raw) => void kept.push(raw),
    );
    await expect(attempt).rejects.toBeInstanceOf(ProtocolError);
    expect(kept).toHaveLength(1);
    expect(kept[0]).toMatchObject({ refresh_token: 'RT2', expires_in: 3600 });
    expect(kept[0]).not.toHaveProperty('extra');
  });

  test.each(['RT\n', 'RT\u0000', 'RÜ', 'x'.repeat(16 * 1024 + 1)])(
    'B9: refuses the refresh token %j, and offers nothing for keeping: it would be presented',
    async (refresh_token) => {
      await expect(exchange({ ...answer, refresh_token })).rejects.toBeInstanceOf(ProtocolError);
      const kept: RawTokenResponse[] = [];
      const keep = async (raw: RawTokenResponse): Promise<void> => void kept.push(raw);
      for (const access_token of ['AT2', 'A T'])
        await expect(renew(() => json({ ...answer, access_token, refresh_token }), keep)).rejects.toThrow();
      expect(kept).toEqual([]);
    },
  );

  test('is not offered as a candidate when it is good, or has no refresh token', async () => {
    const kept: RawTokenResponse[] = [];
    const keep = async (raw: RawTokenResponse): Promise<void> => void kept.push(raw);
    await renew(() => json(answer), keep);
    await expect(renew(() => json({ token_type: 'mac' }), keep)).rejects.toThrow();
    await expect(
      renew(() => json({ ...answer, access_token: '', refresh_token: '' }), keep),
    ).rejects.toThrow();
    await expect(renew(() => json(answer, 503), keep)).rejects.toThrow();
    expect(kept).toEqual([]);
  });

  test('waits until the candidate is kept, and hands on why it could not be', async () => {
    const bad = (): Response => json({ ...answer, token_type: 'mac' });
    const steps: string[] = [];
    const attempt = renew(bad, async () => {
      await clock.sleep(50);
      steps.push('kept');
    }).catch(() => steps.push('failed'));
    await clock.advance(50);
    await attempt;
    expect(steps).toEqual(['kept', 'failed']);
    const full = new Error('disk full');
    await expect(renew(bad, () => Promise.reject(full))).rejects.toBe(full);
  });
});

describe('the ID token', () => {
  const idToken = (claims: unknown): string =>
    ['{"alg":"RS256"}', JSON.stringify(claims), 'sig']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');
  const regional = idToken({ iss: 'https://idbroker-eu.webex.com/idb', nonce: 'n1' });
  const oidc = ['openid', 'spark:kms'];

  test('is kept untrusted when openid was asked and the nonce is right, whatever its issuer', async () => {
    expect((await exchange({ ...answer, id_token: regional }, 'n1', oidc)).idToken).toBe(regional);
  });

  test.each([
    ['openid was not asked', regional, undefined, ['spark:kms']],
    ['the nonce is another', regional, 'n2', oidc],
    ['it has no nonce', idToken({}), 'n1', oidc],
    ['its claims are no object', idToken(null), 'n1', oidc],
    ['its claims are no JSON', 'aa.bb.cc', 'n1', oidc],
    ['it is no JWT', 'nonsense', undefined, oidc],
    ['it is no string', { jwt: regional }, 'n1', oidc],
  ])('is dropped, and the sign-in goes on, when %s', async (_case, id_token, nonce, scope) => {
    const tokens = await exchange({ ...answer, id_token }, nonce, scope);
    expect(tokens.idToken).toBeUndefined();
    expect(tokens.accessToken).toBe('AT2');
  });
});
