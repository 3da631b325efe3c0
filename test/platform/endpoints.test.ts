import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { webexEndpoints, webexRegions } from '../../src/platform/endpoints.js';
import {
  endpointsFromEnvironment,
  endpointVariables,
  servicesFromEnvironment,
} from '../../src/platform/environment-endpoints.js';

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
      device: {
        authorization: 'https://webexapis.com/v1/device/authorize',
        token: 'https://webexapis.com/v1/device/token',
      },
      serviceCatalog: 'https://u2c.wbx2.com/u2c/api/v1',
      serviceDomains: [
        'wbx2.com',
        'ciscospark.com',
        'webex.com',
        'webexapis.com',
        'broadcloudpbx.com',
        'broadcloud.eu',
        'broadcloud.com.au',
        'broadcloudpbx.net',
      ],
      idTokenIssuers: ['', '-eu', '-b-us', '-ca', '-sg', '-in', '-ae', '-au'].map((suffix) => ({
        issuer: `https://idbroker${suffix}.webex.com/idb`,
        jwksUri: `https://idbroker${suffix}.webex.com/idb/oauth2/v2/keys/verificationjwk`,
      })),
      allowedOrigins: ['https://webexapis.com', 'https://api.ciscospark.com'],
    });
  });

  test('government stays in its own cloud', () => {
    expect(JSON.stringify(webexEndpoints('fedramp'))).not.toMatch(
      /webexapis\.com|wbx2|broadcloud|api\.ciscospark|idbroker\.webex|"(ciscospark|webex)\.com"/,
    );
    expect(webexEndpoints('fedramp').serviceCatalog).toBe('https://u2c.gov.ciscospark.com/u2c/api/v1');
    expect(webexEndpoints('fedramp').apiBase).toBe('https://api-usgov.webex.com/v1');
  });

  test.each(webexRegions)('%s: everything is https, and the API may have its bearer', (region) => {
    const endpoints = webexEndpoints(region);
    const { apiBase, allowedOrigins, authorizationServer, idbroker, device } = endpoints;
    const { issuer, authorizationEndpoint, tokenEndpoint, revocationEndpoint } = authorizationServer;
    const urls = [
      apiBase,
      issuer,
      authorizationEndpoint,
      tokenEndpoint,
      revocationEndpoint,
      ...Object.values<string>({ ...idbroker, ...device }),
      endpoints.serviceCatalog,
      ...endpoints.idTokenIssuers.flatMap((one) => [one.issuer, one.jwksUri]),
    ];
    for (const url of urls) expect(url).toMatch(/^https:\/\/[a-z\d.-]+(\/[\w/]*)?[^/]$/);
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
    const { authorizationServer, idbroker, apiBase, idTokenIssuers } = endpointsFromEnvironment({
      IDBROKER_BASE_URL: `${base}/`,
    });
    expect(idTokenIssuers).toEqual([
      { issuer: `${base}/idb`, jwksUri: `${base}/idb/oauth2/v2/keys/verificationjwk` },
      ...webexEndpoints().idTokenIssuers,
    ]);
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

  const own = webexEndpoints();
  test.each([
    ['http://localhost:8788/v1/', 'http://localhost:8788/v1', ['http://localhost:8788'], undefined],
    [
      'https://api.ciscospark.com/v1',
      'https://api.ciscospark.com/v1',
      own.allowedOrigins,
      own.serviceCatalog,
    ],
    [
      'https://proxy.example:8443/webex',
      'https://proxy.example:8443/webex',
      ['https://proxy.example:8443'],
      undefined,
    ],
  ])('HYDRA_SERVICE_URL %s: the bearer goes there', (url, apiBase, allowedOrigins, serviceCatalog) => {
    const device = { authorization: `${apiBase}/device/authorize`, token: `${apiBase}/device/token` };
    const endpoints = endpointsFromEnvironment({ HYDRA_SERVICE_URL: url });
    expect(endpoints).toEqual({ ...own, apiBase, allowedOrigins, device, serviceCatalog });
  });

  test('U2C_SERVICE_URL is the catalog, also of an API that was moved', () => {
    const env = { HYDRA_SERVICE_URL: 'http://127.0.0.1:9/v1', U2C_SERVICE_URL: 'http://127.0.0.1:9/u2c/' };
    expect(endpointsFromEnvironment(env).serviceCatalog).toBe('http://127.0.0.1:9/u2c');
  });

  test('IDENTITY_BASE_URL moves the service of that name, whatever else is set', () => {
    const env = { IDENTITY_BASE_URL: 'https://identity.example/', TOKEN_URL: 'nonsense' };
    expect(servicesFromEnvironment(env)).toEqual({ identity: 'https://identity.example' });
    expect(servicesFromEnvironment({})).toEqual({});
    expect(() => servicesFromEnvironment({ IDENTITY_BASE_URL: 'canary' })).toThrow(/^IDENTITY_BASE_URL: /);
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
