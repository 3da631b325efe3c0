import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { createAuthorizationRequest } from '../../src/oauth/authorization-request.js';
import { cases } from '../support/cases.js';

const server = {
  issuer: 'https://idp.example/idb',
  authorizationEndpoint: 'https://idp.example/v1/authorize',
  tokenEndpoint: 'https://idp.example/v1/access_token',
};
const base = {
  server,
  clientId: 'C1',
  redirectUri: 'https://app.example/callback',
  scope: ['spark:people_read', 'spark:kms'],
  now: 1_000,
};

describe('createAuthorizationRequest', () => {
  test('puts everything into the query, spaces as %20', async () => {
    const { url, transaction } = await createAuthorizationRequest(base);
    const { searchParams, origin, pathname } = new URL(url);
    expect(origin + pathname).toBe(server.authorizationEndpoint);
    expect(Object.fromEntries(searchParams)).toEqual({
      response_type: 'code',
      client_id: 'C1',
      redirect_uri: 'https://app.example/callback',
      scope: 'spark:people_read spark:kms',
      state: transaction.state,
      code_challenge: createHash('sha256').update(transaction.codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    expect(url).toContain('spark%3Apeople_read%20spark%3Akms');
    expect(url).not.toContain(transaction.codeVerifier);
    expect(transaction.state).toMatch(/^[\w-]{43,}$/);
    expect(transaction.codeVerifier).toMatch(/^[\w.~-]{43,128}$/);
    expect(transaction).toEqual({
      state: transaction.state,
      codeVerifier: transaction.codeVerifier,
      redirectUri: base.redirectUri,
      scope: base.scope,
      issuer: server.issuer,
      createdAt: 1_000,
    });
  });

  test('sends a nonce when openid is asked for, and only then', async () => {
    const { url, transaction } = await createAuthorizationRequest({ ...base, scope: ['openid'] });
    expect(transaction.nonce).toMatch(/^[\w-]{43}$/);
    expect(new URL(url).searchParams.get('nonce')).toBe(transaction.nonce);
  });

  test('keeps the query of the endpoint and adds parameters', async () => {
    const { url } = await createAuthorizationRequest({
      ...base,
      server: { ...server, authorizationEndpoint: 'https://idp.example/authorize?tenant=a+b' },
      parameters: { prompt: 'none', login_hint: 'ann+x@example.com' },
    });
    const { searchParams } = new URL(url);
    expect(searchParams.get('tenant')).toBe('a b');
    expect(searchParams.get('prompt')).toBe('none');
    expect(searchParams.get('login_hint')).toBe('ann+x@example.com');
  });

  test.each([
    'state',
    'code_challenge',
    'code_challenge_method',
    'redirect_uri',
    'response_type',
    'client_id',
    'scope',
    'nonce',
    'response_mode',
    'request',
    'request_uri',
  ])('refuses the parameter %s', async (name) => {
    const request = createAuthorizationRequest({ ...base, parameters: { [name]: 'evil' } });
    await expect(request).rejects.toThrow(ConfigurationError);
    await expect(request).rejects.toThrow(`parameters.${name}`);
  });

  test.each(['http://idp.example/authorize', 'ftp://idp.example', 'nonsense', 'https://u:p@idp.example/a'])(
    'refuses the endpoint %s',
    async (authorizationEndpoint) => {
      const request = createAuthorizationRequest({ ...base, server: { ...server, authorizationEndpoint } });
      await expect(request).rejects.toThrow(ConfigurationError);
    },
  );

  const starts = cases({ commit: 10_000 });
  test('A1: 10,000 starts share neither state nor challenge', starts.options, async () => {
    const seen = new Set<string>();
    for (let round = 0; round < starts.count; round++) {
      const { transaction } = await createAuthorizationRequest(base);
      seen.add(transaction.state).add(transaction.codeVerifier);
    }
    expect(seen.size).toBe(2 * starts.count);
  });

  test('A10: the redirect URI arrives byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.webUrl({ withQueryParameters: true }), async (redirectUri) => {
        const { url, transaction } = await createAuthorizationRequest({ ...base, redirectUri });
        expect(new URL(url).searchParams.get('redirect_uri')).toBe(redirectUri);
        expect(transaction.redirectUri).toBe(redirectUri);
      }),
    );
  });
});
