import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startEmulator } from '../../src/emulator/emulator.js';
import type { Emulator, EmulatorOptions, GuestIssuer } from '../../src/emulator/emulator.js';
import { fakeClock } from '../support/fake-clock.js';
import { temporaryDirectories } from '../support/temporary-directory.js';
import {
  CLIENT,
  MACHINE,
  askToken,
  callApi,
  codeFrom,
  emulatorForTest,
  exchangeOf,
  probe,
} from './emulator-client.js';
import { OTHER_ORG, SERVICE_APP, askServiceApp, idOf } from './service-app-client.js';

const newDirectory = temporaryDirectories();

const START = Date.UTC(2026, 0, 1);
const ORG = 'fa4e0000-0000-4000-8000-0000000000aa';
const ISSUER: GuestIssuer = {
  issuer: 'Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi90ZXN0',
  secret: Buffer.from('a secret of thirty-two bytes ok!').toString('base64'),
  orgId: ORG,
};
const OTHER: GuestIssuer = { issuer: 'other', secret: Buffer.from('quite another one').toString('base64') };
const CLAIMS = { sub: 'guest-1', name: 'Gia Guest', iss: ISSUER.issuer, exp: START / 1000 + 3600 };

/** A client whose own tokens are those of a service app. */
const SERVICE = { ...MACHINE, scopes: ['guest-issuer:write', 'guest-issuer:read', 'spark:all'] };

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs with the decoded secret, as an issuer must. */
function jwtOf(
  claims: object,
  {
    header = { alg: 'HS256', typ: 'JWT' },
    key = Buffer.from(ISSUER.secret, 'base64'),
  }: { header?: object; key?: Buffer | string } = {},
): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

interface Guest {
  status: number;
  body: { token: string; expiresIn: number; message?: string; errors?: unknown; trackingId?: string };
  headers: Headers;
}

async function login(emulator: Emulator, authorization: string | undefined, body?: string): Promise<Guest> {
  const response = await fetch(`${emulator.endpoints.apiBase}/jwt/login`, {
    method: 'POST',
    headers: authorization === undefined ? {} : { authorization },
    ...(body === undefined ? {} : { body }),
  });
  return {
    status: response.status,
    body: (await response.json()) as Guest['body'],
    headers: response.headers,
  };
}

async function withIssuer(options: EmulatorOptions = {}): Promise<Emulator> {
  return emulatorForTest({ clock: fakeClock(START), guestIssuers: [ISSUER, OTHER], ...options });
}

async function meOf(emulator: Emulator, token: string): Promise<Record<string, unknown>> {
  const response = await callApi(emulator, '/people/me', token);
  return (await response.json()) as Record<string, unknown>;
}

describe('a guest JWT', () => {
  test.each(['', 'Bearer ', 'bearer '])('is exchanged with %j before it', async (scheme) => {
    const emulator = await withIssuer();
    const { status, body, headers } = await login(emulator, `${scheme}${jwtOf(CLAIMS)}`);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({ token: expect.stringMatching(/^eyJ/) as string, expiresIn: 21_600 });
    const payload: unknown = JSON.parse(Buffer.from(body.token.split('.')[1] ?? '', 'base64url').toString());
    expect(payload).toMatchObject({ user_type: 'guest', realm: ORG, expiry_time: START + 21_600_000 });
    const cis = (payload as { cis_uuid: string }).cis_uuid;
    expect(await meOf(emulator, body.token)).toMatchObject({
      type: 'appuser',
      displayName: 'Gia Guest',
      emails: [`${cis}@appid.ciscospark.com`],
      id: Buffer.from(`ciscospark://us/PEOPLE/${cis}`).toString('base64').replace(/=+$/, ''),
      orgId: Buffer.from(`ciscospark://us/ORGANIZATION/${ORG}`).toString('base64').replace(/=+$/, ''),
    });
  });

  test('gives a token that ends by itself, and before that another as often as wanted', async () => {
    const emulator = await withIssuer({ lifetimes: { guestToken: 60 } });
    const jwt = jwtOf(CLAIMS);
    const [first, second] = [await login(emulator, jwt), await login(emulator, jwt)];
    expect([first.body.expiresIn, second.body.expiresIn]).toEqual([60, 60]);
    expect(second.body.token).not.toBe(first.body.token);
    emulator.clock.advance(59_999);
    expect(await probe(emulator, first.body.token)).toBe(200);
    emulator.clock.advance(1);
    expect(await probe(emulator, first.body.token)).toBe(401);
    expect((await login(emulator, jwt)).status).toBe(200);
  });

  test('is the same person for the same sub, and another one else', async () => {
    const emulator = await withIssuer();
    const idOf = async (claims: object, options?: Parameters<typeof jwtOf>[1]): Promise<unknown> =>
      (await meOf(emulator, (await login(emulator, jwtOf(claims, options))).body.token))['id'];
    const id = await idOf(CLAIMS);
    expect(await idOf({ ...CLAIMS, name: 'Renamed' })).toBe(id);
    expect(await idOf({ ...CLAIMS, sub: 'guest-2' })).not.toBe(id);
    const elsewhere = { key: Buffer.from(OTHER.secret, 'base64') };
    expect(await idOf({ ...CLAIMS, iss: OTHER.issuer }, elsewhere)).not.toBe(id);
  });

  test.each<[string, object]>([
    ['exp as digits', { ...CLAIMS, exp: String(CLAIMS.exp) }],
    ['an iat', { ...CLAIMS, iat: START / 1000 }],
    ['no name', { sub: CLAIMS.sub, iss: CLAIMS.iss, exp: CLAIMS.exp }],
    ['a claim nobody knows', { ...CLAIMS, more: true }],
  ])('may have %s', async (_name, claims) => {
    expect((await login(await withIssuer(), jwtOf(claims))).status).toBe(200);
  });

  test('keeps its person over a restart', async () => {
    const options = { dataDir: newDirectory(), guestIssuers: [ISSUER], clock: fakeClock(START) };
    const before = await startEmulator(options);
    const { body } = await login(before, jwtOf(CLAIMS));
    const me = await meOf(before, body.token);
    await before.close();
    const after = await startEmulator(options);
    expect(await meOf(after, body.token)).toEqual(me);
    await after.close();
  });
});

describe('a guest JWT is refused', () => {
  const good = jwtOf(CLAIMS);
  const [header = '', payload = '', signature = ''] = good.split('.');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const rsaSigned = `${encode({ alg: 'RS256', typ: 'JWT' })}.${payload}`;
  const none = encode({ alg: 'none', typ: 'JWT' });

  test.each<[string, string | undefined]>([
    ['when none is sent', undefined],
    ['when it is no JWT', 'made-up'],
    ['under another scheme', `Basic ${good}`],
    ['twice', `${good} ${good}`],
    ['with four parts', `${good}.${signature}`],
    ['without a signature', `${header}.${payload}`],
    ['with an empty signature', `${header}.${payload}.`],
    ['with half a signature', `${header}.${payload}.${signature.slice(0, 20)}`],
    ['with padding after the signature', `${good}=`],
    ['with another payload', `${header}.${encode({ ...CLAIMS, sub: 'guest-2' })}.${signature}`],
    ['with a header that is no JSON', `AAAA.${payload}.${signature}`],
    ['signed with the text of the secret', jwtOf(CLAIMS, { key: ISSUER.secret })],
    ['signed with another secret', jwtOf(CLAIMS, { key: 'another' })],
    ['signed with the secret of another issuer', jwtOf(CLAIMS, { key: Buffer.from(OTHER.secret, 'base64') })],
    ['with alg none', `${none}.${payload}.`],
    ['with alg none and a signature', jwtOf(CLAIMS, { header: { alg: 'none', typ: 'JWT' } })],
    [
      'with alg RS256, soundly signed',
      `${rsaSigned}.${createSign('sha256').update(rsaSigned).sign(privateKey).toString('base64url')}`,
    ],
    ['with alg RS256 over an HMAC', jwtOf(CLAIMS, { header: { alg: 'RS256', typ: 'JWT' } })],
    ['with alg HS512', jwtOf(CLAIMS, { header: { alg: 'HS512', typ: 'JWT' } })],
    ['with alg hs256', jwtOf(CLAIMS, { header: { alg: 'hs256', typ: 'JWT' } })],
    ['without alg', jwtOf(CLAIMS, { header: { typ: 'JWT' } })],
    ['with another typ', jwtOf(CLAIMS, { header: { alg: 'HS256', typ: 'JWE' } })],
    ['with crit', jwtOf(CLAIMS, { header: { alg: 'HS256', typ: 'JWT', crit: ['exp'] } })],
    ['from an unknown issuer', jwtOf({ ...CLAIMS, iss: 'nobody' })],
    ['without an issuer', jwtOf({ ...CLAIMS, iss: undefined })],
    ['without a sub', jwtOf({ ...CLAIMS, sub: undefined })],
    ['with an empty sub', jwtOf({ ...CLAIMS, sub: '' })],
    ['with an underscore in the sub', jwtOf({ ...CLAIMS, sub: 'guest_1' })],
    ['with an address as the sub', jwtOf({ ...CLAIMS, sub: 'a@example.com' })],
    ['with a line end after the sub', jwtOf({ ...CLAIMS, sub: 'guest-1\n' })],
    ['with a number as the sub', jwtOf({ ...CLAIMS, sub: 1 })],
    ['with a number as the name', jwtOf({ ...CLAIMS, name: 1 })],
    ['without exp', jwtOf({ ...CLAIMS, exp: undefined })],
    ['with exp in the past', jwtOf({ ...CLAIMS, exp: START / 1000 - 1 })],
    ['with exp now', jwtOf({ ...CLAIMS, exp: START / 1000 })],
    ['with exp in milliseconds', jwtOf({ ...CLAIMS, exp: START + 3_600_000 })],
    ['with exp in milliseconds, as digits', jwtOf({ ...CLAIMS, exp: String(START + 3_600_000) })],
    ['with a date as exp', jwtOf({ ...CLAIMS, exp: '2030-01-01' })],
    ['with an empty exp', jwtOf({ ...CLAIMS, exp: '' })],
    ['with a list as its claims', jwtOf([CLAIMS])],
  ])('%s', async (_name, authorization) => {
    const emulator = await withIssuer();
    expect((await login(emulator, good)).status).toBe(200);
    const { status, body, headers } = await login(emulator, authorization);
    expect(status).toBe(401);
    const { message } = body;
    expect(body).toEqual({
      message: expect.any(String) as string,
      errors: [{ description: message }],
      trackingId: headers.get('trackingid'),
    });
  });

  test('with a body', async () => {
    expect((await login(await withIssuer(), good, '{}')).status).toBe(400);
  });

  test('from the moment it ends', async () => {
    const emulator = await withIssuer();
    emulator.clock.advance(3_599_999);
    expect((await login(emulator, good)).status).toBe(200);
    emulator.clock.advance(1);
    expect((await login(emulator, good)).status).toBe(401);
  });

  test('with any one character of it changed', async () => {
    const emulator = await withIssuer();
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.constantFrom(...'AZaz09-_'), async (index, character) => {
        const changed = good.slice(0, index) + character + good.slice(index + 1);
        return ((await login(emulator, changed)).status === 200) === (changed === good);
      }),
      { numRuns: 60 },
    );
  });

  test('once its issuer is gone', async () => {
    expect((await login(await withIssuer({ guestIssuers: [OTHER] }), good)).status).toBe(401);
  });
});

describe('guest issuers', () => {
  test('there is one when none is given', async () => {
    const emulator = await emulatorForTest({ clock: fakeClock(START) });
    const [issuer] = emulator.guestIssuers;
    const key = Buffer.from(issuer?.secret ?? '', 'base64');
    const { status, body } = await login(emulator, jwtOf({ ...CLAIMS, iss: issuer?.issuer }, { key }));
    expect(status).toBe(200);
    const realm = Buffer.from(String((await meOf(emulator, body.token))['orgId']), 'base64').toString();
    expect(realm.endsWith(emulator.users[0]?.orgId ?? 'none')).toBe(true);
  });

  test.each([
    ['no id', [{ ...ISSUER, issuer: '' }]],
    ['one id twice', [ISSUER, { ...OTHER, issuer: ISSUER.issuer }]],
    ['no secret', [{ ...ISSUER, secret: '' }]],
    ['a secret that is no base64', [{ ...ISSUER, secret: 'not base64!' }]],
  ])('are refused with %s', async (_name, guestIssuers) => {
    await expect(startEmulator({ guestIssuers })).rejects.toMatchObject({ code: 'EMULATOR_BAD_OPTIONS' });
  });

  test('do not show their secret', async () => {
    const emulator = await withIssuer();
    await login(emulator, jwtOf(CLAIMS));
    const shown = await (await fetch(`${emulator.url}/_emulator`)).text();
    expect(shown + JSON.stringify(emulator.ledger.entries)).not.toContain(ISSUER.secret.slice(0, 24));
  });
});

async function serviceToken(emulator: Emulator, scope: string, client = SERVICE): Promise<string> {
  const { clientId: client_id, clientSecret: client_secret } = client;
  const { status, body } = await askToken(emulator, {
    client_id,
    client_secret,
    grant_type: 'client_credentials',
    scope,
  });
  expect(status).toBe(200);
  return body.access_token;
}

const withService = (options: EmulatorOptions = {}): Promise<Emulator> =>
  emulatorForTest({ clock: fakeClock(START), clients: [CLIENT, SERVICE], ...options });

const GUEST = { subject: 'customer 42', displayName: 'Gia Guest' };

async function askGuest(emulator: Emulator, token: string, body: unknown = GUEST) {
  const response = await callApi(emulator, '/guests/token', token, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

async function countGuests(emulator: Emulator, token: string): Promise<string> {
  const response = await callApi(emulator, '/guests/count', token);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
  return response.text();
}

describe('a service app', () => {
  test('gets a token for its guest', async () => {
    const emulator = await withService();
    const { status, body } = await askGuest(emulator, await serviceToken(emulator, 'guest-issuer:write'));
    expect(status).toBe(200);
    expect(body).toEqual({
      id: expect.any(String) as string,
      ...GUEST,
      email: expect.stringMatching(/^[0-9a-f-]{36}@appid\.ciscospark\.com$/) as string,
      accessToken: expect.stringMatching(/^eyJ/) as string,
      expiresIn: 64_799,
    });
    expect(await meOf(emulator, body['accessToken'] ?? '')).toMatchObject({
      id: body['id'],
      type: 'appuser',
      displayName: GUEST.displayName,
      emails: [body['email']],
    });
    emulator.clock.advance(64_799_000);
    expect(await probe(emulator, body['accessToken'] ?? '')).toBe(401);
  });

  test('gets as many as it asks for; a new name renames, and all stay good', async () => {
    const emulator = await withService();
    const token = await serviceToken(emulator, 'guest-issuer:write');
    const first = (await askGuest(emulator, token)).body;
    const second = (await askGuest(emulator, token, { ...GUEST, displayName: 'Renamed' })).body;
    expect([second['id'], second['email']]).toEqual([first['id'], first['email']]);
    expect(second['accessToken']).not.toBe(first['accessToken']);
    for (const { accessToken = '' } of [first, second]) {
      expect(await meOf(emulator, accessToken)).toMatchObject({ displayName: 'Renamed' });
    }
  });

  test('may use the token of its machine account, which makes guests of that organisation', async () => {
    const app = { ...SERVICE_APP, scopes: ['guest-issuer:write'] };
    const emulator = await emulatorForTest({ clients: [CLIENT, app] });
    await emulator.authorizeServiceApp(app.clientId, OTHER_ORG);
    const asked = { token: emulator.issuePersonalToken(), targetOrgId: OTHER_ORG };
    const { access_token } = (await askServiceApp(emulator, asked)).body;
    const { status, body } = await askGuest(emulator, access_token);
    expect(status).toBe(200);
    const { orgId } = await meOf(emulator, body['accessToken'] ?? '');
    expect(orgId).toBe(idOf('ORGANIZATION', OTHER_ORG));
    expect(await countGuests(emulator, access_token)).toBe('1');
  });

  test('counts its own guests, with either scope', async () => {
    const other = { ...SERVICE, clientId: `C${'0c'.repeat(32)}` };
    const emulator = await withService({ clients: [CLIENT, SERVICE, other], guestIssuers: [ISSUER] });
    const [write, read] = [
      await serviceToken(emulator, 'guest-issuer:write'),
      await serviceToken(emulator, 'guest-issuer:read'),
    ];
    expect(await countGuests(emulator, read)).toBe('0');
    await login(emulator, jwtOf(CLAIMS));
    for (const subject of ['a', 'b', 'a']) await askGuest(emulator, write, { ...GUEST, subject });
    expect([await countGuests(emulator, read), await countGuests(emulator, write)]).toEqual(['2', '2']);
    const theirs = await serviceToken(emulator, 'guest-issuer:write', other);
    expect(await countGuests(emulator, theirs)).toBe('0');
    const [mine, its] = [await askGuest(emulator, write), await askGuest(emulator, theirs)];
    expect(its.body['id']).not.toBe(mine.body['id']);
  });

  test.each([
    ['no subject', { displayName: 'Gia' }],
    ['an empty subject', { ...GUEST, subject: ' ' }],
    ['a number as the subject', { ...GUEST, subject: 1 }],
    ['no display name', { subject: 'a' }],
    ['an empty display name', { ...GUEST, displayName: '' }],
    ['a text', 'guest'],
    ['null', null],
    ['a list', [GUEST]],
  ])('is refused with %s', async (_name, body) => {
    const emulator = await withService();
    const token = await serviceToken(emulator, 'guest-issuer:write guest-issuer:read');
    expect((await askGuest(emulator, token, body)).status).toBe(400);
    expect(await countGuests(emulator, token)).toBe('0');
  });

  test('is refused with a form, and with broken JSON', async () => {
    const emulator = await withService();
    const token = await serviceToken(emulator, 'guest-issuer:write');
    const authorization = `Bearer ${token}`;
    const url = `${emulator.endpoints.apiBase}/guests/token`;
    const form = { method: 'POST', headers: { authorization }, body: new URLSearchParams(GUEST) };
    expect((await fetch(url, form)).status).toBe(415);
    const headers = { authorization, 'content-type': 'application/json' };
    expect((await fetch(url, { method: 'POST', headers, body: '{"subject":' })).status).toBe(400);
  });

  test('is refused without a token, or with one that lacks the scope, though it has spark:all', async () => {
    const emulator = await withService();
    expect((await askGuest(emulator, 'made-up')).status).toBe(401);
    expect((await callApi(emulator, '/guests/count', 'made-up')).status).toBe(401);
    expect((await askGuest(emulator, await serviceToken(emulator, 'guest-issuer:read'))).status).toBe(403);
    const all = await serviceToken(emulator, 'spark:all');
    expect((await askGuest(emulator, all)).status).toBe(403);
    expect((await callApi(emulator, '/guests/count', all)).status).toBe(403);
  });

  test('is not a person, whatever the scopes', async () => {
    const scopes = ['guest-issuer:write', 'guest-issuer:read'];
    const emulator = await withService({ clients: [{ ...CLIENT, scopes }] });
    const code = await codeFrom(emulator, { scope: scopes.join(' ') });
    const { access_token } = (await askToken(emulator, exchangeOf(code))).body;
    expect((await askGuest(emulator, access_token)).status).toBe(403);
    expect((await callApi(emulator, '/guests/count', access_token)).status).toBe(403);
  });
});
