import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { webexEndpoints, webexRegions } from '../../src/platform/endpoints.js';
import { endpointsFromEnvironment, endpointVariables } from '../../src/platform/environment-endpoints.js';

describe('webexEndpoints', () => {
  test('commercial is the default: public addresses, revocation at the identity broker', () => {
    expect(webexEndpoints()).toEqual({
      apiBase: 'https://webexapis.com/v1',
      authorizationServer: {
        issuer: 'https://idbroker.webex.com/idb',
        authorizationEndpoint: 'https://webexapis.com/v1/authorize',
        tokenEndpoint: 'https://webexapis.com/v1/access_token',
        revocationEndpoint: 'https://idbroker.webex.com/idb/oauth2/v1/revoke',
      },
      idbroker: {
        authorize: 'https://idbroker.webex.com/idb/oauth2/v1/authorize',
        token: 'https://idbroker.webex.com/idb/oauth2/v1/access_token',
        revoke: 'https://idbroker.webex.com/idb/oauth2/v1/revoke',
        logout: 'https://idbroker.webex.com/idb/oauth2/v1/logout',
      },
      allowedOrigins: ['https://webexapis.com', 'https://api.ciscospark.com'],
    });
  });

  test('government stays in its own cloud', () => {
    expect(JSON.stringify(webexEndpoints('fedramp'))).not.toMatch(
      /webexapis\.com|ciscospark|idbroker\.webex/,
    );
    expect(webexEndpoints('fedramp').apiBase).toBe('https://api-usgov.webex.com/v1');
  });

  test.each(webexRegions)('%s: everything is https, and the API may have its bearer', (region) => {
    const { apiBase, allowedOrigins, authorizationServer, idbroker } = webexEndpoints(region);
    const { issuer, authorizationEndpoint, tokenEndpoint, revocationEndpoint } = authorizationServer;
    const urls = [
      apiBase,
      issuer,
      authorizationEndpoint,
      tokenEndpoint,
      revocationEndpoint,
      ...Object.values<string>({ ...idbroker }),
    ];
    for (const url of urls) expect(url).toMatch(/^https:\/\/[a-z.-]+(\/[\w/]*)?[^/]$/);
    expect(allowedOrigins).toContain(new URL(apiBase).origin);
    for (const origin of allowedOrigins) expect(new URL(origin).origin).toBe(origin);
  });
});

describe('endpointsFromEnvironment', () => {
  test('without variables gives the region', () => {
    expect(endpointsFromEnvironment({})).toEqual(webexEndpoints());
    expect(endpointsFromEnvironment({ TOKEN_URL: '', REVOKE_URL: '  ' }, 'fedramp')).toEqual(
      webexEndpoints('fedramp'),
    );
  });

  test('IDBROKER_BASE_URL moves authorize, token and revoke to the broker paths', () => {
    const base = 'http://127.0.0.1:8788';
    const { authorizationServer, idbroker, apiBase } = endpointsFromEnvironment({
      IDBROKER_BASE_URL: `${base}/`,
    });
    expect(authorizationServer).toEqual({
      issuer: `${base}/idb`,
      authorizationEndpoint: `${base}/idb/oauth2/v1/authorize`,
      tokenEndpoint: `${base}/idb/oauth2/v1/access_token`,
      revocationEndpoint: `${base}/idb/oauth2/v1/revoke`,
    });
    expect(idbroker.logout).toBe(`${base}/idb/oauth2/v1/logout`);
    expect(apiBase).toBe('https://webexapis.com/v1');
  });

  test('single addresses win over the broker', () => {
    const { authorizationServer } = endpointsFromEnvironment({
      IDBROKER_BASE_URL: 'https://broker.example',
      WEBEX_AUTHORIZE_URL: 'https://a.example/authorize',
      TOKEN_URL: 'https://t.example/token',
      REVOKE_URL: 'https://r.example/revoke',
    });
    expect(authorizationServer).toEqual({
      issuer: 'https://broker.example/idb',
      authorizationEndpoint: 'https://a.example/authorize',
      tokenEndpoint: 'https://t.example/token',
      revocationEndpoint: 'https://r.example/revoke',
    });
  });

  test.each([
    ['http://localhost:8788/v1/', 'http://localhost:8788/v1', ['http://localhost:8788']],
    ['https://api.ciscospark.com/v1', 'https://api.ciscospark.com/v1', webexEndpoints().allowedOrigins],
    ['https://proxy.example:8443/webex', 'https://proxy.example:8443/webex', ['https://proxy.example:8443']],
  ])('HYDRA_SERVICE_URL %s: the bearer goes there', (url, apiBase, allowedOrigins) => {
    const endpoints = endpointsFromEnvironment({ HYDRA_SERVICE_URL: url });
    expect(endpoints).toEqual({ ...webexEndpoints(), apiBase, allowedOrigins });
  });

  const wrong = [
    'http://idbroker.webex.com',
    'https://user:canary-password@idbroker.webex.com',
    'https://idbroker.webex.com/?canary=1',
    'https://idbroker.webex.com/#canary',
    'idbroker.webex.com',
    'file:///etc/canary',
  ];
  test.each(endpointVariables.flatMap((name) => wrong.map((url) => [name, url] as const)))(
    'refuses %s=%s by name, without its value',
    (name, url) => {
      const make = (): unknown => endpointsFromEnvironment({ [name]: url });
      expect(make).toThrow(ConfigurationError);
      expect(make).toThrow(name);
      expect(make).not.toThrow(/canary/);
    },
  );

  test('lists every problem at once', () => {
    const env = Object.fromEntries(endpointVariables.map((name) => [name, 'nonsense']));
    const error = ((): unknown => {
      try {
        return endpointsFromEnvironment(env);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect((error as ConfigurationError).problems.map(({ setting }) => setting)).toEqual(endpointVariables);
  });
});
