import { expect, it } from 'vitest';
import { resolveEndpoints, type EndpointOptions } from '../../src/config/endpoint-options.js';
import { ConfigurationError } from '../../src/errors.js';
import { webexEndpoints } from '../../src/platform/endpoints.js';

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
  ['the commercial cloud', undefined, {}, {}, 'commercial'],
  ['ENABLE_FEDRAMP', undefined, { ENABLE_FEDRAMP: 'True' }, {}, 'fedramp'],
  ['ENABLE_FEDRAMP=1', undefined, { ENABLE_FEDRAMP: '1' }, {}, 'fedramp'],
  ['ENABLE_FEDRAMP=false', undefined, { ENABLE_FEDRAMP: 'false' }, {}, 'commercial'],
  ['ENABLE_FEDRAMP empty', undefined, { ENABLE_FEDRAMP: '' }, {}, 'commercial'],
  ['config.fedramp over it', undefined, { ENABLE_FEDRAMP: 'true' }, { fedramp: false }, 'commercial'],
  ['config.fedramp alone', undefined, {}, { fedramp: true }, 'fedramp'],
  ['a region over both', 'commercial', { ENABLE_FEDRAMP: 'true' }, { fedramp: true }, 'commercial'],
  [
    'a region among addresses',
    { region: 'integration' },
    { ENABLE_FEDRAMP: '1' },
    { fedramp: true },
    'integration',
  ],
  ['addresses without a region', {}, { ENABLE_FEDRAMP: '1' }, {}, 'fedramp'],
] as const)('chooses the region: %s', (_, options, env, more, region) => {
  const { apiBase, idbroker, serviceCatalog } = resolveEndpoints(options, env, more);
  const { apiBase: base, idbroker: broker, serviceCatalog: catalog } = webexEndpoints(region);
  expect([apiBase, idbroker, serviceCatalog]).toEqual([base, broker, catalog]);
});

it.each(['yes', 'on', 'canary'])('refuses ENABLE_FEDRAMP=%s: a wrong cloud is no trifle', (text) => {
  const resolve = (): unknown => resolveEndpoints(undefined, { ENABLE_FEDRAMP: text });
  expect(resolve).toThrow(/^ENABLE_FEDRAMP: must be true or false/);
  expect(resolve).not.toThrow(/canary/);
});

it('takes the device endpoints, broker, catalog and issuers that are given', () => {
  const idTokenIssuers = [{ issuer: 'https://i.example', jwksUri: 'https://i.example/keys' }];
  const found = resolveEndpoints({
    apiBase: 'https://api.example/v1/',
    identityBroker: 'https://broker.example/',
    deviceTokenEndpoint: 'https://d.example/token?x=1',
    serviceCatalog: 'https://u2c.example/api/',
    idTokenIssuers,
  });
  expect(found).toMatchObject({
    device: {
      authorization: 'https://api.example/v1/device/authorize',
      token: 'https://d.example/token?x=1',
    },
    idbroker: { logout: 'https://broker.example/idb/oauth2/v1/logout' },
    serviceCatalog: 'https://u2c.example/api',
    idTokenIssuers,
  });
  const { idTokenIssuers: own } = resolveEndpoints({ identityBroker: 'https://broker.example' });
  expect(own.map(({ issuer }) => issuer)).toEqual(['https://broker.example/idb']);
});

it.each([
  [{ apiBase: 'https://api.example/v1' }, undefined],
  [{ apiBase: 'https://api.example/v1', serviceCatalog: 'https://u2c.example' }, 'https://u2c.example'],
  [{ apiBase: 'https://api.ciscospark.com/v1' }, 'https://u2c.wbx2.com/u2c/api/v1'],
  [{}, 'https://u2c.wbx2.com/u2c/api/v1'],
])('asks no catalog of Webex about an API that is not its own: %j', (options, serviceCatalog) => {
  expect(resolveEndpoints(options, {}).serviceCatalog).toBe(serviceCatalog);
});

it.each([
  ['endpoints.region', { region: 'mars' }],
  ['endpoints.region', { region: 1 }],
  ['endpoints.region', 'mars'],
  ['endpoints.apiBase', { apiBase: 'http://canary.example/v1' }],
  ['endpoints.apiBase', { apiBase: 'https://webexapis.com/v1?canary' }],
  ['endpoints.apiBase', { apiBase: new URL('https://webexapis.com/v1') }],
  ['endpoints.tokenEndpoint', { tokenEndpoint: 'canary' }],
  ['endpoints.revocationEndpoint', { revocationEndpoint: 42 }],
  ['endpoints.authorizationEndpoint', { authorizationEndpoint: null }],
  ['endpoints.identityBroker', { identityBroker: 'https://user:canary@broker.example' }],
  ['endpoints.deviceTokenEndpoint', { deviceTokenEndpoint: 'ftp://canary.example' }],
  ['endpoints.deviceAuthorizationEndpoint', { deviceAuthorizationEndpoint: '' }],
  ['endpoints.serviceCatalog', { serviceCatalog: 'https://u2c.example/#canary' }],
  ['endpoints.idTokenIssuers', { idTokenIssuers: [] }],
  ['endpoints.idTokenIssuers', { idTokenIssuers: 'canary' }],
  ['endpoints.idTokenIssuers[0].jwksUri', { idTokenIssuers: [{ issuer: 'https://i.example' }] }],
  ['endpoints.allowedOrigins', { allowedOrigins: ['https://webexapis.com/v1'] }],
  ['endpoints.allowedOrigins', { allowedOrigins: 'https://webexapis.com' }],
  ['endpoints.tokenUrl', { tokenUrl: 'canary' }],
])('refuses %s by name: %j', (setting, options) => {
  const resolve = (): unknown => resolveEndpoints(options as EndpointOptions, {});
  expect(resolve).toThrow(ConfigurationError);
  expect(resolve).toThrow(`${setting}: `);
  expect(resolve).not.toThrow(/canary/);
});

it('lists every address that is wrong at once', () => {
  const wrong = { apiBase: 'x', tokenEndpoint: 'x', deviceTokenEndpoint: 'x', allowedOrigins: ['x'] };
  expect(() => resolveEndpoints(wrong, {})).toThrow(
    /apiBase.*tokenEndpoint.*deviceTokenEndpoint.*allowedOrigins/,
  );
});

it("takes the emulator's addresses as they are", () => {
  const more = { idbrokerTokenEndpoint: 'x', idbrokerAuthorizationEndpoint: 'x', logoutEndpoint: 'x' };
  expect(resolveEndpoints({ apiBase: 'http://127.0.0.1:9/v1', ...more }).apiBase).toBe(
    'http://127.0.0.1:9/v1',
  );
});
