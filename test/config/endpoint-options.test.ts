import { expect, it } from 'vitest';
import { resolveEndpoints } from '../../src/config/endpoint-options.js';
import { ConfigurationError } from '../../src/errors.js';

it('takes a region, the environment, or single addresses over a region', () => {
  expect(resolveEndpoints('fedramp').apiBase).toBe('https://api-usgov.webex.com/v1');
  expect(resolveEndpoints(undefined, {}).apiBase).toBe('https://webexapis.com/v1');
  expect(resolveEndpoints(undefined, { ENABLE_FEDRAMP: 'true' }).apiBase).toBe(
    'https://api-usgov.webex.com/v1',
  );
  const own = resolveEndpoints({ tokenEndpoint: 'http://127.0.0.1:9/token' });
  expect(own.authorizationServer.tokenEndpoint).toBe('http://127.0.0.1:9/token');
  expect(own.authorizationServer.authorizationEndpoint).toBe('https://webexapis.com/v1/authorize');
});

it('does not revoke at Webex what another server issued', () => {
  const { authorizationServer } = resolveEndpoints({ tokenEndpoint: 'https://as.example/token' });
  expect(authorizationServer.revocationEndpoint).toBeUndefined();
  const own = resolveEndpoints({ tokenEndpoint: 'https://idbroker.webex.com/idb/oauth2/v1/access_token' });
  expect(own.authorizationServer.revocationEndpoint).toContain('idbroker.webex.com');
  const env = resolveEndpoints(undefined, { TOKEN_URL: 'https://as.example/token' });
  expect(env.authorizationServer.revocationEndpoint).toBeUndefined();
});

it('gives the bearer to the origin of a moved API only', () => {
  const { apiBase, allowedOrigins } = resolveEndpoints({ apiBase: 'http://127.0.0.1:9/v1/' });
  expect([apiBase, allowedOrigins]).toEqual(['http://127.0.0.1:9/v1', ['http://127.0.0.1:9']]);
});

it.each([
  [{ region: 'mars' as 'fedramp' }],
  [{ apiBase: 'http://webexapis.com/v1' }],
  [{ tokenEndpoint: 'nonsense' }],
  ['mars' as 'fedramp'],
])('refuses %j', (options) => {
  expect(() => resolveEndpoints(options)).toThrow(ConfigurationError);
});
