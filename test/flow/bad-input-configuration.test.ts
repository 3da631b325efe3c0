import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  KeyRing,
  memoryStore,
  Webex,
  WebexAuth,
  type AnyWebexAuthError,
  type WebexAuthOptions,
  type WebexOptions,
} from '../../src/index.js';
import { INTEGRATION, ORG } from '../support/principals.js';
import { badInputRig } from './bad-input-rig.js';

const rig = badInputRig();

// What is no setting of ours is given as whoever writes JavaScript would give it; `canary` is a value that must not be repeated.
type Row = readonly [input: string, source: string, settings: string | readonly string[], options: Given];
type Given = (canary: string) => unknown;

/** A stored grant is there and usable after the refusal, and nothing was sent. */
async function refused(work: () => unknown): Promise<AnyWebexAuthError> {
  rig.emulator.ledger.clear();
  const error = await rig.refusal(work);
  expect(rig.emulator.ledger.entries).toEqual([]);
  return error;
}

function settingsOf(error: AnyWebexAuthError): string[] {
  return error.code === 'CONFIGURATION_INVALID' ? error.problems.map(({ setting }) => setting) : [error.code];
}

async function keepOne(auth: WebexAuth): Promise<string> {
  const access_token = rig.leaks.canary('access token');
  const refresh_token = rig.leaks.canary('refresh token');
  await auth.grants.import('user-1', { access_token, refresh_token, expires_in: 3600, scope: 'a b' });
  return access_token;
}

const FACTS_CLIENT = 'webex-facts 3.1';
const OURS = 'design 4.1';
const OURS_MANY = 'design 4.2';

describe('WebexAuth.open refuses, opens nothing, and leaves what is stored usable', () => {
  const base = (): Record<string, unknown> => ({ ...rig.authOptions() });
  const client = { clientId: INTEGRATION.clientId, clientSecret: INTEGRATION.clientSecret };
  const ownerToken = 'owner-token-0123456789';

  it.each<Row>([
    ['no object', OURS_MANY, 'options', (canary) => canary],
    ['null', OURS_MANY, 'options', () => null],
    ['an option by another name', OURS_MANY, 'clientId', (canary) => ({ ...base(), clientId: canary })],
    [
      'no client',
      FACTS_CLIENT,
      ['client.clientId', 'client.clientSecret'],
      () => ({ ...base(), client: undefined }),
    ],
    [
      'a client member by the name of webex-js-sdk',
      'incumbent 1.2',
      'client.client_id',
      (canary) => ({ ...base(), client: { ...client, client_id: canary } }),
    ],
    [
      'a client id with a line break',
      'RFC 6749 A.1',
      'client.clientId',
      (canary) => ({ ...base(), client: { ...client, clientId: `${canary}\r\n` } }),
    ],
    [
      'no client secret, as if PKCE replaced it',
      FACTS_CLIENT,
      'client.clientSecret',
      () => ({ ...base(), client: { clientId: client.clientId } }),
    ],
    [
      'a secret of another type',
      FACTS_CLIENT,
      'client.clientSecret',
      (canary) => ({ ...base(), client: { ...client, clientSecret: { value: canary } } }),
    ],
    [
      'a public client',
      FACTS_CLIENT,
      'client.clientType',
      () => ({ ...base(), client: { ...client, clientType: 'public' } }),
    ],
    [
      'an authentication that Webex does not know',
      FACTS_CLIENT,
      'client.clientAuthentication',
      () => ({ ...base(), client: { ...client, clientAuthentication: 'private_key_jwt' } }),
    ],
    [
      'a redirect URI with a fragment',
      'RFC 6749 3.1.2',
      'client.redirectUri',
      (canary) => ({ ...base(), client: { ...client, redirectUri: `https://app.example/#${canary}` } }),
    ],
    [
      'a redirect URI that is not encrypted',
      'RFC 9700 4.1',
      'client.redirectUri',
      (canary) => ({ ...base(), client: { ...client, redirectUri: `http://app.example/${canary}` } }),
    ],
    [
      'a scope that no scope can be',
      'RFC 6749 3.3',
      'client.scope',
      (canary) => ({ ...base(), client: { ...client, scope: [`"${canary}"`] } }),
    ],
    ['no store', 'design 6', 'store', () => ({ ...base(), store: undefined })],
    ['a path for a store', OURS_MANY, 'store', (canary) => ({ ...base(), store: `${canary}.db` })],
    ['no keys', 'design 6', 'keys', () => ({ ...base(), keys: undefined })],
    [
      'keys as the environment has them',
      'design 6',
      'keys',
      (canary) => ({ ...base(), keys: `k1:${canary}` }),
    ],
    ['an empty tenant', 'design 4.2', 'tenant', () => ({ ...base(), tenant: '' })],
    ['a login that is no object', OURS_MANY, 'login', (canary) => ({ ...base(), login: canary })],
    [
      'a subject where a function belongs',
      OURS_MANY,
      'login.subject',
      (canary) => ({ ...base(), login: { subject: canary } }),
    ],
    [
      'a hook by another name',
      OURS_MANY,
      'login.onLogIn',
      () => ({ ...base(), login: { onLogIn: () => undefined } }),
    ],
    [
      'a login that may take no time',
      'design 4.2',
      'login.lifetime',
      () => ({ ...base(), login: { lifetime: 0 } }),
    ],
    ['a staleness in words', OURS_MANY, 'maxStaleness', () => ({ ...base(), maxStaleness: '1s' })],
    ['a number that is none', OURS_MANY, 'verifyEvery', () => ({ ...base(), verifyEvery: Number.NaN })],
    ['a cache of less than nothing', OURS_MANY, 'cacheBytes', () => ({ ...base(), cacheBytes: -1 })],
    ['a switch in words', OURS_MANY, 'scheduler', () => ({ ...base(), scheduler: 'false' })],
    [
      'an endpoint that is not encrypted',
      'RFC 6749 3.2',
      'endpoints.tokenEndpoint',
      (canary) => ({ ...base(), endpoints: { tokenEndpoint: `http://idp.example/${canary}` } }),
    ],
    [
      'an endpoint with a user in it',
      'reliability B3',
      'endpoints.apiBase',
      (canary) => ({ ...base(), endpoints: { apiBase: `https://${canary}@webexapis.com/v1` } }),
    ],
    [
      'a region that is none',
      'webex-facts 1.3',
      'endpoints.region',
      (canary) => ({ ...base(), endpoints: canary }),
    ],
    [
      'an origin with a path',
      'reliability B3',
      'endpoints.allowedOrigins',
      (canary) => ({ ...base(), endpoints: { allowedOrigins: [`https://webexapis.com/${canary}`] } }),
    ],
    [
      'nobody who may sign ID tokens',
      'OpenID Connect Core 3.1.3.7',
      'endpoints.idTokenIssuers',
      () => ({ ...base(), endpoints: { idTokenIssuers: [] } }),
    ],
    [
      'a service app that is no object',
      'webex-facts 6.2',
      'serviceApp',
      (canary) => ({ ...base(), serviceApp: canary }),
    ],
    ['null for a service app', 'webex-facts 6.2', 'serviceApp', () => ({ ...base(), serviceApp: null })],
    [
      'an owner token that no header can carry',
      'RFC 6750 2.1',
      'serviceApp.ownerToken',
      (canary) => ({ ...base(), serviceApp: { ownerToken: `${canary}\r\nx: y` } }),
    ],
    [
      'an application id that would change the path',
      'webex-facts 6.2',
      'serviceApp.applicationId',
      (canary) => ({ ...base(), serviceApp: { ownerToken, applicationId: `../${canary}` } }),
    ],
    [
      'the organisation by its name',
      'webex-facts 7',
      'serviceApp.guestOrgId',
      (canary) => ({ ...base(), serviceApp: { ownerToken, guestOrgId: canary } }),
    ],
    [
      'a guest secret that is not base64',
      'webex-facts 5.1',
      'guestIssuer.secret',
      (canary) => ({ ...base(), guestIssuer: { issuer: 'Y2lz', secret: `${canary} (secret)` } }),
    ],
    [
      'half a guest issuer',
      'webex-facts 5.1',
      'guestIssuer.issuer',
      (canary) => ({ ...base(), guestIssuer: { secret: canary } }),
    ],
    ['a fetch that is none', OURS_MANY, 'fetch', (canary) => ({ ...base(), fetch: canary })],
    [
      'a transport without an end',
      OURS_MANY,
      'transport',
      () => ({ ...base(), transport: { send: () => undefined } }),
    ],
    ['a clock that only tells the time', OURS_MANY, 'clock', () => ({ ...base(), clock: Date })],
    ['a trace that is none', OURS_MANY, 'trace', (canary) => ({ ...base(), trace: canary })],
  ])('%s (%s)', async (_input, _source, settings, options) => {
    const kept = await keepOne(await rig.auth());
    const given = options(rig.leaks.canary('value')) as WebexAuthOptions;
    const error = await refused(() => WebexAuth.open(given));
    expect(settingsOf(error)).toEqual([settings].flat());
    expect((await (await rig.auth()).token('user-1')).accessToken).toBe(kept);
  });
});

describe('Webex.init refuses at once', () => {
  const credentials = {
    client_id: INTEGRATION.clientId,
    client_secret: INTEGRATION.clientSecret,
    redirect_uri: INTEGRATION.redirectUris[0],
  };

  it.each<Row>([
    ['null', OURS, 'options', () => null],
    ['a list of tokens', 'incumbent 1.1', 'options', (canary) => [canary]],
    ['a bare token with a line break', 'RFC 6750 2.1', 'Webex.init(token)', (canary) => `${canary}\r\nx: y`],
    ['a setting of WebexAuth', OURS, 'client', (canary) => ({ credentials, client: { clientId: canary } })],
    [
      'credentials in camel case',
      'incumbent 1.1',
      'credentials.clientId',
      (canary) => ({ credentials: { ...credentials, clientId: canary } }),
    ],
    ['credentials that are no object', 'incumbent 1.1', 'credentials', () => ({ credentials: 42 })],
    ['a config that is no object', 'incumbent 1.1', 'config', (canary) => ({ credentials, config: canary })],
    [
      'an expiry in seconds where milliseconds belong',
      'incumbent 1.1',
      'credentials.expires',
      (canary) => ({ credentials: { access_token: canary, expires: 1_767_225_600 } }),
    ],
    [
      'a token of another kind',
      'RFC 6750 2.1',
      'credentials.token_type',
      (canary) => ({ credentials: { access_token: canary, token_type: 'mac' } }),
    ],
    [
      'an authorization string of somebody else',
      'webex-facts 2.1',
      'credentials.authorizationString',
      (canary) => ({ credentials: { authorizationString: `http://login.example/?client_id=${canary}` } }),
    ],
    [
      'a callback that is none',
      'webex-facts 5.1',
      'credentials.jwtRefreshCallback',
      (canary) => ({ credentials: { jwtRefreshCallback: canary } }),
    ],
    [
      'a service that is not encrypted',
      'webex-facts 1.5',
      'config.services.override.identity',
      (canary) => ({
        credentials,
        config: { services: { override: { identity: `http://${canary}.example` } } },
      }),
    ],
    [
      'a subject that could be a bot',
      'design 4.2',
      'subject',
      (canary) => ({ credentials, subject: `bot:${canary}` }),
    ],
    ['a subject of another type', OURS, 'subject', () => ({ credentials, subject: 42 })],
    ['a store that is none', OURS, 'store', (canary) => ({ credentials, store: { path: canary } })],
    ['null for a store', OURS, 'store', () => ({ credentials, store: null })],
    [
      'keys that are none',
      'design 6',
      'keys',
      (canary) => ({ credentials, store: memoryStore(), keys: [canary] }),
    ],
    ['a clock that is none', OURS, 'clock', () => ({ credentials, clock: () => 0 })],
    ['a switch in numbers', OURS, 'discovery', () => ({ credentials, discovery: 1 })],
    ['a number without an end', OURS, 'verifyEvery', () => ({ credentials, verifyEvery: Infinity })],
    [
      'endpoints as a list',
      OURS,
      'endpoints',
      (canary) => ({ credentials, endpoints: [`https://${canary}.example`] }),
    ],
  ])('%s (%s)', async (_input, _source, settings, options) => {
    const given = options(rig.leaks.canary('value')) as WebexOptions;
    expect(settingsOf(await refused(() => Webex.init(given)))).toEqual([settings].flat());
  });
});

describe('setConfig refuses, and the configuration before it stays in force', () => {
  it.each<Row>([
    ['null', 'incumbent 1.1', 'config', () => null],
    ['a list', 'incumbent 1.1', 'config', (canary) => [canary]],
    ['a section that is none', 'incumbent 1.1', 'config.nonsense', (canary) => ({ nonsense: canary })],
    [
      'a setting by another name',
      'incumbent 1.1',
      'credentials.clientId',
      (canary) => ({ credentials: { clientId: canary } }),
    ],
    ['credentials that are no object', 'incumbent 1.1', 'credentials', () => ({ credentials: 42 })],
    [
      'half another client',
      FACTS_CLIENT,
      'credentials.client_secret',
      (canary) => ({ credentials: { client_id: canary } }),
    ],
    ['a switch in words', 'webex-facts 1.4', 'config.fedramp', () => ({ fedramp: 'yes' })],
  ])('%s (%s)', async (_input, _source, settings, config) => {
    const webex = await rig.webex();
    const { access_token } = await rig.signIn(webex);
    const before = webex.config;
    const given = config(rig.leaks.canary('value')) as Parameters<Webex['setConfig']>[0];
    const error = await refused(() => webex.setConfig(given));
    expect(settingsOf(error)).toEqual([settings].flat());
    expect([webex.config, webex.ready]).toEqual([before, true]);
    expect((await webex.credentials.getUserToken()).access_token).toBe(access_token);
  });

  it('on a handle of one of many: it belongs to the WebexAuth', async () => {
    const auth = await rig.auth();
    await keepOne(auth);
    const handle = await auth.user('user-1');
    expect(settingsOf(await refused(() => handle.setConfig({})))).toEqual(['config']);
  });
});

// Methods as callers without types see them: any arguments.
type Loose<Methods> = { [Name in keyof Methods]: (...given: unknown[]) => unknown };
interface Doors {
  auth: Loose<
    Pick<
      WebexAuth,
      'bot' | 'guest' | 'serviceApp' | 'device' | 'clientToken' | 'token' | 'validate' | 'receiveWebhook'
    >
  >;
  grants: Loose<Pick<WebexAuth['grants'], 'import' | 'update' | 'list'>>;
  credentials: Loose<
    Pick<
      Webex['credentials'],
      'getUserToken' | 'getClientToken' | 'validate' | 'buildLoginUrl' | 'buildLogoutUrl'
    >
  >;
  authorization: Loose<
    Pick<
      Webex['authorization'],
      | 'initiateLogin'
      | 'completeLogin'
      | 'requestAuthorizationCodeGrant'
      | 'requestAccessTokenFromJwt'
      | 'requestDeviceGrant'
      | 'createJwt'
    >
  >;
  webex: Loose<Pick<Webex, 'whenReady'>>;
  services: Loose<Pick<Webex['services'], 'discoverForEmail'>>;
}
type Call = readonly [
  input: string,
  source: string,
  settings: string | readonly string[],
  call: (doors: Doors, canary: string) => unknown,
];

describe('a call with options that cannot be right sends nothing and costs no grant', () => {
  const onPrompt = (): void => undefined;
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;

  it.each<Call>([
    ['auth.bot: no token', 'RFC 6750 2.1', 'accessToken', ({ auth }) => auth.bot(undefined)],
    [
      'auth.bot: a token with white space',
      'RFC 6750 2.1',
      'accessToken',
      ({ auth }, canary) => auth.bot(`${canary} ${canary}`),
    ],
    [
      'auth.bot: a token of 17 KB',
      'reliability B9',
      'accessToken',
      ({ auth }) => auth.bot('x'.repeat(17_000)),
    ],
    ['auth.guest: nothing', 'webex-facts 5.2', 'options', ({ auth }) => auth.guest()],
    [
      'auth.guest: neither subject nor name',
      'webex-facts 5.2',
      ['guest.subject', 'guest.displayName'],
      ({ auth }) => auth.guest({ orgId: ORG }),
    ],
    [
      'auth.guest: a name over two lines',
      'webex-facts 5.2',
      'guest.displayName',
      ({ auth }, canary) => auth.guest({ subject: 'g', displayName: `${canary}\n`, orgId: ORG }),
    ],
    [
      'auth.guest: an organisation that is none',
      'webex-facts 7',
      'orgId',
      ({ auth }, canary) => auth.guest({ subject: 'g', displayName: 'G', orgId: canary }),
    ],
    [
      'auth.guest: nobody to make guests with',
      'webex-facts 5',
      'serviceApp.guestOrgId',
      ({ auth }) => auth.guest({ subject: 'g', displayName: 'G' }),
    ],
    ['auth.serviceApp: no organisation', 'webex-facts 6.2', 'orgId', ({ auth }) => auth.serviceApp()],
    [
      "auth.serviceApp: a person's id",
      'webex-facts 7',
      'orgId',
      ({ auth }) => auth.serviceApp(Buffer.from(`ciscospark://us/PEOPLE/${ORG}`).toString('base64')),
    ],
    [
      'auth.serviceApp: no owner token is configured',
      'webex-facts 6.2',
      'serviceApp.ownerToken',
      ({ auth }) => auth.serviceApp(ORG),
    ],
    ['auth.device: nothing', 'RFC 8628 3.3', 'options', ({ auth }) => auth.device()],
    ['auth.device: nobody to show the code to', 'RFC 8628 3.3', 'onPrompt', ({ auth }) => auth.device({})],
    [
      'auth.device: a prompt that is no function',
      'RFC 8628 3.3',
      'onPrompt',
      ({ auth }, canary) => auth.device({ onPrompt: canary }),
    ],
    [
      'auth.device: an OpenID scope',
      'webex-facts 2.3',
      'scope',
      ({ auth }) => auth.device({ onPrompt, scope: 'openid' }),
    ],
    [
      'auth.device: scopes that are none',
      'RFC 6749 3.3',
      'scope',
      ({ auth }, canary) => auth.device({ onPrompt, scope: [`${canary} x`] }),
    ],
    [
      'auth.device: a subject that could be a guest',
      'design 4.2',
      'subject',
      ({ auth }, canary) => auth.device({ onPrompt, subject: `guest:${canary}` }),
    ],
    ['auth.clientToken: no scope', 'webex-facts 6.1', 'scope', ({ auth }) => auth.clientToken()],
    [
      'auth.clientToken: a scope of another type',
      'RFC 6749 3.3',
      'scope',
      ({ auth }) => auth.clientToken([42]),
    ],
    [
      'auth.token: a life in words',
      OURS_MANY,
      'minTtl',
      ({ auth }) => auth.token('user-1', { minTtl: '60s' }),
    ],
    [
      'auth.token: scopes of another type',
      OURS_MANY,
      'requireScope',
      ({ auth }) => auth.token('user-1', { requireScope: 42 }),
    ],
    ['auth.validate: null', OURS_MANY, 'options', ({ auth }) => auth.validate('user-1', null)],
    [
      'auth.validate: a life that is no number',
      OURS_MANY,
      'minTtl',
      ({ auth }) => auth.validate('user-1', { minTtl: Number.NaN }),
    ],
    [
      'auth.validate: a switch in words',
      OURS_MANY,
      'remote',
      ({ auth }) => auth.validate('user-1', { remote: 'no' }),
    ],
    ['auth.receiveWebhook: nothing', 'webex-facts 8', 'webhook', ({ auth }) => auth.receiveWebhook()],
    [
      'auth.receiveWebhook: an empty secret, with which anybody signs',
      'webex-facts 8',
      'webhook.secret',
      ({ auth }) =>
        auth.receiveWebhook({
          body: '{}',
          secret: '',
          signature: createHmac('sha1', '').update('{}').digest('hex'),
        }),
    ],
    [
      'auth.receiveWebhook: a body that was parsed already',
      'webex-facts 8',
      'webhook.body',
      ({ auth }, canary) => auth.receiveWebhook({ body: { event: canary }, secret: canary, signature: '' }),
    ],
    [
      'auth.receiveWebhook: no signature',
      'webex-facts 8',
      'WEBHOOK_SIGNATURE_INVALID',
      ({ auth }, canary) => auth.receiveWebhook({ body: '{}', secret: canary, signature: undefined }),
    ],
    [
      'auth.receiveWebhook: signed with another secret',
      'webex-facts 8',
      'WEBHOOK_SIGNATURE_INVALID',
      ({ auth }, canary) =>
        auth.receiveWebhook({
          body: '{}',
          secret: canary,
          signature: createHmac('sha1', 'x').update('{}').digest('hex'),
        }),
    ],
    [
      'auth.receiveWebhook: signed, and not JSON',
      'webex-facts 8',
      'PROTOCOL_ERROR',
      ({ auth }, canary) =>
        auth.receiveWebhook({
          body: canary,
          secret: canary,
          signature: createHmac('sha1', canary).update(canary).digest('hex'),
        }),
    ],
    [
      'grants.import: a subject that could be a service app',
      'design 4.2',
      'subject',
      ({ grants }, canary) => grants.import(`service-app:${canary}`, {}),
    ],
    [
      'grants.import: no answer',
      'RFC 6749 5.1',
      'tokenResponse',
      ({ grants }) => grants.import('user-1', null),
    ],
    [
      'grants.import: an answer without a token',
      'RFC 6749 5.1',
      'PROTOCOL_ERROR',
      ({ grants }, canary) => grants.import('user-1', { token: canary }),
    ],
    [
      'grants.import: received at a date in words',
      'RFC 6749 5.1',
      'receivedAt',
      ({ grants }, canary) =>
        grants.import('user-1', { access_token: canary, expires_in: 60 }, { receivedAt: '2026-01-01' }),
    ],
    [
      'grants.update: no fields',
      OURS_MANY,
      'custom',
      ({ grants }, canary) => grants.update('user-1', { fields: canary }),
    ],
    [
      'grants.update: fields that JSON cannot hold',
      OURS_MANY,
      'custom',
      ({ grants }) => grants.update('user-1', { custom: { big: 1n } }),
    ],
    [
      'grants.list: a limit that is no number',
      OURS_MANY,
      'limit',
      ({ grants }) => grants.list({ limit: Number.NaN }),
    ],
    [
      'getUserToken: an empty list',
      'webex-facts 3.2',
      'scope',
      ({ credentials }) => credentials.getUserToken([]),
    ],
    ['getUserToken: null', 'webex-facts 3.2', 'scope', ({ credentials }) => credentials.getUserToken(null)],
    [
      'getUserToken: two scopes in one',
      'RFC 6749 3.3',
      'scope',
      ({ credentials }, canary) => credentials.getUserToken([`a ${canary}`]),
    ],
    [
      'getClientToken: a scope by itself',
      'webex-facts 6.1',
      'options',
      ({ credentials }, canary) => credentials.getClientToken(canary),
    ],
    [
      'getClientToken: scopes of another type',
      'webex-facts 6.1',
      'scope',
      ({ credentials }) => credentials.getClientToken({ scope: {} }),
    ],
    [
      'buildLoginUrl: a state that is text',
      'webex-facts 2.1',
      'state',
      ({ credentials }, canary) => credentials.buildLoginUrl({ state: canary }),
    ],
    [
      'buildLoginUrl: a state that goes in a circle',
      'webex-facts 2.1',
      'state',
      ({ credentials }) => credentials.buildLoginUrl({ state: circle }),
    ],
    [
      'buildLoginUrl: a public client',
      'webex-facts 2.1',
      'clientType',
      ({ credentials }) => credentials.buildLoginUrl({ clientType: 'public' }),
    ],
    [
      'buildLoginUrl: another response type',
      'webex-facts 2.1',
      'response_type',
      ({ credentials }) => credentials.buildLoginUrl({ response_type: 'token' }),
    ],
    [
      'buildLoginUrl: scopes of another type',
      'webex-facts 2.1',
      'scope',
      ({ credentials }) => credentials.buildLoginUrl({ scope: 42 }),
    ],
    [
      'buildLoginUrl: a parameter that is an object',
      'webex-facts 2.1',
      'prompt',
      ({ credentials }, canary) => credentials.buildLoginUrl({ prompt: { canary } }),
    ],
    [
      'buildLogoutUrl: a token for the URL',
      'RFC 9700 4.3',
      'token',
      ({ credentials }, canary) => credentials.buildLogoutUrl({ token: canary }),
    ],
    [
      'buildLogoutUrl: script in place of an address',
      'RFC 9700 4.11',
      'goto',
      ({ credentials }, canary) => credentials.buildLogoutUrl({ goto: `javascript:${canary}` }),
    ],
    [
      'buildLogoutUrl: a path, which Webex would read as its own',
      'webex-facts 1.2',
      'goto',
      ({ credentials }) => credentials.buildLogoutUrl({ goto: '/bye' }),
    ],
    ['initiateLogin: null', OURS, 'options', ({ authorization }) => authorization.initiateLogin(null)],
    [
      'initiateLogin: scopes of another type',
      'RFC 6749 3.3',
      'scope',
      ({ authorization }) => authorization.initiateLogin({ scope: 42 }),
    ],
    [
      'initiateLogin: a state of its own',
      'reliability A1',
      'parameters.state',
      ({ authorization }, canary) => authorization.initiateLogin({ parameters: { state: canary } }),
    ],
    [
      'initiateLogin: an answer in another place',
      'webex-facts 2.1',
      'parameters.response_mode',
      ({ authorization }) => authorization.initiateLogin({ parameters: { response_mode: 'fragment' } }),
    ],
    [
      'initiateLogin: a parameter that is an object',
      'webex-facts 2.1',
      'parameters.prompt',
      ({ authorization }, canary) => authorization.initiateLogin({ parameters: { prompt: { canary } } }),
    ],
    [
      'initiateLogin: a starter that is a number',
      'reliability A3',
      'starter',
      ({ authorization }) => authorization.initiateLogin({ starter: 42 }),
    ],
    [
      'completeLogin: nothing',
      'reliability A2',
      'STATE_MISMATCH',
      ({ authorization }) => authorization.completeLogin(),
    ],
    [
      'completeLogin: a transaction that is a number',
      'reliability A2',
      'STATE_MISMATCH',
      ({ authorization }) => authorization.completeLogin('https://app.example/?code=c', 42),
    ],
    [
      'requestAuthorizationCodeGrant: a code by itself',
      'RFC 6749 4.1.3',
      'options',
      ({ authorization }, canary) => authorization.requestAuthorizationCodeGrant(canary),
    ],
    [
      'requestAuthorizationCodeGrant: no code',
      'RFC 6749 4.1.3',
      'code',
      ({ authorization }) => authorization.requestAuthorizationCodeGrant({ code: '' }),
    ],
    [
      'requestAuthorizationCodeGrant: a verifier that would cost the code',
      'RFC 7636 4.1',
      'codeVerifier',
      ({ authorization }, canary) =>
        authorization.requestAuthorizationCodeGrant({ code: 'c', codeVerifier: `${canary}=` }),
    ],
    [
      'requestAccessTokenFromJwt: nothing',
      'webex-facts 5.1',
      'options',
      ({ authorization }) => authorization.requestAccessTokenFromJwt(),
    ],
    [
      'requestDeviceGrant: nothing',
      'RFC 8628 3.3',
      'options',
      ({ authorization }) => authorization.requestDeviceGrant(),
    ],
    [
      'createJwt: no issuer at all',
      'webex-facts 5.1',
      ['guestIssuer.issuer', 'guestIssuer.secret'],
      ({ authorization }) => authorization.createJwt(),
    ],
    ['whenReady: a time in words', OURS, 'timeout', ({ webex }) => webex.whenReady({ timeout: '5s' })],
    [
      'discoverForEmail: no address',
      'webex-facts 1.5',
      'email',
      ({ services }, canary) => services.discoverForEmail(canary),
    ],
  ])('%s (%s)', async (_input, _source, settings, call) => {
    const auth = await rig.auth();
    const kept = await keepOne(auth);
    const webex = await auth.user('user-1');
    const { credentials, authorization, services } = webex;
    const doors = {
      auth,
      grants: auth.grants,
      credentials,
      authorization,
      webex,
      services,
    } as unknown as Doors;
    const canary = rig.leaks.canary('value');
    const error = await refused(() => call(doors, canary));
    expect(settingsOf(error)).toEqual([settings].flat());
    expect((await auth.token('user-1')).accessToken).toBe(kept);
    expect(await auth.grants.list()).toMatchObject([{ subject: 'user-1', state: 'live', generation: 1 }]);
  });

  it('lists everything that is wrong at once', async () => {
    const options = {
      ...rig.authOptions(),
      store: 'db',
      keys: KeyRing,
      clock: 1,
      cacheBytes: '1',
      discovery: 'no',
    };
    const error = await refused(() => WebexAuth.open(options as unknown as WebexAuthOptions));
    expect(settingsOf(error).toSorted()).toEqual(['cacheBytes', 'clock', 'discovery', 'keys', 'store']);
  });
});
