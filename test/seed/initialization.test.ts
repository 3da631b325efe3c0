import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as stub from '../../src/browser.js';
import * as library from '../../src/index.js';
import { ConfigurationError, Webex, type Phase, type WebexOptions } from '../../src/index.js';
import type { Emulated } from '../support/emulated.js';
import {
  credentialsOf,
  emulatedForTest,
  readyWebex,
  signIn,
  webexOf,
  whoHas,
  type SeedCredentials,
} from './started.js';

const VARIABLE =
  /^(WEBEX_|COMMON_IDENTITY_|IDBROKER_|IDENTITY_|HYDRA_|U2C_|TOKEN_URL|REVOKE_URL|AUTHORIZATION_STRING|CLIENT_|REDIRECT_URI|SCOPE$|ENABLE_FEDRAMP)/;

beforeEach(() => {
  // Whatever is set where these tests run counts for nothing.
  for (const name of Object.keys(process.env)) if (VARIABLE.test(name)) vi.stubEnv(name, undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

/** The authorization URL that the developer portal shows. */
function portalUrl({ client_id, redirect_uri, scope }: SeedCredentials, address: string): string {
  const query = new URLSearchParams({ client_id, response_type: 'code', redirect_uri, scope, state: 'x' });
  return `${address}?${String(query)}`;
}

/** All settings that are wrong, by name. */
function settingsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.map(({ setting }) => setting);
    throw error;
  }
  return [];
}

describe('1.1 basic set-up', () => {
  describe('Webex.init takes the client as', () => {
    const shapes: [string, (client: SeedCredentials, emulated: Emulated) => WebexOptions][] = [
      ['config.credentials', (client) => ({ config: { credentials: client } })],
      ['credentials', (client) => ({ credentials: client })],
      [
        'both, the nearer one over the other',
        ({ scope, ...rest }) => ({
          credentials: { scope },
          config: { credentials: { ...rest, scope: 'spark:rooms_read' } },
        }),
      ],
      [
        'an authorizationString and the secret',
        (client, { endpoints }) => ({
          credentials: {
            client_secret: client.client_secret,
            authorizationString: portalUrl(client, endpoints.authorizationEndpoint),
          },
        }),
      ],
    ];

    it.each(shapes)('%s, and can sign in with it', async (_, shape) => {
      const emulated = await emulatedForTest();
      const client = credentialsOf(emulated);
      const { endpoints } = emulated;
      const webex = await readyWebex({ ...shape(client, emulated), endpoints });
      expect(webex.config.credentials).toEqual({
        client_id: client.client_id,
        redirect_uri: client.redirect_uri,
        scope: client.scope,
        authorizeUrl: endpoints.authorizationEndpoint,
        clientType: 'confidential',
      });
      const { access_token } = await signIn(webex, emulated);
      expect((await whoHas(access_token, emulated)).displayName).toBe(
        emulated.emulator.users[0]?.displayName,
      );
    });

    it('nothing, when the options are only a token', async () => {
      const emulated = await emulatedForTest();
      const { endpoints } = emulated;
      const webex = await readyWebex({ access_token: emulated.emulator.issuePersonalToken(), endpoints });
      expect(webex.config.credentials.client_id).toBeUndefined();
      await expect(webex.authorization.initiateLogin()).rejects.toMatchObject({
        code: 'CONFIGURATION_INVALID',
        problems: [{ setting: 'clientId' }],
      });
    });
  });

  describe('Webex.init takes a token, with or without Bearer, as', () => {
    const shapes: [string, (token: string) => WebexOptions | string][] = [
      ['a bare token', (token) => token],
      ['access_token', (token) => ({ access_token: token })],
      ['supertoken', (token) => ({ supertoken: token })],
      ['supertoken.access_token', (token) => ({ supertoken: { access_token: token } })],
      ['authorization', (token) => ({ authorization: token })],
      ['authorization.access_token', (token) => ({ authorization: { access_token: token } })],
      ['authorization.supertoken', (token) => ({ authorization: { supertoken: token } })],
      [
        'authorization.supertoken.access_token',
        (token) => ({ authorization: { supertoken: { access_token: token } } }),
      ],
      ['credentials', (token) => ({ credentials: token })],
      ['credentials.access_token', (token) => ({ credentials: { access_token: token } })],
      ['credentials.supertoken', (token) => ({ credentials: { supertoken: token } })],
      [
        'credentials.supertoken.access_token',
        (token) => ({ credentials: { supertoken: { access_token: token } } }),
      ],
      ['credentials.authorization', (token) => ({ credentials: { authorization: token } })],
      [
        'credentials.authorization.access_token',
        (token) => ({ credentials: { authorization: { access_token: token } } }),
      ],
      [
        'credentials.authorization.supertoken',
        (token) => ({ credentials: { authorization: { supertoken: token } } }),
      ],
      [
        'credentials.authorization.supertoken.access_token',
        (token) => ({ credentials: { authorization: { supertoken: { access_token: token } } } }),
      ],
      ['config.credentials', (token) => ({ config: { credentials: token } })],
      ['config.credentials.access_token', (token) => ({ config: { credentials: { access_token: token } } })],
    ];

    it.each(shapes)('%s, and calls Webex with it', async (_, shape) => {
      const { emulator, endpoints } = await emulatedForTest();
      const token = emulator.issuePersonalToken();
      // A bare token has no place for addresses: the environment has.
      vi.stubEnv('HYDRA_SERVICE_URL', endpoints.apiBase);
      for (const form of [token, `Bearer ${token}`]) {
        const webex = await readyWebex(shape(form));
        expect(webex.canAuthorize).toBe(true);
        const { body } = await webex.request<{ displayName: string }>({ resource: 'people/me' });
        expect(body.displayName).toBe(emulator.users[0]?.displayName);
      }
    });

    it('a token with its refresh token and lifetimes, and renews it when it ends', async () => {
      const emulated = await emulatedForTest();
      const first = await webexOf(emulated);
      const { access_token, refresh_token } = await signIn(first, emulated);
      const webex = await webexOf(emulated, {
        credentials: {
          ...credentialsOf(emulated),
          access_token,
          refresh_token,
          expires: Date.now() - 60_000,
        },
      });
      expect(webex.credentials.supertoken?.isExpired).toBe(true);
      expect((await webex.fetch('/people/me')).status).toBe(200);
      expect(webex.credentials.supertoken?.access_token).not.toBe(access_token);
    });
  });

  describe('the environment gives', () => {
    const named = (prefix: string, client: SeedCredentials): [string, string][] =>
      Object.entries(client).map(([name, value]) => [`${prefix}${name.toUpperCase()}`, value as string]);

    it.each([['WEBEX_'], ['COMMON_IDENTITY_'], ['']])(
      'the client: %sCLIENT_ID, _CLIENT_SECRET, _REDIRECT_URI, _SCOPE',
      async (prefix) => {
        const emulated = await emulatedForTest();
        const { endpoints } = emulated;
        for (const [name, value] of named(prefix, credentialsOf(emulated))) vi.stubEnv(name, value);
        await signIn(await readyWebex({ endpoints }), emulated);
        expect(emulated.emulator.ledger.find('authorization_code')).toMatchObject([
          { status: 200, clientId: emulated.client.clientId },
        ]);
      },
    );

    it.each([['WEBEX_AUTHORIZATION_STRING'], ['AUTHORIZATION_STRING']])(
      'the client: %s beside the secret',
      async (name) => {
        const emulated = await emulatedForTest();
        const client = credentialsOf(emulated);
        const { endpoints } = emulated;
        vi.stubEnv(name, portalUrl(client, endpoints.authorizationEndpoint));
        vi.stubEnv('WEBEX_CLIENT_SECRET', client.client_secret);
        const webex = await readyWebex({ endpoints });
        expect(webex.config.credentials).toMatchObject({ client_id: client.client_id, scope: client.scope });
        await signIn(webex, emulated);
      },
    );

    it('the scopes as WEBEX_SCOPES, too', async () => {
      const emulated = await emulatedForTest();
      const { client_id, client_secret, redirect_uri } = credentialsOf(emulated);
      vi.stubEnv('WEBEX_SCOPES', 'spark:people_read');
      vi.stubEnv('WEBEX_CLIENT_ID', client_id);
      vi.stubEnv('WEBEX_CLIENT_SECRET', client_secret);
      vi.stubEnv('WEBEX_REDIRECT_URI', redirect_uri);
      const webex = await readyWebex({ endpoints: emulated.endpoints });
      expect((await signIn(webex, emulated)).scope).toBe('spark:people_read');
    });

    it('the token: WEBEX_ACCESS_TOKEN', async () => {
      const { emulator, endpoints } = await emulatedForTest();
      vi.stubEnv('WEBEX_ACCESS_TOKEN', emulator.issueBotToken());
      expect((await (await readyWebex({ endpoints })).fetch('/people/me')).status).toBe(200);
    });

    it('the addresses: IDBROKER_BASE_URL, HYDRA_SERVICE_URL and U2C_SERVICE_URL', async () => {
      const emulated = await emulatedForTest();
      const { emulator, endpoints } = emulated;
      vi.stubEnv('IDBROKER_BASE_URL', endpoints.identityBroker);
      vi.stubEnv('HYDRA_SERVICE_URL', endpoints.apiBase);
      vi.stubEnv('U2C_SERVICE_URL', endpoints.serviceCatalog);
      const webex = await readyWebex({ credentials: credentialsOf(emulated) });
      await signIn(webex, emulated);
      await webex.fetch('/people/me');
      await webex.logout();
      const { ledger } = emulator;
      for (const call of [
        'GET /u2c/api/v1/limited/catalog',
        'GET /idb/oauth2/v1/authorize',
        'POST /idb/oauth2/v1/access_token',
        'GET /v1/people/me',
        'POST /idb/oauth2/v1/revoke',
      ])
        expect(ledger.count(call), call).toBeGreaterThan(0);
    });

    it('single addresses: WEBEX_AUTHORIZE_URL, TOKEN_URL and REVOKE_URL, over those of the broker', async () => {
      const emulated = await emulatedForTest();
      const { emulator, endpoints } = emulated;
      vi.stubEnv('IDBROKER_BASE_URL', 'https://idbroker.invalid');
      vi.stubEnv('HYDRA_SERVICE_URL', endpoints.apiBase);
      vi.stubEnv('WEBEX_AUTHORIZE_URL', endpoints.authorizationEndpoint);
      vi.stubEnv('TOKEN_URL', endpoints.tokenEndpoint);
      vi.stubEnv('REVOKE_URL', endpoints.revocationEndpoint);
      const webex = await readyWebex({ credentials: credentialsOf(emulated) });
      await signIn(webex, emulated);
      expect(await webex.logout()).toEqual({ existed: true, revoked: true });
      expect(emulator.ledger.count('POST /v1/access_token')).toBe(1);
    });

    it('the address of the identity service: IDENTITY_BASE_URL, under config.services.override', async () => {
      const emulated = await emulatedForTest();
      const { endpoints } = emulated;
      vi.stubEnv('IDENTITY_BASE_URL', 'https://identity.example.com/');
      vi.stubEnv('HYDRA_SERVICE_URL', endpoints.apiBase);
      const credentials = credentialsOf(emulated);
      const webex = await readyWebex({ credentials });
      expect(webex.services.get('identity')).toBe('https://identity.example.com');
      const override = { identity: 'https://nearer.example.com' };
      const nearer = await readyWebex({ credentials, config: { services: { override } } });
      expect(nearer.services.get('identity')).toBe('https://nearer.example.com');
    });

    it.each([
      ['ENABLE_FEDRAMP', {}],
      ['config.fedramp', { config: { fedramp: true } }],
    ])("the government's cloud: %s", async (from, options: WebexOptions) => {
      if (from === 'ENABLE_FEDRAMP') vi.stubEnv('ENABLE_FEDRAMP', 'true');
      const { client_id, client_secret, redirect_uri, scope } = credentialsOf(await emulatedForTest());
      const credentials = { client_id, client_secret, redirect_uri, scope };
      const webex = await readyWebex({ credentials, discovery: false, ...options });
      expect(webex.config.credentials.authorizeUrl).toBe('https://api-usgov.webex.com/v1/authorize');
      expect(webex.services.get('hydra')).toBe('https://api-usgov.webex.com/v1');
    });

    it('nothing to whom the options give a client: it is taken whole', () => {
      vi.stubEnv('WEBEX_CLIENT_SECRET', 'secret-of-another-client');
      const credentials = { client_id: 'C1', redirect_uri: 'https://app.example.com/cb' };
      expect(settingsOf(() => Webex.init({ credentials }))).toEqual(['credentials.client_secret']);
    });
  });

  it('clientType defaults to confidential, and no other exists', async () => {
    const emulated = await emulatedForTest();
    const webex = await webexOf(emulated);
    expect(webex.config.credentials.clientType).toBe('confidential');
    const credentials = { ...credentialsOf(emulated), clientType: 'public' as 'confidential' };
    expect(settingsOf(() => Webex.init({ credentials }))).toEqual(['credentials.clientType']);
  });

  it('what is wrong is thrown at once: every setting by its name, no value', () => {
    const values = ['secret with spaces', 'ftp://app.example.com', 'scope"quoted'];
    const [client_secret, redirect_uri, scope] = values;
    const run = (): unknown =>
      Webex.init({
        config: { credentials: { client_secret, redirect_uri, scope, clientID: 'C1' } as never },
      });
    expect(settingsOf(run).sort()).toEqual(
      ['clientID', 'client_id', 'client_secret', 'redirect_uri', 'scope'].map(
        (name) => `config.credentials.${name}`,
      ),
    );
    expect(run).toThrow(/clientID: is not a setting; did you mean config\.credentials\.client_id\?/);
    for (const value of values) expect(run).not.toThrow(value);
  });

  it('nothing at all is told with what to give', () => {
    expect(() => Webex.init()).toThrow(/WEBEX_CLIENT_ID/);
  });

  it('setConfig takes new settings in place of the old ones, and starts anew', async () => {
    const emulated = await emulatedForTest();
    const webex = await webexOf(emulated);
    let started = 0;
    webex.on('ready', () => (started += 1));
    webex.setConfig({ credentials: { scope: 'spark:people_read' } });
    expect(webex.ready).toBe(false);
    await webex.whenReady();
    expect(started).toBe(1);
    expect((await signIn(webex, emulated)).scope).toBe('spark:people_read');
    expect(settingsOf(() => webex.setConfig({ credentials: { redirect_uri: 'no URL' } }))).toEqual([
      'credentials.redirect_uri',
    ]);
    expect(webex.config.credentials).toMatchObject({
      scope: 'spark:people_read',
      redirect_uri: emulated.client.redirectUri,
    });
  });
});

describe('1.2, 1.3 environment', () => {
  it('Node is detected, and the server authorization plugin loads by itself', async () => {
    const emulated = await emulatedForTest();
    const { endpoints } = emulated;
    const webex = Webex.init({ credentials: credentialsOf(emulated), endpoints });
    const seen: Phase[] = [];
    webex.on('phase', ({ phase }) => seen.push(phase));
    await webex.whenReady();
    expect(seen.slice(0, 2)).toEqual(['modules', 'plugins']);
    await signIn(webex, emulated);
    expect(webex.canAuthorize).toBe(true);
    await webex.close();
  });

  it.each([
    ['a page of a browser', { window: {}, document: {} }, { type: 'renderer' }, 'does not belong there'],
    ['an edge runtime', { EdgeRuntime: 'edge-runtime' }, {}, 'needs Node.js'],
  ])('the plugin refuses to run in %s, and says why', async (_, globals, marks, why) => {
    const emulated = await emulatedForTest();
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    const before = process as { type?: string };
    Object.assign(before, marks);
    try {
      const webex = Webex.init({ credentials: credentialsOf(emulated), endpoints: emulated.endpoints });
      await expect(webex.whenReady()).rejects.toMatchObject({
        code: 'CONFIGURATION_INVALID',
        message: expect.stringContaining(why) as string,
      });
      expect(webex.phase).toBe('plugins');
      await webex.close();
    } finally {
      delete before.type;
    }
  });

  describe('the browser condition', () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      exports: Record<'.', Record<string, string>>;
    };

    it('is listed before what Node takes, and leads to the stub', () => {
      const conditions = manifest.exports['.'];
      expect(conditions['browser']).toBe('./dist/browser.js');
      expect(Object.keys(conditions).indexOf('browser')).toBeLessThan(
        Object.keys(conditions).indexOf('default'),
      );
    });

    it('gives everything that the package exports', () => {
      expect(Object.keys(stub).sort()).toEqual(Object.keys(library).sort());
    });

    it.each([['Webex'], ['WebexAuth'], ['KeyRing'], ['memoryStore']] as const)(
      'throws for any use of %s: a client secret does not belong there',
      (name) => {
        const server = stub[name] as unknown as { init: () => void; new (): object } & (() => void);
        for (const use of [() => server.init(), () => server(), () => new server()]) {
          expect(use).toThrow(
            `${name} runs on Node.js servers only: a client secret does not belong in a browser`,
          );
        }
      },
    );

    it('keeps the errors usable, to tell them apart in code that both sides share', () => {
      expect(stub.isWebexAuthError(new stub.GrantNotFoundError('none'))).toBe(true);
    });
  });

  it('the flow type defaults to the authorization code grant', async () => {
    const webex = await webexOf(await emulatedForTest());
    const { url } = await webex.authorization.initiateLogin();
    for (const address of [url, webex.credentials.buildLoginUrl(), webex.credentials.buildLoginUrl({})]) {
      expect(new URL(address).searchParams.get('response_type')).toBe('code');
    }
    expect(settingsOf(() => webex.credentials.buildLoginUrl({ clientType: 'public' }))).toEqual([
      'clientType',
    ]);
  });

  it.each(['token', 'access_token', 'refresh_token', 'id_token_hint', 'client_secret', 'code_verifier'])(
    'puts no %s into an address',
    async (name) => {
      const { credentials } = await webexOf(await emulatedForTest());
      expect(settingsOf(() => credentials.buildLoginUrl({ [name]: 'canary' }))).toEqual([name]);
      expect(settingsOf(() => credentials.buildLogoutUrl({ [name]: 'canary' }))).toEqual([name]);
    },
  );

  it('knows no service by a name that every object has', () => {
    const webex = Webex.init({ access_token: 'abc', scheduler: false });
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(webex.services.get(name)).toBeUndefined();
    }
    return webex.close();
  });
});
