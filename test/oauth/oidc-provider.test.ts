import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import type { Fetch } from '../../src/base/fetch.js';
import { AccessDeniedError, InvalidClientError, InvalidGrantError } from '../../src/errors.js';
import { createAuthorizationRequest } from '../../src/oauth/authorization-request.js';
import { readAuthorizationResponse } from '../../src/oauth/authorization-response.js';
import { clientSecretBasic, clientSecretPost } from '../../src/oauth/client-authentication.js';
import { exchangeAuthorizationCode } from '../../src/oauth/grants/authorization-code.js';
import { presentRefreshToken } from '../../src/oauth/grants/refresh-token.js';
import { revokeToken } from '../../src/oauth/revocation.js';
import { TokenEndpoint } from '../../src/oauth/token-endpoint.js';
import type { TokenSet } from '../../src/oauth/token-set.js';
import { startOidcServer, type OidcServer } from '../support/oidc-server.js';

const overHttp: Fetch = (url, { body, signal, ...init }) =>
  fetch(url, { ...init, body: String(body), ...(signal && { signal }) });

describe.each([
  { rotate: true, clientAuthentication: 'client_secret_post', authenticate: clientSecretPost },
  { rotate: false, clientAuthentication: 'client_secret_basic', authenticate: clientSecretBasic },
] as const)('against oidc-provider, $clientAuthentication, rotate: $rotate', (mode) => {
  const scope = ['spark:people_read', 'spark:kms'];
  let oidc: OidcServer;
  beforeAll(async () => void (oidc = await startOidcServer({ ...mode, accessTokenTtl: 120 })));
  afterAll(() => oidc.close());

  const endpoint = (secret = oidc.clientSecret): TokenEndpoint =>
    new TokenEndpoint({
      server: oidc.server,
      clientId: oidc.clientId,
      authenticate: mode.authenticate(secret),
      fetch: overHttp,
      clock: systemClock,
    });
  const start = (asked: readonly string[]) =>
    createAuthorizationRequest({ ...oidc, scope: asked, now: systemClock.now() });
  const login = async (asked = scope): Promise<{ tokens: TokenSet; again: () => Promise<TokenSet> }> => {
    const { url, transaction } = await start(asked);
    const back = new URL(await oidc.signIn(url, { login: 'ann' }));
    const { code } = readAuthorizationResponse(back.searchParams, { ...oidc, transaction });
    const again = (): Promise<TokenSet> => exchangeAuthorizationCode(endpoint(), { code, transaction });
    return { tokens: await again(), again };
  };
  const renew = (tokens: TokenSet): Promise<TokenSet> => presentRefreshToken(endpoint(), tokens);

  test('sign-in, refresh, revocation', async () => {
    const { tokens } = await login();
    expect(tokens.scope).toEqual(scope);
    expect(tokens.lifetime).toBe(120_000);
    expect(await oidc.isActive(tokens.accessToken)).toBe(true);

    const renewed = await renew(tokens);
    expect(renewed.accessToken).not.toBe(tokens.accessToken);
    expect(renewed.refreshToken === tokens.refreshToken).toBe(!mode.rotate);

    await revokeToken({
      ...oidc,
      authenticate: mode.authenticate(oidc.clientSecret),
      fetch: overHttp,
      token: renewed.refreshToken ?? '',
      hint: 'refresh_token',
    });
    expect(await oidc.isActive(renewed.accessToken)).toBe(false);
    await expect(renew(renewed)).rejects.toBeInstanceOf(InvalidGrantError);
  });

  test('a refresh token presented twice', async () => {
    const { tokens } = await login();
    const renewed = await renew(tokens);
    if (mode.rotate) {
      await expect(renew(tokens)).rejects.toBeInstanceOf(InvalidGrantError);
      expect(await oidc.isActive(renewed.accessToken)).toBe(false);
      await expect(renew(renewed)).rejects.toBeInstanceOf(InvalidGrantError);
    } else {
      expect((await renew(tokens)).refreshToken).toBe(renewed.refreshToken);
    }
  });

  test('openid: the nonce is sent, and the ID token kept and good for userinfo', async () => {
    const { tokens } = await login(['openid', 'spark:people_read']);
    expect(tokens.idToken?.split('.')).toHaveLength(3);
    const answer = await fetch(oidc.userinfoEndpoint, {
      headers: { authorization: `Bearer ${tokens.accessToken}` },
    });
    expect(await answer.json()).toEqual({ sub: 'ann' });
  });

  test('a code is good for one exchange', async () => {
    const { tokens, again } = await login();
    await expect(again()).rejects.toBeInstanceOf(InvalidGrantError);
    expect(await oidc.isActive(tokens.accessToken)).toBe(false);
  });

  test('the code of one login with the verifier of another', async () => {
    const mine = await start(scope);
    const other = await start(scope);
    const back = new URL(await oidc.signIn(mine.url, { login: 'ann' }));
    const { code } = readAuthorizationResponse(back.searchParams, { ...oidc, transaction: mine.transaction });
    await expect(
      exchangeAuthorizationCode(endpoint(), { code, transaction: other.transaction }),
    ).rejects.toBeInstanceOf(InvalidGrantError);
  });

  test('the person says no', async () => {
    const { url, transaction } = await start(scope);
    const back = new URL(await oidc.signIn(url, { login: 'ann', deny: true }));
    expect(() => readAuthorizationResponse(back.searchParams, { ...oidc, transaction })).toThrow(
      AccessDeniedError,
    );
  });

  test('a wrong client secret', async () => {
    const { tokens } = await login();
    await expect(presentRefreshToken(endpoint('not the secret'), tokens)).rejects.toBeInstanceOf(
      InvalidClientError,
    );
    expect(await oidc.isActive(tokens.accessToken)).toBe(true);
  });
});
