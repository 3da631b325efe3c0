import { expect, vi } from 'vitest';
import * as library from '../../src/index.js';
import type { CredentialsOptions } from '../../src/config/credential-shapes.js';
import { CLIENT, MACHINE } from '../emulator/emulator-client.js';
import { HOUR, startRig, type Rig } from './rig.js';

const { Webex } = library;

type Check = () => unknown;

/** A rig with one Webex that has signed in. */
async function signedIn(credentials: CredentialsOptions = {}): Promise<{ rig: Rig; webex: library.Webex }> {
  const rig = await startRig();
  const webex = await rig.open({ credentials: { ...rig.credentials, ...credentials } });
  await rig.signIn(webex);
  return { rig, webex };
}

const withWebex =
  (check: (webex: library.Webex, rig: Rig) => unknown): Check =>
  async () => {
    const { webex, rig } = await signedIn();
    await check(webex, rig);
  };

const withSupertoken = (check: (supertoken: library.Supertoken, rig: Rig) => unknown): Check =>
  withWebex((webex, rig) => {
    const { supertoken } = webex.credentials;
    if (!supertoken) throw new Error('no supertoken');
    return check(supertoken, rig);
  });

/** How a call ends that must fail. */
async function failure(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => error,
  );
}

// ---- construction -------------------------------------------------------------------------------------------------

const SHAPES = [
  'access_token',
  'supertoken',
  'supertoken.access_token',
  'authorization',
  'authorization.supertoken',
  'authorization.supertoken.access_token',
  'credentials',
  'credentials.access_token',
  'credentials.supertoken',
  'credentials.supertoken.access_token',
  'credentials.authorization',
  'credentials.authorization.access_token',
  'credentials.authorization.supertoken',
  'credentials.authorization.supertoken.access_token',
];

function nested(path: string, value: unknown): object {
  return path
    .split('.')
    .reverse()
    .reduce((inner, name) => ({ [name]: inner }), value as object);
}

const takesToken =
  (shape: (token: string) => unknown): Check =>
  async () => {
    for (const text of ['the-token', 'Bearer the-token']) {
      const webex = Webex.init(shape(text) as library.WebexOptions);
      const kept = new Promise((resolve) => webex.once('loaded', resolve));
      await kept;
      expect(webex.credentials.supertoken?.access_token).toBe('the-token');
      await webex.close();
    }
  };

const construction: Record<string, Check> = {
  'Webex.init(attrs)': () =>
    withWebex((webex) => {
      expect(webex).toBeInstanceOf(Webex);
      expect(() => Webex.init({ credentials: { client_id: 'C' } })).toThrow(library.ConfigurationError);
    })(),
  "'TOKEN'": takesToken((token) => token),
  ...Object.fromEntries(SHAPES.map((path) => [path, takesToken((token) => nested(path, token))])),
  'webex/env': async () => {
    vi.stubEnv('WEBEX_ACCESS_TOKEN', 'the-token');
    await takesToken(() => undefined)();
  },
  'webex.setConfig(config)': withWebex(async (webex) => {
    webex.setConfig({ credentials: { scope: 'spark:rooms_read' } });
    expect(webex.config.credentials.scope).toBe('spark:rooms_read');
    await webex.whenReady();
    expect((await webex.fetch('/people/me')).status).toBe(200);
  }),
  'webex.config': withWebex((webex, { client }) => {
    expect(webex.config.credentials).toMatchObject({
      client_id: client.clientId,
      redirect_uri: client.redirectUri,
    });
    expect(JSON.stringify(webex.config)).not.toContain(client.clientSecret);
  }),
  'webex.ready': withWebex((webex) => expect(webex.ready).toBe(true)),
  'webex.canAuthorize': withWebex((webex) => expect(webex.canAuthorize).toBe(true)),
  'webex.canRefresh': withWebex((webex) => expect(webex.canRefresh).toBe(true)),
  'webex.isAuthorizing': withWebex(isAuthorizing('isAuthorizing', (webex) => webex)),
  'webex.isAuthenticating': withWebex(isAuthorizing('isAuthenticating', (webex) => webex)),
  'webex.credentials': withWebex((webex) => expect(webex.credentials.canAuthorize).toBe(true)),
  'webex.authorization': withWebex((webex) => expect(webex.authorization.isAuthorizing).toBe(false)),
  'webex.request(options)': withWebex(async (webex) => {
    const { statusCode, headers, body } = await webex.request<{ displayName: string }>({
      method: 'GET',
      service: 'hydra',
      resource: 'people/me',
    });
    expect([statusCode, body.displayName]).toEqual([200, 'Ada Example']);
    expect(headers['content-type']).toContain('json');
    expect((await webex.request({ uri: '/rooms', qs: { max: 1 } })).statusCode).toBe(200);
  }),
  'webex.refresh()': withWebex(async (webex) => {
    const before = webex.credentials.supertoken?.access_token;
    expect((await webex.refresh()).access_token).not.toBe(before);
  }),
  'webex.logout()': withWebex(async (webex) => {
    expect(await webex.logout()).toEqual({ existed: true, revoked: true });
  }),
  'webex.on(name, listener)': withWebex(async (webex) => {
    const listener = vi.fn();
    const stop = webex.on('token:refresh', listener);
    await webex.refresh();
    stop();
    await webex.refresh();
    expect(listener).toHaveBeenCalledOnce();
  }),
  'webex.once(name, listener)': withWebex(async (webex) => {
    const listener = vi.fn();
    webex.once('token:refresh', listener);
    await webex.refresh();
    await webex.refresh();
    expect(listener).toHaveBeenCalledOnce();
  }),
  'webex.off(name, listener)': withWebex(async (webex) => {
    const [on, once, other] = [vi.fn(), vi.fn(), vi.fn()];
    webex.on('token:refresh', on);
    webex.once('token:refresh', once);
    webex.on('token:refresh', other);
    webex.off('token:refresh', on);
    webex.off('token:refresh', once);
    webex.off('login', other);
    await webex.refresh();
    expect([on, once, other].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 1]);
  }),
};

function isAuthorizing<Name extends string>(
  name: Name,
  of: (webex: library.Webex) => Readonly<Record<Name, boolean>>,
): (webex: library.Webex, rig: Rig) => Promise<void> {
  return async (webex, rig) => {
    const exchange = webex.authorization.requestAuthorizationCodeGrant({ code: await rig.code(webex) });
    expect(of(webex)[name]).toBe(true);
    await exchange;
    expect(of(webex)[name]).toBe(false);
  };
}

// ---- environment --------------------------------------------------------------------------------------------------

function inEnvironment(variables: Record<string, string>): library.Webex {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  return Webex.init();
}

const CREDENTIALS = ['CLIENT_ID', 'CLIENT_SECRET', 'REDIRECT_URI', 'SCOPE'] as const;
const VALUES = {
  CLIENT_ID: 'C-of-env',
  CLIENT_SECRET: 'secret-of-env',
  REDIRECT_URI: 'https://app.example.com/env',
  SCOPE: 'spark:env',
};

const clientVariables = (prefix: string): [string, Check][] =>
  CREDENTIALS.map((name) => [
    `${prefix}${name}`,
    () => {
      const all = CREDENTIALS.map((one): [string, string] => [`${prefix}${one}`, VALUES[one]]);
      const { client_id, redirect_uri, scope } = inEnvironment(Object.fromEntries(all)).config.credentials;
      expect([client_id, redirect_uri, scope]).toEqual([VALUES.CLIENT_ID, VALUES.REDIRECT_URI, VALUES.SCOPE]);
      // Alone it would not do: each of them is read.
      vi.stubEnv(`${prefix}${name}`, undefined);
      if (name === 'CLIENT_ID' || name === 'CLIENT_SECRET') expect(() => Webex.init()).toThrow();
      else expect(Object.values(Webex.init().config.credentials)).not.toContain(VALUES[name]);
    },
  ]);

const ONE_CLIENT = {
  WEBEX_CLIENT_ID: 'C',
  WEBEX_CLIENT_SECRET: 's',
  WEBEX_REDIRECT_URI: 'https://a.example/cb',
};
const AUTHORIZATION_STRING =
  'https://webexapis.com/v1/authorize?client_id=C-of-string&response_type=code&redirect_uri=https%3A%2F%2Fa.example%2Fcb&scope=spark%3Aall';

const addressVariable = (name: string): [string, Check] => [
  name,
  () => {
    expect(inEnvironment({ ...ONE_CLIENT, [name]: 'https://own.example/base' })).toBeInstanceOf(Webex);
    expect(() => inEnvironment({ ...ONE_CLIENT, [name]: 'no address' })).toThrow(name);
  },
];

const environment: Record<string, Check> = {
  WEBEX_ACCESS_TOKEN: construction['webex/env'] as Check,
  ...Object.fromEntries(['WEBEX_', 'COMMON_IDENTITY_', ''].flatMap(clientVariables)),
  WEBEX_SCOPES: () => {
    expect(inEnvironment({ ...ONE_CLIENT, WEBEX_SCOPES: 'spark:many' }).config.credentials.scope).toBe(
      'spark:many',
    );
  },
  WEBEX_AUTHORIZATION_STRING: () => {
    const variables = { WEBEX_CLIENT_SECRET: 's', WEBEX_AUTHORIZATION_STRING: AUTHORIZATION_STRING };
    expect(inEnvironment(variables).config.credentials.client_id).toBe('C-of-string');
  },
  AUTHORIZATION_STRING: () => {
    const variables = { CLIENT_SECRET: 's', AUTHORIZATION_STRING };
    expect(inEnvironment(variables).config.credentials.client_id).toBe('C-of-string');
  },
  ...Object.fromEntries(
    [
      'WEBEX_AUTHORIZE_URL',
      'IDBROKER_BASE_URL',
      'IDENTITY_BASE_URL',
      'HYDRA_SERVICE_URL',
      'U2C_SERVICE_URL',
      'TOKEN_URL',
      'REVOKE_URL',
    ].map(addressVariable),
  ),
  ENABLE_FEDRAMP: () => {
    const { authorizeUrl } = inEnvironment({ ...ONE_CLIENT, ENABLE_FEDRAMP: 'true' }).config.credentials;
    expect(authorizeUrl).toContain('usgov');
  },
};

// ---- configuration ------------------------------------------------------------------------------------------------

const GIVEN = { client_id: 'C', client_secret: 's', redirect_uri: 'https://a.example/cb' };

const configured = (
  credentials: CredentialsOptions,
  check: (webex: library.Webex) => unknown = () => undefined,
): Check => {
  return async () => {
    await check(Webex.init({ credentials }));
    await check(Webex.init({ config: { credentials } }));
  };
};

const configuration: Record<string, Check> = {
  'credentials.client_id': configured(GIVEN, ({ config }) => expect(config.credentials.client_id).toBe('C')),
  'credentials.client_secret': withWebex((webex) => webex.refresh()),
  'credentials.redirect_uri': configured(GIVEN, ({ config }) => {
    expect(config.credentials.redirect_uri).toBe(GIVEN.redirect_uri);
  }),
  'credentials.scope': async () => {
    for (const scope of ['spark:a spark:b', ['spark:a', 'spark:b']]) {
      await configured({ ...GIVEN, scope }, ({ config }) => {
        expect(config.credentials.scope).toBe('spark:a spark:b');
      })();
    }
  },
  'credentials.authorizationString': configured(
    { client_secret: 's', authorizationString: AUTHORIZATION_STRING },
    ({ config }) => expect(config.credentials.client_id).toBe('C-of-string'),
  ),
  'credentials.authorizeUrl': configured(
    { ...GIVEN, authorizeUrl: 'https://login.example/authorize' },
    ({ config }) => expect(config.credentials.authorizeUrl).toBe('https://login.example/authorize'),
  ),
  'credentials.jwtRefreshCallback': async () => {
    const rig = await startRig();
    const jwt = await guestJwt(rig);
    const webex = await rig.open({ credentials: { ...rig.credentials, jwtRefreshCallback: () => jwt } });
    expect((await webex.fetch('/people/me')).status).toBe(200);
  },
  'credentials.clientType': configured({ ...GIVEN, clientType: 'confidential' }, ({ config }) => {
    expect(config.credentials.clientType).toBe('confidential');
  }),
  'credentials.cisService': configured({ ...GIVEN, cisService: 'spark' }, ({ credentials }) => {
    expect(new URL(credentials.buildLogoutUrl()).searchParams.get('cisService')).toBe('spark');
  }),
  fedramp: () => {
    const { authorizeUrl } = Webex.init({ config: { credentials: GIVEN, fedramp: true } }).config.credentials;
    expect(authorizeUrl).toContain('usgov');
  },
  'services.override': async () => {
    const rig = await startRig();
    const wdm = `${rig.emulator.url}/own`;
    const webex = await rig.open({ config: { services: { override: { wdm } } } });
    expect(webex.services.get('wdm')).toBe(wdm);
  },
};

async function guestJwt(rig: Rig): Promise<string> {
  const [{ issuer, secret } = { issuer: '', secret: '' }] = rig.emulator.guestIssuers;
  return (await (await rig.open()).authorization.createJwt({ issuer, secretId: secret })).jwt;
}

// ---- authorization and credentials --------------------------------------------------------------------------------

const authorization: Record<string, Check> = {
  'credentials.buildLoginUrl(options)': withWebex((webex, { client }) => {
    const { searchParams } = new URL(webex.credentials.buildLoginUrl({ state: { a: 1 } }));
    const state: unknown = JSON.parse(Buffer.from(searchParams.get('state') ?? '', 'base64url').toString());
    expect([state, searchParams.get('client_id'), searchParams.get('response_type')]).toEqual([
      { a: 1 },
      client.clientId,
      'code',
    ]);
    expect(new URL(webex.credentials.buildLoginUrl()).searchParams.get('response_type')).toBe('code');
  }),
  'credentials.buildLogoutUrl(options)': withWebex((webex, { client }) => {
    const { searchParams } = new URL(webex.credentials.buildLogoutUrl());
    expect(searchParams.get('cisService')).not.toBe('');
    expect(searchParams.get('goto')).toBe(client.redirectUri);
    expect(webex.credentials.buildLogoutUrl()).not.toContain(webex.credentials.supertoken?.access_token);
  }),
  'authorization.requestAuthorizationCodeGrant({code})': withWebex(async (webex, rig) => {
    const code = await rig.code(webex);
    const supertoken = await webex.authorization.requestAuthorizationCodeGrant({ code });
    expect(supertoken.access_token).toBe(webex.credentials.supertoken?.access_token);
  }),
  'authorization.requestAccessTokenFromJwt({jwt})': async () => {
    const rig = await startRig();
    const webex = await rig.open();
    const jwt = await guestJwt(rig);
    const supertoken = await webex.authorization.requestAccessTokenFromJwt({ jwt });
    expect(supertoken.access_token).toBe(webex.credentials.supertoken?.access_token);
  },
  'authorization.createJwt(options)': async () => {
    const jwt = await guestJwt(await startRig());
    const [header = '', payload = ''] = jwt
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString());
    expect(JSON.parse(header)).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(Object.keys(JSON.parse(payload) as object)).toEqual(
      expect.arrayContaining(['sub', 'iss', 'name', 'exp']),
    );
  },
  'authorization.isAuthorizing': withWebex(isAuthorizing('isAuthorizing', (webex) => webex.authorization)),
  'authorization.isAuthenticating': withWebex(
    isAuthorizing('isAuthenticating', (webex) => webex.authorization),
  ),
  'authorization.logout({token})': construction['webex.logout()'] as Check,
};

const refreshes = withWebex(async ({ credentials }) => {
  const before = credentials.supertoken?.access_token;
  const refreshing = credentials.refresh();
  expect((await refreshing).access_token).not.toBe(before);
});

const reduces = withWebex(async ({ credentials }) => {
  expect((await credentials.getUserToken('spark:rooms_read')).scope).toBe('spark:rooms_read');
  expect((await credentials.getUserToken()).access_token).toBe(credentials.supertoken?.access_token);
});

const invalidates = withWebex(async ({ credentials }) => {
  await credentials.invalidate();
  expect(credentials.supertoken).toBeUndefined();
});

const tellsOrganisation = withWebex((webex, { emulator }) => {
  expect(webex.credentials.getOrgId()).toBe(emulator.users[0]?.orgId);
});

const credentials: Record<string, Check> = {
  'credentials.supertoken': withWebex((webex) => {
    expect(webex.credentials.supertoken?.access_token).toEqual(expect.any(String));
  }),
  'credentials.canAuthorize': withWebex((webex) => expect(webex.credentials.canAuthorize).toBe(true)),
  'credentials.canRefresh': withWebex((webex) => expect(webex.credentials.canRefresh).toBe(true)),
  'credentials.isRefreshing': withWebex(async (webex, { emulator }) => {
    const { isRefreshing } = webex.credentials;
    const refreshing = webex.refresh();
    while (emulator.ledger.count('refresh_token') === 0)
      await new Promise((resolve) => setImmediate(resolve));
    expect([isRefreshing, webex.credentials.isRefreshing]).toEqual([false, true]);
    await refreshing;
    expect(webex.credentials.isRefreshing).toBe(false);
  }),
  'credentials.isUnverifiedGuest': async () => {
    const rig = await startRig();
    const [person, guest] = [await rig.open(), await rig.open()];
    await rig.signIn(person);
    await guest.authorization.requestAccessTokenFromJwt({ jwt: await guestJwt(rig) });
    expect([person, guest].map((webex) => webex.credentials.isUnverifiedGuest)).toEqual([false, true]);
  },
  'credentials.ready': construction['webex.ready'] as Check,
  'credentials.getClientToken({scope})': async () => {
    const rig = await startRig();
    const [redirect_uri = ''] = MACHINE.redirectUris;
    const machine = { client_id: MACHINE.clientId, client_secret: MACHINE.clientSecret, redirect_uri };
    const webex = await rig.open({ credentials: machine });
    const { scope } = await webex.credentials.getClientToken({ scope: 'spark:rooms_read' });
    expect([scope, webex.credentials.supertoken]).toEqual(['spark:rooms_read', undefined]);
  },
  'credentials.getUserToken(scope)': reduces,
  'credentials.downscope(scope)': reduces,
  'credentials.refresh()': refreshes,
  'credentials.invalidate()': invalidates,
  'credentials.clear()': invalidates,
  'credentials.getOrgId()': tellsOrganisation,
  'credentials.extractOrgIdFromJWT()': tellsOrganisation,
  'credentials.extractOrgIdFromUserToken()': tellsOrganisation,
};

// ---- token --------------------------------------------------------------------------------------------------------

const field = (read: (supertoken: library.Supertoken) => unknown, expected: (rig: Rig) => unknown): Check =>
  withSupertoken((supertoken, rig) => expect(read(supertoken)).toEqual(expected(rig)));

const LIFE_S = 1_209_599;
const REFRESH_LIFE_S = 7_775_999;

const token: Record<string, Check> = {
  'supertoken.access_token': field(
    ({ access_token }) => access_token,
    () => expect.any(String),
  ),
  'supertoken.token_type': field(
    ({ token_type }) => token_type,
    () => 'Bearer',
  ),
  'supertoken.scope': field(
    ({ scope }) => scope,
    () => CLIENT.scopes.join(' '),
  ),
  'supertoken.expires': field(
    ({ expires }) => expires,
    ({ clock }) => clock.now() + LIFE_S * 1000,
  ),
  'supertoken.expires_in': field(
    ({ expires_in }) => expires_in,
    () => LIFE_S,
  ),
  'supertoken.refresh_token': field(
    ({ refresh_token }) => refresh_token,
    () => expect.any(String),
  ),
  'supertoken.refresh_token_expires': field(
    (supertoken) => supertoken.refresh_token_expires,
    ({ clock }) => clock.now() + REFRESH_LIFE_S * 1000,
  ),
  'supertoken.refresh_token_expires_in': field(
    (supertoken) => supertoken.refresh_token_expires_in,
    () => REFRESH_LIFE_S,
  ),
  'supertoken.isExpired': withSupertoken((supertoken, { clock }) => {
    expect(supertoken.isExpired).toBe(false);
    clock.jump(500 * HOUR);
    expect(supertoken.isExpired).toBe(true);
  }),
  'supertoken.canAuthorize': field(
    ({ canAuthorize }) => canAuthorize,
    () => true,
  ),
  'supertoken.canDownscope': field(
    ({ canDownscope }) => canDownscope,
    () => true,
  ),
  'supertoken.canRefresh': field(
    ({ canRefresh }) => canRefresh,
    () => true,
  ),
  'supertoken.toString()': withSupertoken((supertoken) => {
    expect([supertoken.toHeader(), String(supertoken)]).toEqual([
      `Bearer ${supertoken.access_token}`,
      '[redacted]',
    ]);
  }),
  'supertoken.refresh()': refreshes,
  'supertoken.revoke()': construction['webex.logout()'] as Check,
  'supertoken.downscope(scope)': reduces,
  'supertoken.validate()': withWebex(async (webex) => {
    expect(await webex.credentials.validate()).toMatchObject({ valid: true, code: 'VALID' });
  }),
};

// ---- errors -------------------------------------------------------------------------------------------------------

type ErrorClass = abstract new (...parameters: never[]) => Error;

const refusedWith = (error: string, expected: ErrorClass, status = 400): Check =>
  withWebex(async (webex, rig) => {
    const code = await rig.code(webex);
    rig.emulator.faults.add({ route: 'POST /v1/access_token', status, body: { error } });
    const refused = await failure(webex.authorization.requestAuthorizationCodeGrant({ code }));
    expect(refused).toBeInstanceOf(expected);
    expect(refused).toBeInstanceOf(library.OAuthError);
    expect(refused).toMatchObject({ error });
    expect(library.grantErrors.select(error)).toBe(expected);
  });

const answered = (
  status: number,
  expected: ErrorClass,
  check: (error: unknown, rig: Rig) => void = () => undefined,
): Check =>
  withWebex(async (webex, rig) => {
    const fault = status === 0 ? { resetBefore: true as const } : { status, body: { message: 'said' } };
    rig.emulator.faults.add({
      route: 'GET /v1/rooms',
      ...fault,
      ...(status === 429 && { retryAfter: 3_600 }),
    });
    const error = await failure(rig.drive(webex.request({ resource: 'rooms' })));
    expect(error).toBeInstanceOf(expected);
    expect(error instanceof library.WebexHttpError).toBe(true);
    expect(new library.ClosedError('closed') instanceof library.WebexHttpError).toBe(false);
    expect(library.WebexHttpError.select(status)).toBe(expected);
    check(error, rig);
  });

const { WebexHttpError, grantErrors } = library;

const errors: Record<string, Check> = {
  diffScopes: withSupertoken(({ missingScopes }) => expect(missingScopes).toEqual([])),
  OAuthError: refusedWith('invalid_grant', library.InvalidGrantError),
  InvalidRequestError: refusedWith('invalid_request', library.InvalidRequestError),
  InvalidClientError: refusedWith('invalid_client', library.InvalidClientError),
  InvalidGrantError: refusedWith('invalid_grant', library.InvalidGrantError),
  UnauthorizedClientError: refusedWith('unauthorized_client', library.UnauthorizedClientError),
  UnsupportGrantTypeError: refusedWith('unsupported_grant_type', library.UnsupportGrantTypeError),
  InvalidScopeError: refusedWith('invalid_scope', library.InvalidScopeError),
  'grantErrors.select(code)': () => expect(grantErrors.select('nothing_known')).toBe(library.OAuthError),
  'grantErrors.InvalidGrantError': refusedWith('invalid_grant', grantErrors.InvalidGrantError),
  WebexHttpError: answered(404, WebexHttpError.NotFound),
  'WebexHttpError.select(status)': answered(503, library.ServiceUnavailableError),
  'WebexHttpError.NetworkOrCORSError': answered(0, WebexHttpError.NetworkOrCORSError),
  'WebexHttpError.BadRequest': answered(400, WebexHttpError.BadRequest),
  'WebexHttpError.Unauthorized': answered(401, WebexHttpError.Unauthorized),
  'WebexHttpError.Forbidden': answered(403, WebexHttpError.Forbidden),
  'WebexHttpError.NotFound': answered(404, WebexHttpError.NotFound),
  'WebexHttpError.Conflict': answered(409, WebexHttpError.Conflict),
  'WebexHttpError.TooManyRequests': answered(429, WebexHttpError.TooManyRequests),
  'WebexHttpError.InternalServerError': answered(500, WebexHttpError.InternalServerError),
  'error.statusCode': answered(404, library.NotFoundError, (error) =>
    expect(error).toMatchObject({ status: 404 }),
  ),
  'error.body': answered(404, library.NotFoundError, (error) => {
    expect(error).toMatchObject({ body: { message: 'said' } });
    expect(JSON.stringify(error)).not.toContain('said');
  }),
  'error.retryAfter': answered(429, library.RateLimitError, (error, { clock }) => {
    expect((error as library.RateLimitError).retryAt).toBeGreaterThan(clock.now());
  }),
  StorageError: async () => {
    const store = library.memoryStore();
    const away = new library.StoreUnavailableError('away');
    store.open = () => Promise.reject(away);
    const webex = Webex.init({ credentials: GIVEN, store, keys: library.KeyRing.ephemeral() });
    expect(await failure(webex.whenReady())).toBe(away);
  },
  MemoryStoreAdapter: async () => {
    const rig = await startRig();
    const webex = await rig.open({ store: library.memoryStore(), keys: library.KeyRing.ephemeral() });
    await rig.signIn(webex);
    expect(webex.canAuthorize).toBe(true);
  },
};

// ---- services and events ------------------------------------------------------------------------------------------

const WDM = ({ emulator }: Rig): string => `${emulator.url}/wdm/api/v1`;

const asks = (path: string, ask: (webex: library.Webex, rig: Rig) => Promise<unknown>): Check =>
  withWebex(async (webex, rig) => {
    rig.emulator.ledger.clear();
    await ask(webex, rig);
    expect(rig.emulator.ledger.entries.map((entry) => entry.path)).toContain(path);
  });

const CATALOG = '/u2c/api/v1/limited/catalog';
const asksForEmail = asks(CATALOG, ({ services }) => services.discoverForEmail('grace@example.com'));

const services: Record<string, Check> = {
  'services.get(name)': withWebex((webex, rig) => expect(webex.services.get('wdm')).toBe(WDM(rig))),
  'services.list()': withWebex((webex, rig) => {
    expect(webex.services.list()).toMatchObject({ wdm: WDM(rig), hydra: rig.endpoints.apiBase });
  }),
  'services.hasService(name)': withWebex((webex) => expect(webex.services.get('nobody')).toBeUndefined()),
  'services.waitForService({name})': withWebex(async (webex, rig) => {
    expect(await webex.services.waitForService('wdm')).toBe(WDM(rig));
  }),
  'services.waitForCatalog(group)': withWebex(async (webex, rig) => {
    await webex.whenReady();
    expect(webex.services.get('wdm')).toBe(WDM(rig));
  }),
  'services.initServiceCatalogs()': asks(CATALOG, (webex) => webex.services.discover()),
  'services.updateServices()': asks(CATALOG, (webex) => webex.services.discover()),
  'services.collectPreauthCatalog({email})': asksForEmail,
  'services.collectSigninCatalog({email})': asksForEmail,
};

const tells =
  (
    name: keyof library.WebexAuthEvents,
    cause: (webex: library.Webex, rig: Rig) => unknown = () => undefined,
  ): Check =>
  async () => {
    const rig = await startRig();
    const webex = rig.init();
    const listener = vi.fn();
    webex.on(name, listener);
    await webex.whenReady();
    await rig.signIn(webex);
    await cause(webex, rig);
    expect(listener).toHaveBeenCalled();
  };

const ends = async (webex: library.Webex, { emulator }: Rig): Promise<void> => {
  emulator.revokeAll();
  await failure(webex.refresh());
};

const events: Record<string, Check> = {
  ready: tells('ready'),
  loaded: tells('loaded'),
  'client:logout': tells('client:logout', (webex) => webex.logout()),
  'client:InvalidRequestError': tells('client:InvalidRequestError', ends),
  'change:ready': tells('ready'),
  'change:loaded': tells('loaded'),
  'change:credentials': tells('token:refresh', (webex) => webex.refresh()),
  'change:canAuthorize': tells('unauthorized', ends),
  'change:canRefresh': tells('unauthorized', ends),
  'change:isAuthorizing': tells('login'),
  'change:config': tells('phase'),
};

/** Uses each name that the page says exists in its simplest form: section → name → check. */
export const NAME_CHECKS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  'Construction and the instance': construction,
  Environment: environment,
  Configuration: configuration,
  'Addresses and authorization': authorization,
  credentials,
  Token: token,
  'Scopes and errors': errors,
  Services: services,
  Events: events,
};

let known: Promise<Readonly<Record<string, object>>> | undefined;

/** Where the members named on the page are looked for, by how the page calls what holds them. */
export function holders(): Promise<Readonly<Record<string, object>>> {
  // What a class has, it has whether or not its emulator is still there.
  known ??= makeHolders();
  return known;
}

async function makeHolders(): Promise<Readonly<Record<string, object>>> {
  const { rig, webex } = await signedIn();
  rig.emulator.faults.add({ route: 'GET /v1/rooms', status: 404 });
  const error = await failure(webex.request({ resource: 'rooms' }));
  const { authorization: signing, credentials: held, services: places } = webex;
  const supertoken = held.supertoken as object;
  return {
    webex,
    authorization: signing,
    credentials: held,
    services: places,
    supertoken,
    error: error as object,
    Webex,
  };
}
