import { describe, expect, test } from 'vitest';
import { clientSecretBasic } from '../../../src/oauth/client-authentication.js';
import { requestClientCredentials } from '../../../src/oauth/grants/client-credentials.js';
import { TokenEndpoint } from '../../../src/oauth/token-endpoint.js';
import type { EndpointAnswer } from '../../../src/oauth/endpoint-answer.js';
import { fakeClock } from '../../support/fake-clock.js';
import { fakeFetch, json } from '../../support/fake-fetch.js';

const clock = fakeClock();
const server = {
  issuer: 'https://idp.example',
  authorizationEndpoint: 'https://idp.example/authorize',
  tokenEndpoint: 'https://idp.example/token',
};
const answer = { access_token: 'AT', token_type: 'Bearer', expires_in: 3600 };
const using = (body: unknown, status = 200) => {
  const { fetch, calls } = fakeFetch(() => json(body, status));
  const purposes: string[] = [];
  const normalise = (one: EndpointAnswer, { purpose }: { purpose: string }): EndpointAnswer => {
    purposes.push(purpose);
    return one;
  };
  const authenticate = clientSecretBasic('s3cret');
  const endpoint = new TokenEndpoint({ server, clientId: 'C1', authenticate, fetch, normalise, clock });
  return { endpoint, calls, purposes };
};

describe('requestClientCredentials', () => {
  test('asks with the client authenticated; its own fields win', async () => {
    const { endpoint, calls, purposes } = using(answer);
    const tokens = await requestClientCredentials(endpoint, {
      scope: ['webexsquare:admin', 'Identity:SCIM', 'webexsquare:admin'],
      parameters: { self_contained_token: 'true', scope: 'other', grant_type: 'password' },
      purpose: 'sign-in',
    });
    expect(Object.fromEntries(calls[0]?.form ?? [])).toEqual({
      grant_type: 'client_credentials',
      scope: 'webexsquare:admin Identity:SCIM',
      self_contained_token: 'true',
    });
    expect(calls[0]?.init.headers['authorization']).toMatch(/^Basic /);
    expect(purposes).toEqual(['sign-in']);
    expect(tokens.expiresAt).toBe(clock.now() + 3_600_000);
    expect(tokens.scope).toEqual(['webexsquare:admin', 'Identity:SCIM', 'webexsquare:admin']);
  });

  test('no scope is no parameter, and none is claimed', async () => {
    const { endpoint, calls } = using(answer);
    const tokens = await requestClientCredentials(endpoint, { scope: [], purpose: 'refresh' });
    expect(calls[0]?.form.has('scope')).toBe(false);
    expect(tokens.scope).toBeUndefined();
  });

  test('keeps no refresh token', async () => {
    const { endpoint } = using({
      ...answer,
      refresh_token: 'RT',
      refresh_token_expires_in: 60,
      scope: 'Identity:SCIM',
    });
    const tokens = await requestClientCredentials(endpoint, { scope: ['x'], purpose: 'refresh' });
    expect(tokens.toData()).toMatchObject({
      accessToken: 'AT',
      refreshToken: undefined,
      refreshTokenExpiresAt: undefined,
      scope: ['Identity:SCIM'],
    });
  });

  test.each([
    [400, { error: 'unauthorized_client' }, 'UNAUTHORIZED_CLIENT'],
    [400, { error: 'unsupported_grant_type' }, 'UNSUPPORTED_GRANT_TYPE'],
    [400, { error: 'invalid_scope' }, 'INVALID_SCOPE'],
    [401, { error: 'invalid_client' }, 'INVALID_CLIENT'],
    [200, { token_type: 'Bearer' }, 'PROTOCOL_ERROR'],
    [503, {}, 'SERVICE_UNAVAILABLE'],
  ])('%i %j is %s', async (status, body, code) => {
    const { endpoint, calls } = using(body, status);
    await expect(
      requestClientCredentials(endpoint, { scope: ['x'], purpose: 'refresh' }),
    ).rejects.toMatchObject({ code, status });
    expect(calls).toHaveLength(1);
  });

  test('an abort gives its reason', async () => {
    const reason = new Error('enough');
    const options = { scope: ['x'], purpose: 'refresh', signal: AbortSignal.abort(reason) } as const;
    await expect(requestClientCredentials(using(answer).endpoint, options)).rejects.toBe(reason);
  });
});
