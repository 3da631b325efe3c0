import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Fault, IdTokenFault } from '../../src/emulator/emulator.js';
import type { CreateJwtOptions, ErrorCode, Webex } from '../../src/index.js';
import { ORG } from '../support/principals.js';
import { badInputRig } from './bad-input-rig.js';

const rig = badInputRig();

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const current = async (webex: Webex): Promise<string> =>
  (await webex.credentials.getUserToken()).access_token;

function guestIssuer(): { issuer: string; secret: string } {
  const [known] = rig.emulator.guestIssuers;
  if (!known) throw new Error('the emulator has no guest issuer');
  rig.leaks.watch(known.secret, 'guest secret');
  return known;
}

describe('createJwt refuses what Webex would answer with a bare 401, and sends nothing', () => {
  it.each<readonly [string, string, string, (canary: string) => CreateJwtOptions]>([
    ['an issuer with white space', 'webex-facts 5.1', 'issuer', (canary) => ({ issuer: `${canary} x` })],
    [
      'an issuer that is an object',
      'webex-facts 5.1',
      'issuer',
      (canary) => ({ issuer: { canary } as unknown as string }),
    ],
    ['a secret that is no base64', 'webex-facts 5.1', 'secret', (canary) => ({ secretId: `${canary}!` })],
    ['a secret of a few bytes', 'webex-facts 5.1', 'secret', () => ({ secretId: 'c2hvcnQ=' })],
    [
      'a subject with an address in it',
      'webex-facts 5.1',
      'subject',
      (canary) => ({ subject: `${canary}@example.com` }),
    ],
    ['a subject of 10 KB', 'webex-facts 5.1', 'subject', () => ({ subject: 'x'.repeat(10_000) })],
    [
      'a name over two lines',
      'webex-facts 5.1',
      'displayName',
      (canary) => ({ displayName: `${canary}\nx` }),
    ],
    ['half a character', 'RFC 8259 8.2', 'displayName', () => ({ displayName: '\ud800' })],
    ['no life at all', 'webex-facts 5.1', 'expiresIn', () => ({ expiresIn: 0 })],
    ['an instant in seconds for a life', 'webex-facts 9', 'expiresIn', () => ({ expiresIn: 1_767_225_600 })],
    [
      'an instant in milliseconds for a life',
      'webex-facts 9',
      'expiresIn',
      () => ({ expiresIn: 1_767_225_600_000 }),
    ],
    ['a life that is no number', 'RFC 7519 4.1.4', 'expiresIn', () => ({ expiresIn: Number.NaN })],
    ['a time span that nobody knows', 'webex-facts 5.1', 'expiresIn', () => ({ expiresIn: '1 fortnight' })],
  ])('%s (%s)', async (_input, _source, setting, wrong) => {
    const webex = await rig.webexWithToken();
    const { issuer, secret: secretId } = guestIssuer();
    const options = { issuer, secretId, ...wrong(rig.leaks.canary('value')) };
    rig.emulator.ledger.clear();
    const error = await rig.refusal(() => webex.authorization.createJwt(options));
    expect(error).toMatchObject({
      code: 'CONFIGURATION_INVALID',
      problems: [{ setting: `guestIssuer.${setting}` }],
    });
    expect(rig.emulator.ledger.entries).toEqual([]);
  });
});

const IN_AN_HOUR = (): number => Math.floor(Date.now() / 1000) + 3600;

/** A JWT as a program of one's own makes it; `key` is what it is signed with. */
function jwtOf({
  header = { alg: 'HS256', typ: 'JWT' },
  claims,
  key,
  hash = 'sha256',
}: {
  header?: object;
  claims: unknown;
  key: string | Buffer;
  hash?: string;
}): string {
  const content = `${part(header)}.${part(claims)}`;
  return `${content}.${createHmac(hash, key).update(content).digest('base64url')}`;
}

describe('a guest JWT that is wrong: the guest before stays, and a right one works', () => {
  type Make = (issuer: { issuer: string; key: Buffer; secret: string }) => unknown;

  it.each<readonly [string, string, Make, ErrorCode]>([
    ['empty', 'webex-facts 5.1', () => '', 'CONFIGURATION_INVALID'],
    ['an object', 'webex-facts 5.1', () => ({ jwt: 'eyJ' }), 'CONFIGURATION_INVALID'],
    [
      'with another header field behind it',
      'reliability B9',
      () => 'eyJ.e30.x\r\nx-admin: 1',
      'CONFIGURATION_INVALID',
    ],
    ['after the word Bearer', 'webex-facts 5.1', () => 'Bearer eyJ.e30.x', 'CONFIGURATION_INVALID'],
    ['17 KB', 'RFC 7519', () => `eyJ.${'x'.repeat(17_000)}.x`, 'CONFIGURATION_INVALID'],
    ['rubbish', 'RFC 7519 7.2', () => 'rubbish', 'INVALID_GRANT'],
    [
      'without a signature',
      'RFC 7519 7.2',
      () => `${part({ alg: 'HS256' })}.${part({ sub: 'a' })}`,
      'INVALID_GRANT',
    ],
    [
      'of algorithm none',
      'RFC 8725 3.1',
      ({ issuer }) => `${part({ alg: 'none' })}.${part({ iss: issuer, sub: 'a', exp: IN_AN_HOUR() })}.`,
      'INVALID_GRANT',
    ],
    [
      'of another algorithm',
      'webex-facts 5.1',
      ({ issuer, key }) =>
        jwtOf({
          header: { alg: 'HS512' },
          claims: { iss: issuer, sub: 'a', exp: IN_AN_HOUR() },
          key,
          hash: 'sha512',
        }),
      'INVALID_GRANT',
    ],
    [
      "signed with the secret's text",
      'webex-facts 9',
      ({ issuer, secret }) => jwtOf({ claims: { iss: issuer, sub: 'a', exp: IN_AN_HOUR() }, key: secret }),
      'INVALID_GRANT',
    ],
    [
      'signed with a secret that was replaced',
      'webex-facts 5.1',
      ({ issuer }) =>
        jwtOf({ claims: { iss: issuer, sub: 'a', exp: IN_AN_HOUR() }, key: Buffer.alloc(32, 1) }),
      'INVALID_GRANT',
    ],
    [
      'of an issuer that was removed',
      'webex-facts 9',
      ({ key }) => jwtOf({ claims: { iss: 'Y2lz', sub: 'a', exp: IN_AN_HOUR() }, key }),
      'INVALID_GRANT',
    ],
    [
      'that has expired',
      'webex-facts 9',
      ({ issuer, key }) => jwtOf({ claims: { iss: issuer, sub: 'a', exp: IN_AN_HOUR() - 7200 }, key }),
      'INVALID_GRANT',
    ],
    [
      'with its end in milliseconds',
      'webex-facts 9',
      ({ issuer, key }) => jwtOf({ claims: { iss: issuer, sub: 'a', exp: IN_AN_HOUR() * 1000 }, key }),
      'INVALID_GRANT',
    ],
    [
      'without an end',
      'webex-facts 5.1',
      ({ issuer, key }) => jwtOf({ claims: { iss: issuer, sub: 'a' }, key }),
      'INVALID_GRANT',
    ],
    [
      'for nobody',
      'webex-facts 5.1',
      ({ issuer, key }) => jwtOf({ claims: { iss: issuer, exp: IN_AN_HOUR() }, key }),
      'INVALID_GRANT',
    ],
    ['whose claims are a list', 'RFC 7519 7.2', ({ key }) => jwtOf({ claims: [], key }), 'INVALID_GRANT'],
  ])('%s (%s)', async (_input, _source, make, code) => {
    const { issuer, secret } = guestIssuer();
    const key = Buffer.from(secret, 'base64');
    const webex = await rig.webexWithToken();
    const kept = await current(webex);
    const jwt = make({ issuer, key, secret }) as string;
    if (typeof jwt === 'string' && jwt.length > 40) rig.leaks.watch(jwt.slice(0, 2_000), 'JWT');
    rig.emulator.ledger.clear();
    expect((await rig.refusal(() => webex.authorization.requestAccessTokenFromJwt({ jwt }))).code).toBe(code);
    expect(rig.emulator.ledger.count()).toBe(code === 'CONFIGURATION_INVALID' ? 0 : 1);
    expect(await current(webex)).toBe(kept);
    const right = jwtOf({ claims: { iss: issuer, sub: 'a', exp: IN_AN_HOUR() }, key });
    await webex.authorization.requestAccessTokenFromJwt({ jwt: right });
    expect(webex.credentials.isUnverifiedGuest).toBe(true);
  });
});

const JWKS: Fault['route'] = /^GET .*verificationjwk/;
const TOKEN: Fault['route'] = 'POST /v1/access_token';

describe('an ID token that is wrong: nothing is kept, the grant before stays, and the next sign-in works', () => {
  type Spoil = () => void;
  const given = (id_token: unknown): Spoil => {
    return () => {
      const access_token = rig.leaks.canary('token');
      rig.emulator.faults.add({ route: TOKEN, body: { access_token, token_type: 'Bearer', id_token } });
    };
  };
  const wrong = (fault: IdTokenFault): Spoil => {
    return () => rig.emulator.setIdTokenFault(fault);
  };
  const keys = (fault: Omit<Fault, 'route'>): Spoil => {
    return () => void rig.emulator.faults.add({ ...fault, route: JWKS });
  };
  const core = 'OpenID Connect Core 3.1.3.7';

  it.each<readonly [string, string, Spoil, ErrorCode]>([
    ['of another issuer', core, wrong('wrong-issuer'), 'ID_TOKEN_INVALID'],
    ['for another client', core, wrong('wrong-audience'), 'ID_TOKEN_INVALID'],
    ['expired', core, wrong('expired'), 'ID_TOKEN_INVALID'],
    ['of another sign-in', core, wrong('wrong-nonce'), 'ID_TOKEN_INVALID'],
    ['with a signature that was changed', core, wrong('bad-signature'), 'ID_TOKEN_INVALID'],
    ['by a key that nobody publishes', core, wrong('unknown-key'), 'ID_TOKEN_INVALID'],
    ['of algorithm none', 'RFC 8725 3.1', wrong('alg-none'), 'ID_TOKEN_INVALID'],
    ['signed with the public key as secret', 'RFC 8725 2.1', wrong('hs256'), 'ID_TOKEN_INVALID'],
    ['missing', core, wrong('missing'), 'ID_TOKEN_INVALID'],
    ['a number', 'RFC 7519 7.2', given(42), 'ID_TOKEN_INVALID'],
    ['no JWT', 'RFC 7519 7.2', given('rubbish'), 'ID_TOKEN_INVALID'],
    ['encrypted', 'RFC 7516 3.1', given('eyJ.x.x.x.x'), 'ID_TOKEN_INVALID'],
    [
      '20 KB',
      'reliability F4',
      given(`${part({})}.${part({ x: 'x'.repeat(20_000) })}.x`),
      'ID_TOKEN_INVALID',
    ],
    ['and its keys are a page', 'reliability F3', keys({ body: '<html>' }), 'PROTOCOL_ERROR'],
    ['and its keys are no list', 'RFC 7517 5.1', keys({ body: { keys: {} } }), 'PROTOCOL_ERROR'],
    ['and there are no keys', 'RFC 7517 5.1', keys({ body: { keys: [] } }), 'ID_TOKEN_INVALID'],
    [
      'and its keys are secrets',
      'RFC 8725 2.1',
      keys({ body: { keys: [null, 'x', { kty: 'oct', k: 'c2VjcmV0' }] } }),
      'ID_TOKEN_INVALID',
    ],
    [
      'and there are a thousand keys',
      'reliability F4',
      keys({ body: { keys: Array.from({ length: 1000 }, () => ({})) } }),
      'PROTOCOL_ERROR',
    ],
    [
      'and its keys are elsewhere',
      'reliability B5',
      keys({ status: 302, headers: { Location: '/elsewhere' } }),
      'PROTOCOL_ERROR',
    ],
    ['and its keys cannot be had', 'reliability F3', keys({ status: 503 }), 'SERVICE_UNAVAILABLE'],
  ])('%s (%s)', async (_input, _source, spoil, code) => {
    const webex = await rig.webexWithToken();
    const kept = await current(webex);
    const scope = ['openid', 'spark:people_read'];
    const { callback, transaction } = await rig.redirect(webex, scope);
    spoil();
    expect((await rig.refusal(() => webex.authorization.completeLogin(callback, transaction))).code).toBe(
      code,
    );
    expect(await current(webex)).toBe(kept);
    rig.emulator.setIdTokenFault(undefined);
    rig.emulator.faults.clear();
    const again = await rig.redirect(webex, scope);
    const { supertoken } = await webex.authorization.completeLogin(again.callback, again.transaction);
    expect(supertoken.id_token).toMatch(/^eyJ/);
  });

  it('and userinfo is about somebody else (OpenID Connect Core 5.3.2)', async () => {
    const webex = await rig.webexWithToken();
    const kept = await current(webex);
    const { callback, transaction } = await rig.redirect(webex, ['openid']);
    rig.emulator.faults.add({ route: 'GET /v1/userinfo', body: { sub: ORG, name: 'Somebody else' } });
    const { code } = await rig.refusal(() => webex.authorization.completeLogin(callback, transaction));
    expect(code).toBe('ID_TOKEN_INVALID');
    expect(await current(webex)).toBe(kept);
  });
});

describe('an access token whose claims are odd tells nothing, and serves as it is', () => {
  const header = part({ alg: 'RS256' });

  it.each<readonly [string, string, string]>([
    ['opaque, of two parts', 'webex-facts 7', `${'a'.repeat(64)}_P0A1`],
    ['opaque, with a name for an organisation', 'webex-facts 7', `${'a'.repeat(64)}_P0A1_acme`],
    ['opaque, with something behind the organisation', 'webex-facts 7', `${'a'.repeat(64)}_P0A1_${ORG}-x`],
    ['a JWT of two parts', 'RFC 7519 7.2', `${header}.${part({ realm: ORG, user_type: 'guest' })}`],
    ['a JWT without JSON', 'RFC 7519 7.2', `${header}.bm8ganNvbg.x`],
    ['a JWT of null', 'RFC 7519 7.2', `${header}.${part(null)}.x`],
    [
      'a JWT whose organisation is a list',
      'webex-facts 7',
      `${header}.${part({ realm: [ORG], user_type: ['guest'] })}.x`,
    ],
    ['a JWT with a path for an organisation', 'webex-facts 7', `${header}.${part({ realm: `../${ORG}` })}.x`],
    [
      'a JWT whose claims are those of its prototype',
      'reliability F8',
      `${header}.${Buffer.from(`{"__proto__":{"realm":"${ORG}","user_type":"guest"}}`).toString('base64url')}.x`,
    ],
    ['a guest in other letters', 'webex-facts 5.1', `${header}.${part({ user_type: 'Guest' })}.x`],
  ])('%s (%s)', async (_input, _source, access_token) => {
    const webex = await rig.webex({ credentials: { access_token } });
    rig.watch({ access_token });
    expect((await rig.refusal(() => webex.credentials.getOrgId())).code).toBe('GRANT_NOT_FOUND');
    expect(webex.credentials.isUnverifiedGuest).toBe(false);
    expect([webex.canAuthorize, await current(webex)]).toEqual([true, access_token]);
  });
});
