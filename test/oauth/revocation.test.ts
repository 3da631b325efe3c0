import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { clientSecretBasic } from '../../src/oauth/client-authentication.js';
import { revokeToken } from '../../src/oauth/revocation.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeFetch, json } from '../support/fake-fetch.js';

const clock = fakeClock();
const server = {
  issuer: 'https://idp.example',
  authorizationEndpoint: 'https://idp.example/authorize',
  tokenEndpoint: 'https://idp.example/token',
  revocationEndpoint: 'https://idp.example/revoke',
};
const options = {
  server,
  clientId: 'C1',
  authenticate: clientSecretBasic('s3cret'),
  token: 'canary-token-0123456789',
  hint: 'refresh_token' as const,
  clock,
};

describe('revokeToken', () => {
  test('posts the token in the form, never in the address', async () => {
    const { fetch, calls } = fakeFetch(() => new Response(null, { status: 200 }));
    await expect(revokeToken({ ...options, fetch })).resolves.toBeUndefined();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.url).toBe(server.revocationEndpoint);
    expect(calls[0]?.init).toMatchObject({ method: 'POST', redirect: 'manual' });
    expect(calls[0]?.init.headers['authorization']).toMatch(/^Basic /);
    expect(Object.fromEntries(calls[0]?.form ?? [])).toEqual({
      token: options.token,
      token_type_hint: 'refresh_token',
    });
  });

  test.each([200, 202, 204])('takes %i for done', async (status) => {
    const { fetch } = fakeFetch(() => new Response(null, { status }));
    await expect(revokeToken({ ...options, fetch })).resolves.toBeUndefined();
  });

  test.each([
    [302, {}, 'PROTOCOL_ERROR'],
    [400, { error: 'unsupported_token_type' }, 'PROTOCOL_ERROR'],
    [400, { error: 'invalid_request' }, 'INVALID_REQUEST'],
    [401, { error: 'invalid_client' }, 'INVALID_CLIENT'],
    [401, {}, 'UNAUTHORIZED'],
    [403, {}, 'FORBIDDEN'],
    [429, {}, 'RATE_LIMITED'],
    [503, {}, 'SERVICE_UNAVAILABLE'],
  ])('%i %j is a typed error without the token', async (status, body, code) => {
    const { fetch } = fakeFetch(() => json({ ...body, error_description: options.token }, status));
    const error: unknown = await revokeToken({ ...options, fetch }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, status });
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });

  test('needs an endpoint, and a safe one', async () => {
    const { fetch, calls } = fakeFetch(() => new Response());
    const { revocationEndpoint, ...without } = server;
    await expect(revokeToken({ ...options, fetch, server: without })).rejects.toThrow(ConfigurationError);
    const plain = { ...server, revocationEndpoint: revocationEndpoint.replace('https', 'http') };
    await expect(revokeToken({ ...options, fetch, server: plain })).rejects.toThrow(ConfigurationError);
    expect(calls).toEqual([]);
  });
});
