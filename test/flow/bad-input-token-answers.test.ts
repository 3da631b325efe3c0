import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { errorBodies, type Fault } from '../../src/emulator/emulator.js';
import type { ErrorCode, Supertoken, Webex } from '../../src/index.js';
import { INTEGRATION, ORG } from '../support/principals.js';
import { badInputRig } from './bad-input-rig.js';

const rig = badInputRig();

type Body = Record<string, unknown>;

const ELSEWHERE = '/elsewhere';

/** One endpoint that gives tokens, and how an application comes to ask it. */
interface Door {
  /** Which requests get the bad answer. */
  route: Fault['route'];
  /** What the token is called in its answer. */
  token: string;
  /** A good answer, but for this token. */
  good: (token: string) => Body;
  prepare: (expected: ErrorCode) => Promise<Asking>;
}

interface Asking {
  ask: () => Promise<unknown>;
  /** The token that was there before, from the store. */
  before: () => Promise<string>;
  /** What the request carries besides the client's secret. */
  secrets: readonly (string | undefined)[];
  /** Asking again once the endpoint is well; undefined where the one way to ask is used up. */
  again?: () => Promise<unknown>;
}

const oauth = (access_token: string): Body => ({
  access_token,
  token_type: 'Bearer',
  expires_in: 3600,
  refresh_token: rig.leaks.canary('offered refresh token'),
  refresh_token_expires_in: 7200,
});
const current = async (webex: Webex): Promise<string> =>
  (await webex.credentials.getUserToken()).access_token;

const DOORS = {
  'code exchange': {
    route: 'POST /v1/access_token',
    token: 'access_token',
    good: oauth,
    async prepare() {
      const webex = await rig.webexWithToken();
      const { callback, transaction } = await rig.redirect(webex);
      return {
        ask: () => webex.authorization.completeLogin(callback, transaction),
        before: () => current(webex),
        secrets: [new URL(callback).searchParams.get('code') ?? ''],
        again: () => rig.signIn(webex),
      };
    },
  },
  refresh: {
    route: 'POST /v1/access_token',
    token: 'access_token',
    good: oauth,
    async prepare() {
      const webex = await rig.webex();
      const { refresh_token } = await rig.signIn(webex);
      return {
        ask: () => webex.refresh(),
        before: () => current(webex),
        secrets: [refresh_token],
        again: () => webex.refresh(),
      };
    },
  },
  'client credentials': {
    route: 'POST /v1/access_token',
    token: 'access_token',
    good: oauth,
    async prepare() {
      const webex = await rig.webexWithToken();
      const ask = () => webex.credentials.getClientToken({ scope: 'spark:people_read' });
      return { ask, before: () => current(webex), secrets: [], again: ask };
    },
  },
  'device authorization': {
    route: 'POST /v1/device/authorize',
    token: 'device_code',
    good: deviceCodes,
    async prepare() {
      const webex = await rig.webexWithToken();
      const neverShown = (): never => {
        throw new Error('a code was shown');
      };
      const ask = () => webex.authorization.requestDeviceGrant({ onPrompt: neverShown });
      return { ask, before: () => current(webex), secrets: [] };
    },
  },
  'device token': {
    route: 'POST /v1/device/token',
    token: 'access_token',
    good: oauth,
    async prepare(expected) {
      const webex = await rig.webexWithToken();
      const code = rig.leaks.canary('device code');
      // What only polling again could mend ends with the code; a code that lives long must end at the first answer.
      const expires_in = expected === 'DEVICE_CODE_EXPIRED' ? 0.2 : 300;
      const body = { ...deviceCodes(code), expires_in };
      rig.emulator.faults.add({ route: 'POST /v1/device/authorize', body });
      const ask = () => webex.authorization.requestDeviceGrant({ onPrompt: () => undefined });
      return { ask, before: () => current(webex), secrets: [code] };
    },
  },
  'guest JWT': {
    route: 'POST /v1/jwt/login',
    token: 'token',
    good: (token) => ({ token, expiresIn: 3600 }),
    async prepare() {
      const webex = await rig.webex();
      const [{ issuer, secret: secretId } = { issuer: '', secret: '' }] = rig.emulator.guestIssuers;
      rig.leaks.watch(secretId, 'guest secret');
      const { jwt } = await webex.authorization.createJwt({ issuer, secretId, subject: 'guest-1' });
      rig.leaks.watch(jwt, 'JWT');
      const ask = () => webex.authorization.requestAccessTokenFromJwt({ jwt });
      await ask();
      return { ask, before: () => current(webex), secrets: [jwt], again: ask };
    },
  },
  'guest of a service app': {
    route: 'POST /v1/guests/token',
    token: 'accessToken',
    good: (accessToken) => ({
      id: 'Y2lz',
      displayName: 'G',
      email: 'g@example.com',
      accessToken,
      expiresIn: 3600,
    }),
    async prepare() {
      const auth = await rig.appAuth();
      const subject = (await auth.guest({ subject: 'guest-1', displayName: 'First' })).subject;
      const ask = () => auth.guest({ subject: 'guest-1', displayName: 'Second' });
      const { accessToken } = await auth.token(`service-app:${ORG}`);
      const before = async () => (await auth.token(subject)).accessToken;
      return { ask, before, secrets: [accessToken], again: ask };
    },
  },
  'service app': {
    route: /^POST \/v1\/applications\//,
    token: 'access_token',
    good: oauth,
    async prepare() {
      const ownerToken = rig.emulator.issuePersonalToken();
      rig.watch({ access_token: ownerToken });
      const auth = await rig.appAuth({ serviceApp: { ownerToken } });
      const { subject } = await auth.serviceApp(ORG);
      const secret = rig.leaks.canary('webhook secret');
      const data = { authorizerOrgId: ORG };
      const body = JSON.stringify({ resource: 'serviceApp', event: 'authorized', data });
      const signature = createHmac('sha1', secret).update(body).digest('hex');
      const ask = () => auth.receiveWebhook({ body, signature, secret });
      const before = async () => (await auth.token(subject)).accessToken;
      return { ask, before, secrets: [ownerToken], again: ask };
    },
  },
  'scope reduction': {
    route: 'POST /idb/oauth2/v1/access_token',
    token: 'access_token',
    good: (access_token) => ({
      access_token,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'spark:people_read',
    }),
    async prepare() {
      const webex = await rig.webex();
      const { access_token } = await rig.signIn(webex);
      const ask = () => webex.credentials.getUserToken('spark:people_read');
      return { ask, before: () => current(webex), secrets: [access_token], again: ask };
    },
  },
} as const satisfies Record<string, Door>;

type DoorName = keyof typeof DOORS;
const NAMES = Object.keys(DOORS) as DoorName[];

function deviceCodes(device_code: string): Body {
  const verification_uri = 'https://login.example/device';
  return { device_code, user_code: '123456', verification_uri, expires_in: 300, interval: 0.01 };
}

/** What came back, and what it is called. */
interface Row {
  input: string;
  source: string;
  /** `good` is what this endpoint answers when it is well, with a token of its own. */
  answer: (
    good: Body,
    door: { token: string; kept: string; secrets: readonly string[] },
  ) => Omit<Fault, 'route'>;
  code: ErrorCode;
  /** Where Webex means something else by it. */
  but?: Partial<Record<DoorName, ErrorCode>>;
  /** Only there; by default everywhere. */
  only?: readonly DoorName[];
}

const HTML = { 'Content-Type': 'text/html' };
const PAGE = '<html><body><form action="/portal">Sign in to this network</form></body></html>';
const WITH_TYPE: readonly DoorName[] = [
  'code exchange',
  'refresh',
  'client credentials',
  'device token',
  'service app',
  'scope reduction',
];
const WITH_REFRESH: readonly DoorName[] = ['code exchange', 'refresh', 'device token'];
const REFUSED_JWT = { 'guest JWT': 'INVALID_GRANT' } as const;

const UNREADABLE: readonly Row[] = [
  {
    input: 'nothing at all',
    source: 'reliability F3',
    answer: () => ({ status: 200 }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'a page of a captive portal with 200',
    source: 'reliability F3',
    answer: () => ({ status: 200, headers: HTML, body: PAGE }),
    code: 'PROTOCOL_ERROR',
  },
  { input: 'null', source: 'reliability F3', answer: () => ({ body: 'null' }), code: 'PROTOCOL_ERROR' },
  {
    input: 'the answer in a list',
    source: 'reliability F3',
    answer: (good) => ({ body: [good] }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'the answer as a string of JSON',
    source: 'reliability F3',
    answer: (good) => ({ body: JSON.stringify(JSON.stringify(good)) }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'an answer cut in its middle',
    source: 'reliability F3',
    answer: (good) => ({ body: JSON.stringify(good).slice(0, -20) }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'two answers in one',
    source: 'reliability F3',
    answer: (good) => ({ body: JSON.stringify(good) + JSON.stringify(good) }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'lists, 100,000 deep',
    source: 'reliability F3',
    answer: () => ({ body: '['.repeat(100_000) + ']'.repeat(100_000) }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'the answer below __proto__',
    source: 'reliability F8',
    answer: (good) => ({ body: `{"__proto__": ${JSON.stringify(good)}}` }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'a form in place of JSON',
    source: 'RFC 6749 5.1',
    answer: (good) => ({ body: new URLSearchParams(good as Record<string, string>).toString() }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'no token',
    source: 'reliability F5',
    answer: (good, { token }) => ({ body: { ...good, [token]: undefined } }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'an empty token',
    source: 'RFC 6749 A.12',
    answer: (good, { token }) => ({ body: { ...good, [token]: '' } }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'a token that is a number',
    source: 'RFC 6749 5.1',
    answer: (good, { token }) => ({ body: { ...good, [token]: 12_345_678 } }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'a token with another header field in it',
    source: 'reliability B9',
    answer: (good, { token }) => ({ body: { ...good, [token]: `${String(good[token])}\r\nx-admin: 1` } }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'a token in other letters than ASCII',
    source: 'RFC 6750 2.1',
    answer: (good, { token }) => ({ body: { ...good, [token]: `${String(good[token])}é` } }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'a token of 1 MB',
    source: 'reliability B9',
    answer: (good, { token }) => ({ body: { ...good, [token]: 'x'.repeat(1_000_000) } }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'a token of another type',
    source: 'RFC 6749 7.1',
    answer: (good) => ({ body: { ...good, token_type: 'mac' } }),
    code: 'PROTOCOL_ERROR',
    only: WITH_TYPE,
  },
  {
    input: 'a refresh token with line breaks',
    source: 'RFC 6749 A.17',
    answer: (good) => ({ body: { ...good, refresh_token: `${String(good['refresh_token'])}\r\n` } }),
    code: 'PROTOCOL_ERROR',
    only: WITH_REFRESH,
  },
  {
    input: 'an error with 200',
    source: 'reliability F7',
    answer: () => ({ status: 200, body: { error: 'invalid_grant' } }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: '10 MB around a good answer',
    source: 'reliability F4',
    answer: (good) => ({ body: { ...good, padding: 'x'.repeat(10_000_000) } }),
    code: 'RESPONSE_TOO_LARGE',
  },
  {
    input: 'a connection that ends in the body',
    source: 'reliability F2',
    answer: (good) => ({ body: good, truncateBodyAt: 30 }),
    code: 'NETWORK_ERROR',
  },
];

const STATUSES: readonly Row[] = [
  {
    input: '204, and nothing',
    source: 'reliability F3',
    answer: () => ({ status: 204 }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: '302 to elsewhere',
    source: 'reliability B5',
    answer: () => ({ status: 302, headers: { Location: `${rig.emulator.url}${ELSEWHERE}` } }),
    code: 'PROTOCOL_ERROR',
  },
  {
    input: 'shape A, 400, in words that nobody knows',
    source: 'webex-facts 4.1 A',
    answer: () => ({ ...errorBodies.gateway, status: 400 }),
    code: 'PROTOCOL_ERROR',
    but: { 'code exchange': 'INVALID_GRANT', ...REFUSED_JWT },
  },
  {
    input: 'shape B, 400 invalid_grant',
    source: 'webex-facts 4.1 B',
    answer: () => errorBodies.oauth,
    code: 'INVALID_GRANT',
    but: { refresh: 'REAUTH_REQUIRED' },
  },
  {
    input: 'shape B, 401 invalid_client',
    source: 'webex-facts 4.1 B',
    answer: () => ({ status: 401, body: { error: 'invalid_client' } }),
    code: 'INVALID_CLIENT',
    but: REFUSED_JWT,
  },
  {
    input: 'shape C, 401',
    source: 'webex-facts 4.1 C',
    answer: () => errorBodies.flat,
    code: 'UNAUTHORIZED',
    but: REFUSED_JWT,
  },
  {
    input: 'shape D, 400',
    source: 'webex-facts 4.1 D',
    answer: () => errorBodies.contactCenter,
    code: 'PROTOCOL_ERROR',
    but: REFUSED_JWT,
  },
  {
    input: 'shape E, 429 and a page',
    source: 'webex-facts 4.1 E',
    answer: () => errorBodies.html,
    code: 'RATE_LIMITED',
  },
  {
    input: 'shape E, 503 and nothing',
    source: 'webex-facts 4.1 E',
    answer: () => errorBodies.empty,
    code: 'SERVICE_UNAVAILABLE',
  },
  {
    input: '500 around a good answer',
    source: 'RFC 6749 5.1',
    answer: (good) => ({ status: 500, body: good }),
    code: 'SERVICE_UNAVAILABLE',
  },
  {
    input: '403 and the page of a proxy',
    source: 'reliability F7',
    answer: () => ({ status: 403, headers: HTML, body: PAGE }),
    code: 'FORBIDDEN',
    but: { 'service app': 'SERVICE_APP_NOT_AUTHORIZED' },
  },
  {
    input: '404',
    source: 'reliability F7',
    answer: () => ({ status: 404 }),
    code: 'PROTOCOL_ERROR',
    but: { 'service app': 'CONFIGURATION_INVALID' },
  },
  { input: '418', source: 'RFC 9110 15.5', answer: () => ({ status: 418 }), code: 'PROTOCOL_ERROR' },
  { input: '451', source: 'webex-facts 4.2', answer: () => ({ status: 451 }), code: 'PROTOCOL_ERROR' },
  {
    input: 'an error that repeats every secret, in the body and as tracking id',
    source: 'reliability B2',
    answer: (_good, { secrets }) => ({
      status: 400,
      headers: { Trackingid: secrets[0] ?? '' },
      body: { error: secrets.join(), error_description: secrets.join(' '), trackingId: secrets.at(-1) },
    }),
    code: 'PROTOCOL_ERROR',
    but: REFUSED_JWT,
  },
];

const PASSING: readonly ErrorCode[] = ['NETWORK_ERROR', 'RATE_LIMITED', 'SERVICE_UNAVAILABLE'];

/** What only one endpoint can say. */
const OF_ONE_DOOR: readonly Row[] = [
  ...(
    [
      ['an address that is script', 'RFC 8628 3.2', { verification_uri: 'javascript:alert(1)' }],
      [
        'an address that is not encrypted',
        'RFC 8628 5.4',
        { verification_uri: 'http://login.example/device' },
      ],
      [
        'a second address with a user in it',
        'RFC 8628 3.3.1',
        { verification_uri_complete: 'https://a@b.example/' },
      ],
      ['a code that writes to the terminal', 'reliability B10', { user_code: '12\u001b[2J34' }],
      ['codes that have ended', 'RFC 8628 3.2', { expires_in: 0 }],
      ['a life in words', 'RFC 8628 3.2', { expires_in: '300' }],
      ['an interval of no time', 'RFC 8628 3.2', { interval: 0 }],
    ] as const
  ).map(([input, source, change]): Row => ({
    input,
    source,
    answer: (good) => ({ body: { ...good, ...change } }),
    code: 'PROTOCOL_ERROR',
    only: ['device authorization'],
  })),
  {
    input: 'a word about redirect URIs',
    source: 'webex-facts 2.3',
    answer: () => ({
      status: 400,
      body: { message: 'redirect_uri_mismatch: redirect_uri is not registered' },
    }),
    code: 'UNAUTHORIZED_CLIENT',
    only: ['device authorization'],
  },
  {
    input: 'a token limit',
    source: 'webex-facts 2.3',
    answer: () => ({ status: 400, body: { errors: [{ description: 'tokenlimit_reached' }] } }),
    code: 'TOKEN_LIMIT_REACHED',
    only: ['device token'],
  },
  {
    input: 'a refusal in its text',
    source: 'webex-facts 2.3',
    answer: () => ({ status: 400, body: { message: 'access_denied' } }),
    code: 'ACCESS_DENIED',
    only: ['device token'],
  },
  {
    input: 'waiting, for ever, and no body',
    source: 'webex-facts 2.3',
    answer: () => ({ status: 428 }),
    code: 'DEVICE_CODE_EXPIRED',
    only: ['device token'],
  },
  {
    input: 'a guest without an id',
    source: 'webex-facts 5.2',
    answer: (good) => ({ body: { ...good, id: null } }),
    code: 'PROTOCOL_ERROR',
    only: ['guest of a service app'],
  },
  {
    input: 'the words of a dead refresh token',
    source: 'webex-facts 4.2',
    answer: () => ({
      status: 400,
      body: { message: 'The refresh token provided is expired, revoked, malformed, or invalid.' },
    }),
    code: 'REAUTH_REQUIRED',
    only: ['refresh'],
  },
  {
    input: 'invalid_request in place of invalid_grant',
    source: 'webex-facts 4.2',
    answer: () => ({ status: 400, body: { error: 'invalid_request' } }),
    code: 'REAUTH_REQUIRED',
    only: ['refresh'],
  },
  {
    input: 'a wrong secret, in words',
    source: 'webex-facts 4.2',
    answer: () => ({ status: 400, body: { message: 'Invalid client credentials' } }),
    code: 'INVALID_CLIENT',
    only: ['service app'],
  },
  {
    input: 'more scopes than were asked for',
    source: 'webex-facts 3.2',
    answer: (good) => ({ body: { ...good, scope: 'spark:people_read spark:all' } }),
    code: 'SCOPE_REDUCTION_FAILED',
    only: ['scope reduction'],
  },
  {
    input: 'the full token again',
    source: 'webex-facts 3.2',
    answer: (good, { kept }) => ({ body: { ...good, access_token: kept } }),
    code: 'SCOPE_REDUCTION_FAILED',
    only: ['scope reduction'],
  },
];

function expectedAt(door: DoorName, { code, but }: Row): ErrorCode {
  const own = but?.[door];
  if (own !== undefined) return own;
  if (door === 'scope reduction' && !PASSING.includes(code)) return 'SCOPE_REDUCTION_FAILED';
  return door === 'device token' && PASSING.includes(code) ? 'DEVICE_CODE_EXPIRED' : code;
}

describe.each(NAMES)('a bad answer to the %s', (name) => {
  const door: Door = DOORS[name];
  const rows = [...UNREADABLE, ...STATUSES, ...OF_ONE_DOOR].filter(
    ({ only }) => only?.includes(name) ?? true,
  );

  it.each(rows.map((row) => [row.input, row.source, row] as const))('%s (%s)', async (_, _source, row) => {
    const expected = expectedAt(name, row);
    const { ask, before, secrets, again } = await door.prepare(expected);
    const kept = await before();
    rig.watch({ access_token: kept });
    const sent = [...secrets, INTEGRATION.clientSecret].filter((secret) => secret !== undefined);
    const good = door.good(rig.leaks.canary('offered token'));
    const { token, route } = door;
    rig.emulator.faults.add({ ...row.answer(good, { token, kept, secrets: sent }), route });

    const error = await rig.refusal(ask);
    expect(error.code).toBe(expected);
    expect(await before()).toBe(kept);
    expect(rig.emulator.ledger.count(({ path }) => path === ELSEWHERE)).toBe(0);
    expect(Object.keys(Object.prototype)).toEqual([]);

    // A 429 shuts the token endpoint for as long as it says, and a verdict ends the grant.
    if (expected === 'RATE_LIMITED' || expected === 'REAUTH_REQUIRED') return;
    rig.emulator.faults.clear();
    await again?.();
  });
});

const DAY_S = 86_400;

describe('an odd answer that is understood all the same', () => {
  // What a refresh makes of it; `before` is the token set that was refreshed.
  type Odd = readonly [
    input: string,
    source: string,
    answer: (good: Body, before: Supertoken) => Omit<Fault, 'route'>,
    expected: (before: Supertoken) => Partial<Supertoken>,
  ];

  it.each<Odd>([
    [
      'no token type',
      'webex-facts 3.3',
      (good) => ({ body: { ...good, token_type: undefined } }),
      () => ({ expires_in: 3600 }),
    ],
    [
      'another spelling of Bearer',
      'RFC 6749 5.1',
      (good) => ({ body: { ...good, token_type: 'bEARER' } }),
      () => ({ expires_in: 3600 }),
    ],
    [
      'numbers as strings',
      'reliability F6',
      (good) => ({ body: { ...good, expires_in: '3600', refresh_token_expires_in: '7200' } }),
      () => ({ expires_in: 3600, refresh_token_expires_in: 7200 }),
    ],
    [
      'a number with letters behind it',
      'reliability F6',
      (good) => ({ body: { ...good, expires_in: '3600abc' } }),
      () => ({ expires_in: undefined }),
    ],
    [
      'a lifetime of null',
      'reliability F6',
      (good) => ({ body: { ...good, expires_in: null } }),
      () => ({ expires_in: undefined }),
    ],
    [
      'a lifetime beyond all numbers',
      'reliability F6',
      (good) => ({ body: JSON.stringify(good).replace('3600', '1e999') }),
      () => ({ expires_in: undefined }),
    ],
    [
      'a lifetime beyond all time',
      'reliability F6',
      (good) => ({ body: { ...good, expires_in: 2 ** 53 } }),
      () => ({ expires_in: 3652.5 * DAY_S }),
    ],
    [
      'a fraction of a second',
      'reliability F6',
      (good) => ({ body: { ...good, expires_in: 3600.9 } }),
      () => ({ expires_in: 3600 }),
    ],
    [
      'no refresh token',
      'RFC 6749 6',
      (good) => ({ body: { ...good, refresh_token: undefined } }),
      ({ refresh_token, refresh_token_expires }) => ({ refresh_token, refresh_token_expires }),
    ],
    [
      'an empty refresh token',
      'reliability F5',
      (good) => ({ body: { ...good, refresh_token: '' } }),
      ({ refresh_token }) => ({ refresh_token }),
    ],
    [
      'the same access token again',
      'webex-facts 3.4',
      (good, { access_token }) => ({ body: { ...good, access_token } }),
      ({ access_token }) => ({ access_token }),
    ],
    [
      'scopes as a list',
      'RFC 6749 3.3',
      (good) => ({ body: { ...good, scope: ['spark:people_read'] } }),
      ({ scope }) => ({ scope }),
    ],
    [
      'fewer scopes than were asked for',
      'webex-facts 6.4',
      (good) => ({ body: { ...good, scope: 'spark:people_read' } }),
      () => ({ missingScopes: INTEGRATION.scopes.filter((scope) => scope !== 'spark:people_read') }),
    ],
    [
      'an ID token that is a number, and was not asked for',
      'RFC 6749 5.1',
      (good) => ({ body: { ...good, id_token: 42 } }),
      () => ({ id_token: undefined }),
    ],
    [
      'members that nobody knows, under the names of prototypes',
      'reliability F8',
      (good) => ({
        body: JSON.stringify({ ...good, constructor: { prototype: { admin: 1 } } }).replace(
          '{',
          '{"__proto__":{"admin":1},',
        ),
      }),
      () => ({ expires_in: 3600 }),
    ],
    [
      'JSON that says it is text',
      'reliability F3',
      (good) => ({ headers: { 'Content-Type': 'text/plain' }, body: JSON.stringify(good) }),
      () => ({ expires_in: 3600 }),
    ],
    [
      'a byte order mark',
      'RFC 8259 8.1',
      (good) => ({ body: `\uFEFF${JSON.stringify(good)}` }),
      () => ({ expires_in: 3600 }),
    ],
  ])('%s (%s)', async (_input, _source, answer, expected) => {
    const webex = await rig.webex();
    const before = await rig.signIn(webex);
    const good = oauth(rig.leaks.canary('token'));
    rig.emulator.faults.add({ route: 'POST /v1/access_token', ...answer(good, before) });
    const after = await webex.refresh();
    for (const [name, value] of Object.entries(expected(before)))
      expect(Reflect.get(after, name), name).toEqual(value);
    expect(await current(webex)).toBe(after.access_token);
    expect(Object.keys(Object.prototype)).toEqual([]);
    rig.leaks.scanValue('as JSON', JSON.stringify(webex));
  });

  it('a guest lives as long as a number in a string says, and one without a lifetime until Webex refuses it', async () => {
    const webex = await rig.webex();
    const fault = { route: 'POST /v1/jwt/login', times: 1 };
    rig.emulator.faults.add({ ...fault, body: { token: rig.leaks.canary('guest'), expiresIn: '3600' } });
    rig.emulator.faults.add({ ...fault, body: { token: rig.leaks.canary('guest'), expires_in: 3600 } });
    const jwt = 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln';
    expect((await webex.authorization.requestAccessTokenFromJwt({ jwt })).expires_in).toBe(3600);
    expect((await webex.authorization.requestAccessTokenFromJwt({ jwt })).expires).toBeUndefined();
  });

  it("a guest's name is made printable, and no address is taken that cannot be printed", async () => {
    const auth = await rig.appAuth();
    const accessToken = rig.leaks.canary('guest');
    const odd = { displayName: 'A\u001b[2Jda\u202e', email: 42 };
    rig.emulator.faults.add({ route: 'POST /v1/guests/token', body: { id: 'Y2lz', accessToken, ...odd } });
    const { subject } = await auth.guest({ subject: 'guest-1', displayName: 'Ada' });
    const described = await auth.grants.get(subject);
    expect(described?.person).toMatchObject({ displayName: 'A[2Jda', email: undefined });
  });
});
