import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { client, errorOf, problemsOf, read } from './credential-cases.js';

describe('a client', () => {
  const settings = {
    clientId: 'C1',
    clientSecret: 's',
    olderClientSecrets: [],
    redirectUri: 'https://app.example/cb',
    scope: ['a:b', 'c:d'],
  };

  it.each([
    ['credentials', { credentials: client }],
    ['config.credentials', { config: { credentials: client } }],
    [
      'both, the first over the second',
      { credentials: { scope: ['a:b', 'c:d'] }, config: { credentials: { ...client, scope: 'x:y' } } },
    ],
  ])('is read from %s', (_, source) => {
    expect(read(source)).toMatchObject({ client: settings, given: undefined });
  });

  it('never takes the secret of another', () => {
    const source = {
      credentials: { client_id: 'C1' },
      config: { credentials: { ...client, client_id: 'C2' } },
    };
    expect(problemsOf(source).map(({ setting }) => setting)).toEqual(['credentials.client_secret']);
  });

  it('may have several secrets, newest first, and say how it authenticates', () => {
    const credentials = {
      ...client,
      client_secret: ['new', 'old', 'new', 'older'],
      clientAuthentication: 'client_secret_basic',
    };
    expect(read({ credentials }).client).toEqual({
      ...settings,
      clientSecret: 'new',
      olderClientSecrets: ['old', 'older'],
      clientAuthentication: 'client_secret_basic',
    });
  });

  it('shares nothing with the options or with another instance', () => {
    const source = { credentials: { ...client, client_secret: ['new', 'old'], scope: ['a:b'] } };
    const first = read(source).client;
    const second = read({ credentials: { ...client, client_id: 'C2', client_secret: 's2' } }).client;
    source.credentials.scope.push('x:y');
    source.credentials.client_secret.push('x');
    expect([first?.clientId, first?.scope, first?.olderClientSecrets]).toEqual(['C1', ['a:b'], ['old']]);
    expect([second?.clientId, second?.clientSecret, second?.olderClientSecrets]).toEqual(['C2', 's2', []]);
  });

  it.each([
    ['credentials', { credentials: { client_id: 'C1' } }, 'credentials.client_secret'],
    ['config', { config: { credentials: { client_id: 'C1' } } }, 'config.credentials.client_secret'],
    [
      'an option of another type',
      { credentials: { ...client, redirect_uri: 42 } },
      'credentials.redirect_uri',
    ],
    [
      'an empty list of secrets',
      { credentials: { ...client, client_secret: [] } },
      'credentials.client_secret',
    ],
    [
      'a bad old secret',
      { credentials: { ...client, client_secret: ['a', ''] } },
      'credentials.client_secret',
    ],
    ['a public client', { credentials: { ...client, clientType: 'public' } }, 'credentials.clientType'],
    [
      'an unknown method',
      { credentials: { ...client, clientAuthentication: 'none' } },
      'credentials.clientAuthentication',
    ],
    ['a cisService with spaces', { credentials: { ...client, cisService: 'a b' } }, 'credentials.cisService'],
    [
      'an authorizeUrl with parameters',
      { credentials: { ...client, authorizeUrl: 'https://a.example/?x=1' } },
      'credentials.authorizeUrl',
    ],
    ['a switch that is none', { credentials: client, config: { fedramp: 'yes' } }, 'config.fedramp'],
    [
      'a callback that is none',
      { credentials: { jwtRefreshCallback: 'canary' } },
      'credentials.jwtRefreshCallback',
    ],
    [
      'half a guest issuer',
      { credentials: { guestIssuer: { issuer: 'Y2lz' } } },
      'credentials.guestIssuer.secret',
    ],
    [
      'a guest secret that is not base64',
      { config: { credentials: { guestIssuer: { issuer: 'Y2lz', secret: '{canary}' } } } },
      'config.credentials.guestIssuer.secret',
    ],
    [
      'a guest secret under another name',
      { credentials: { guestIssuer: { issuer: 'Y2lz', secret: 'c2Vj', secretId: 'canary' } } },
      'credentials.guestIssuer.secretId',
    ],
    [
      'a service somewhere unsafe',
      { credentials: client, config: { services: { override: { identity: 'http://canary.example' } } } },
      'config.services.override.identity',
    ],
  ])('is refused by name: %s', (_, source, setting) => {
    expect(problemsOf(source).map((one) => one.setting)).toEqual([setting]);
    expect(inspect(errorOf(source))).not.toContain('canary');
  });

  it('lists all that is wrong at once, each with an example', () => {
    const problems = problemsOf({
      supertoken: { access_token: '', expires_in: 'x' },
      credentials: { client_id: 'a b', redirect_uri: 'x', cisService: '', authorizeUrl: 'x', guestIssuer: 1 },
    });
    expect(problems.map(({ setting }) => setting).toSorted()).toEqual([
      'credentials.authorizeUrl',
      'credentials.cisService',
      'credentials.client_id',
      'credentials.client_secret',
      'credentials.guestIssuer',
      'credentials.redirect_uri',
      'supertoken.access_token',
      'supertoken.expires_in',
    ]);
    for (const { setting, example } of problems) expect(example, setting).toEqual(expect.any(String));
  });

  it('is missing altogether: says what to give', () => {
    for (const source of [
      undefined,
      {},
      { credentials: {} },
      { config: {} },
      { credentials: { cisService: 'a' } },
    ]) {
      const [problem, ...others] = problemsOf(source);
      expect(others).toEqual([]);
      expect(problem).toMatchObject({ setting: 'credentials' });
      expect(problem?.example).toContain('WEBEX_CLIENT_ID');
    }
  });
});

describe('the rest of the credentials', () => {
  const jwtRefreshCallback = (): string => 'jwt';

  it('is handed on, checked', () => {
    const guestIssuer = { issuer: 'Y2lz', secret: 'c2Vj' };
    const found = read({
      credentials: { ...client, authorizeUrl: 'https://a.example/authorize', cisService: 'webex' },
      config: {
        fedramp: true,
        credentials: { guestIssuer, jwtRefreshCallback },
        services: { override: { identity: 'https://identity.example' }, validateDomains: true },
      },
    });
    expect(found).toMatchObject({
      authorizeUrl: 'https://a.example/authorize',
      cisService: 'webex',
      guestIssuer,
      jwtRefreshCallback,
      fedramp: true,
      services: { identity: 'https://identity.example' },
    });
    expect(found.guestIssuer).not.toBe(guestIssuer);
  });

  it.each([
    ['a callback', { jwtRefreshCallback }],
    ['a guest issuer', { guestIssuer: { issuer: 'Y2lz', secret: 'c2Vj' } }],
  ])('may be all there is: %s', (_, credentials) => {
    expect(read({ credentials }).client).toBeUndefined();
    expect(read({ credentials }, { WEBEX_CLIENT_SECRET: 's' }).client).toBeUndefined();
  });

  it('takes IDENTITY_BASE_URL with the other addresses of the environment, or none', () => {
    const env = { IDENTITY_BASE_URL: 'https://identity.example/' };
    expect(read('tok', env).services).toEqual({ identity: 'https://identity.example' });
    expect(read({ access_token: 'tok', endpoints: 'fedramp' }, env).services).toEqual({});
    expect(problemsOf('tok', { IDENTITY_BASE_URL: 'canary' })).toMatchObject([
      { setting: 'IDENTITY_BASE_URL' },
    ]);
  });
});

describe('the environment', () => {
  it('of the options wins, whole', () => {
    expect(problemsOf({ credentials: { client_id: 'C1' } }, { WEBEX_CLIENT_SECRET: 's2' })).toMatchObject([
      { setting: 'credentials.client_secret', problem: 'is missing' },
    ]);
  });

  it('takes how the client authenticates from the options', () => {
    const env = { WEBEX_CLIENT_ID: 'C2', WEBEX_CLIENT_SECRET: 's2' };
    const credentials = { clientAuthentication: 'client_secret_basic', clientType: 'confidential' };
    expect(read({ credentials }, env).client?.clientAuthentication).toBe('client_secret_basic');
  });

  it('that says half names the variable, and that it is one', () => {
    expect(problemsOf(undefined, { WEBEX_CLIENT_ID: 'C2' })).toMatchObject([
      { setting: 'WEBEX_CLIENT_SECRET', problem: 'is missing (environment variable)' },
    ]);
    expect(read('tok', { WEBEX_SCOPE: 'a:b' }).client).toBeUndefined();
  });
});

describe('a name', () => {
  it.each([
    [{ credentials: { ...client, clientId: 'x' } }, 'credentials.clientId', 'credentials.client_id'],
    [{ credentials: { ...client, 'client-id': 'x' } }, 'credentials.client-id', 'credentials.client_id'],
    [
      { credentials: { ...client, clientSecret: 'x' } },
      'credentials.clientSecret',
      'credentials.client_secret',
    ],
    [{ credentials: { ...client, redirectUri: 'x' } }, 'credentials.redirectUri', 'credentials.redirect_uri'],
    [{ credentials: { ...client, scopes: 'x' } }, 'credentials.scopes', 'credentials.scope'],
    [
      { config: { credentials: { ...client, cient_secret: 'x' } } },
      'config.credentials.cient_secret',
      'config.credentials.client_secret',
    ],
    [{ access_token: 't', accessToken: 't' }, 'accessToken', 'access_token'],
    [{ credentials: client, client_id: 'x' }, 'client_id', 'credentials.client_id'],
    [{ credentials: client, config: { client_id: 'x' } }, 'config.client_id', 'config.credentials.client_id'],
    [{ credentials: client, stores: {} }, 'stores', 'store'],
    [{ credentials: client, config: { fedRamp: true } }, 'config.fedRamp', 'config.fedramp'],
    [{ credentials: client, frobnicate: 1 }, 'frobnicate', undefined],
    [{ credentials: client, config: { frobnicate: 1 } }, 'config.frobnicate', undefined],
  ])('that is not known is named with the nearest that is: %#', (source, setting, meant) => {
    const problem = meant === undefined ? 'is not a setting' : `is not a setting; did you mean ${meant}?`;
    expect(problemsOf(source)).toEqual([{ setting, problem }]);
  });

  it('of the SDK that means nothing here is told, and harms nobody', () => {
    const { ignored } = read({
      credentials: { ...client, refreshCallback: () => undefined },
      config: {
        logger: { level: 'debug' },
        meetings: {},
        trackingIdPrefix: 'x',
        storage: {},
        onBeforeLogout: [],
      },
      sdkType: 'webex',
    });
    expect(ignored.map(({ setting }) => setting)).toEqual([
      'sdkType',
      'credentials.refreshCallback',
      'config.logger',
      'config.meetings',
      'config.trackingIdPrefix',
      'config.storage',
      'config.onBeforeLogout',
    ]);
    for (const { why } of ignored) expect(why).not.toBe('');
  });
});
