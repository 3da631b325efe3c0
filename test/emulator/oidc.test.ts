import { createHmac, createPublicKey } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, importJWK, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startEmulator } from '../../src/emulator/emulator.js';
import type { Emulator, IdTokenFault } from '../../src/emulator/emulator.js';
import {
  CLIENT,
  MACHINE,
  VERIFIER,
  askToken,
  callApi,
  codeFrom,
  emulatorForTest,
  exchangeOf,
} from './emulator-client.js';

// One for all the tests that leave it as it was: every emulator makes an RSA key, which takes a while.
let emulator: Emulator;
beforeAll(async () => {
  const clients = [{ ...CLIENT, scopes: [...CLIENT.scopes, 'spark:all'] }, MACHINE];
  emulator = await startEmulator({ clients });
});
beforeEach(() => emulator.setIdTokenFault(undefined));
afterAll(() => emulator.close());

const OPENID = { scope: 'openid', nonce: 'nonce-1' };

interface OpenIdBody {
  access_token: string;
  refresh_token: string;
  scope: string;
  id_token?: string;
}

async function signedIn(
  emulator: Emulator,
  changes: Record<string, string> = OPENID,
  user?: string,
): Promise<OpenIdBody> {
  const { status, body } = await askToken(emulator, exchangeOf(await codeFrom(emulator, changes, user)));
  expect(status).toBe(200);
  return body as unknown as OpenIdBody;
}

async function idTokenOf(emulator: Emulator, user?: string): Promise<string> {
  const { id_token } = await signedIn(emulator, OPENID, user);
  if (id_token === undefined) throw new Error('no ID token');
  return id_token;
}

async function json<Body = Record<string, unknown>>(url: string): Promise<Body> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return (await response.json()) as Body;
}

const jwksOf = (emulator: Emulator): Promise<JSONWebKeySet> =>
  json<JSONWebKeySet>(emulator.endpoints.idTokenIssuers[0]!.jwksUri);

/** What an application has to check, done by a library that has nothing in common with the emulator. */
async function verify(emulator: Emulator, idToken: string, nonce = OPENID.nonce) {
  const { payload, protectedHeader } = await jwtVerify(idToken, createLocalJWKSet(await jwksOf(emulator)), {
    algorithms: ['RS256'],
    issuer: emulator.endpoints.idTokenIssuers[0]!.issuer,
    audience: CLIENT.clientId,
    currentDate: new Date(emulator.clock.now()),
    requiredClaims: ['exp', 'iat', 'auth_time', 'nonce', 'sub'],
  });
  if (payload['nonce'] !== nonce) throw new Error('another nonce');
  return { payload, protectedHeader };
}

describe('the ID token of a code exchange', () => {
  test('is signed with RS256 and says what openid gives, no more', async () => {
    const emulator = await emulatorForTest();
    const [ada] = emulator.users;
    const scope = 'openid email profile spark:people_read';
    const before = Math.floor(emulator.clock.now() / 1000);
    const code = await codeFrom(emulator, { scope, nonce: 'n "1"' });
    emulator.clock.advance(30_000);
    const { body } = await askToken(emulator, exchangeOf(code));
    const { id_token } = body as unknown as OpenIdBody;
    const { payload, protectedHeader } = await verify(emulator, id_token!, 'n "1"');
    expect(protectedHeader).toEqual({ alg: 'RS256', kid: expect.any(String) as string });
    const { iat = 0, exp = 0, auth_time } = payload;
    expect(payload).toEqual({
      aud: CLIENT.clientId,
      sub: ada!.id,
      iss: `${emulator.url}/idb`,
      nonce: 'n "1"',
      auth_time,
      iat,
      exp,
    });
    expect(exp - iat).toBe(7200);
    expect(iat).toBeGreaterThanOrEqual(before + 30);
    expect(auth_time).toBeLessThanOrEqual(iat - 29);
    expect(auth_time).toBeGreaterThanOrEqual(before);
  });

  test('comes on both paths of the token endpoint', async () => {
    const { idbrokerTokenEndpoint: url } = emulator.endpoints;
    const { body } = await askToken(emulator, exchangeOf(await codeFrom(emulator, OPENID)), { url });
    await verify(emulator, (body as unknown as OpenIdBody).id_token!);
  });

  test('is that of the person who signed in', async () => {
    for (const { email, id } of emulator.users) {
      expect(decodeJwt(await idTokenOf(emulator, email)).sub).toBe(id);
    }
  });

  test('is not there without openid, though a nonce was sent', async () => {
    const body = await signedIn(emulator, { scope: 'spark:people_read email', nonce: 'n' });
    expect(body).not.toHaveProperty('id_token');
  });

  test('is not there for a refused exchange, nor on a refresh', async () => {
    const wrong = { ...exchangeOf(await codeFrom(emulator, OPENID)), code_verifier: `${VERIFIER}x` };
    const refused = await askToken(emulator, wrong);
    expect([refused.status, 'id_token' in refused.body]).toEqual([400, false]);
    const { refresh_token } = await signedIn(emulator);
    const refreshed = await askToken(emulator, { grant_type: 'refresh_token', refresh_token });
    expect([refreshed.status, 'id_token' in refreshed.body]).toEqual([200, false]);
  });

  test('ends with its two hours', async () => {
    const emulator = await emulatorForTest();
    const idToken = await idTokenOf(emulator);
    emulator.clock.advance(7_190_000);
    await verify(emulator, idToken);
    emulator.clock.advance(10_000);
    await expect(verify(emulator, idToken)).rejects.toBeInstanceOf(errors.JWTExpired);
  });

  test('is signed by this emulator alone', async () => {
    const other = await emulatorForTest();
    const key = await importJWK((await jwksOf(other)).keys[1]!, 'RS256');
    await expect(jwtVerify(await idTokenOf(emulator), key)).rejects.toBeInstanceOf(
      errors.JWSSignatureVerificationFailed,
    );
  });
});

describe('JWKS', () => {
  test('has two RSA keys, public parts alone, and the first is not the one that signs', async () => {
    const { keys } = await jwksOf(emulator);
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(['e', 'kid', 'kty', 'n', 'use']);
      expect(key).toMatchObject({ kty: 'RSA', use: 'sig', e: 'AQAB' });
      expect(Buffer.from(key['n'] as string, 'base64url')).toHaveLength(256);
    }
    expect(new Set(keys.map(({ n }) => n)).size).toBe(2);
    const idToken = await idTokenOf(emulator);
    expect(decodeProtectedHeader(idToken).kid).toBe(keys[1]?.kid);
    await expect(jwtVerify(idToken, await importJWK(keys[0]!, 'RS256'))).rejects.toBeInstanceOf(
      errors.JWSSignatureVerificationFailed,
    );
  });

  test('is the same on both paths, and the same again', async () => {
    const keys = await jwksOf(emulator);
    expect(await json(`${emulator.url}/v1/verification`)).toEqual(keys);
    expect(await jwksOf(emulator)).toEqual(keys);
  });

  test('after a rotation shows the new key and the one before; after two no longer the first', async () => {
    const emulator = await emulatorForTest();
    const first = await idTokenOf(emulator);
    emulator.rotateSigningKey();
    const second = await idTokenOf(emulator);
    const kids = [first, second].map((token) => decodeProtectedHeader(token).kid);
    expect((await jwksOf(emulator)).keys.map(({ kid }) => kid)).toEqual(kids);
    await verify(emulator, first);
    await verify(emulator, second);
    emulator.rotateSigningKey('us');
    await verify(emulator, second);
    await expect(verify(emulator, first)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
    expect(() => emulator.rotateSigningKey('eu')).toThrow(
      expect.objectContaining({ code: 'EMULATOR_UNKNOWN_REGION' }),
    );
  });
});

describe('an ID token with a fault is wrong in that way alone', () => {
  const rejected: [IdTokenFault, (error: unknown) => void][] = [
    ['wrong-issuer', (error) => expect(error).toMatchObject({ claim: 'iss' })],
    ['wrong-audience', (error) => expect(error).toMatchObject({ claim: 'aud' })],
    ['expired', (error) => expect(error).toBeInstanceOf(errors.JWTExpired)],
    ['wrong-nonce', (error) => expect(error).toEqual(new Error('another nonce'))],
    ['bad-signature', (error) => expect(error).toBeInstanceOf(errors.JWSSignatureVerificationFailed)],
    ['unknown-key', (error) => expect(error).toBeInstanceOf(errors.JWKSNoMatchingKey)],
    ['alg-none', (error) => expect(error).toBeInstanceOf(errors.JOSEAlgNotAllowed)],
    ['hs256', (error) => expect(error).toBeInstanceOf(errors.JOSEAlgNotAllowed)],
  ];

  test.each(rejected)('%s', async (fault, check) => {
    emulator.setIdTokenFault(fault);
    check(await verify(emulator, await idTokenOf(emulator)).catch((error: unknown) => error));
  });

  test.each<[IdTokenFault, string]>([
    ['wrong-issuer', 'iss'],
    ['wrong-audience', 'aud'],
    ['wrong-nonce', 'nonce'],
  ])('%s changes %s, to what begins like the true one', async (fault, claim) => {
    const right = decodeJwt(await idTokenOf(emulator));
    emulator.setIdTokenFault(fault);
    const wrong = decodeJwt(await idTokenOf(emulator));
    const changed = ['iss', 'aud', 'nonce', 'sub'].filter((name) => wrong[name] !== right[name]);
    expect(changed).toEqual([claim]);
    expect(String(wrong[claim]).startsWith(String(right[claim]))).toBe(true);
  });

  test('expired is so by more than any tolerance, with its two hours behind it', async () => {
    emulator.setIdTokenFault('expired');
    const { exp = 0, iat = 0, auth_time } = decodeJwt(await idTokenOf(emulator));
    expect(exp - iat).toBe(7200);
    expect(auth_time).toBe(iat);
    expect(exp).toBeLessThan(emulator.clock.now() / 1000 - 3600);
  });

  test('unknown-key signs soundly with a key that is never shown', async () => {
    const emulator = await emulatorForTest();
    emulator.setIdTokenFault('unknown-key');
    const { kid, alg } = decodeProtectedHeader(await idTokenOf(emulator));
    expect(alg).toBe('RS256');
    for (let round = 0; round < 2; round++) {
      expect((await jwksOf(emulator)).keys.map((key) => key.kid)).not.toContain(kid);
      emulator.rotateSigningKey();
    }
  });

  test('alg-none has no signature at all, under a kid that is known', async () => {
    emulator.setIdTokenFault('alg-none');
    const token = await idTokenOf(emulator);
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.$/);
    const { alg, kid } = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as Record<
      string,
      string
    >;
    expect([alg, kid]).toEqual(['none', (await jwksOf(emulator)).keys[1]?.kid]);
  });

  test('hs256 is sound for whoever takes the public key for a secret', async () => {
    emulator.setIdTokenFault('hs256');
    const token = await idTokenOf(emulator);
    const { alg, kid } = decodeProtectedHeader(token);
    expect(alg).toBe('HS256');
    const jwk = (await jwksOf(emulator)).keys.find((key) => key.kid === kid)!;
    const pem = createPublicKey({ key: { kty: 'RSA', n: jwk['n']!, e: jwk['e']! }, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const [header, payload, signature] = token.split('.');
    const expected = createHmac('sha256', pem).update(`${header!}.${payload!}`).digest('base64url');
    expect(signature).toBe(expected);
  });

  test('missing leaves it out and gives the rest; undefined and reset mend all', async () => {
    const emulator = await emulatorForTest();
    emulator.setIdTokenFault('missing');
    const body = await signedIn(emulator);
    expect(body).not.toHaveProperty('id_token');
    expect(body.scope).toBe('openid');
    emulator.setIdTokenFault(undefined);
    await verify(emulator, await idTokenOf(emulator));
    emulator.setIdTokenFault('bad-signature');
    emulator.reset();
    await verify(emulator, await idTokenOf(emulator));
  });
});

describe('userinfo', () => {
  const userinfo = async (emulator: Emulator, token: string) => {
    const response = await callApi(emulator, '/userinfo', token);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const EMAIL = { email: 'ada@example.com', email_verified: 'true' };
  const PROFILE = {
    name: 'Ada Example',
    given_name: 'Ada',
    family_name: 'Example',
    updated_at: expect.any(Number) as number,
  };

  test.each<[string, object]>([
    ['openid', {}],
    ['openid email', EMAIL],
    ['openid profile', PROFILE],
    ['openid email profile', { ...EMAIL, ...PROFILE }],
  ])('for %s', async (scope, claims) => {
    const { access_token, id_token } = await signedIn(emulator, { scope, nonce: 'n' });
    const { status, body } = await userinfo(emulator, access_token);
    expect(status).toBe(200);
    expect(body).toEqual({ sub: decodeJwt(id_token!).sub, ...claims });
  });

  test.each(['spark:people_read', 'email profile', 'spark:all'])('is refused for %s', async (scope) => {
    const { access_token } = await signedIn(emulator, { scope, nonce: 'n' });
    expect((await userinfo(emulator, access_token)).status).toBe(403);
  });

  test('needs a live access token of a person', async () => {
    const emulator = await emulatorForTest({
      clients: [CLIENT, { ...MACHINE, scopes: ['openid'] }],
    });
    const { access_token, refresh_token, id_token } = await signedIn(emulator);
    const message = 'The request requires a valid access token set in the Authorization request header.';
    for (const token of ['', 'made-up', refresh_token, id_token!]) {
      const { status, body } = await userinfo(emulator, token);
      expect([status, body['message']]).toEqual([401, message]);
    }
    expect((await fetch(`${emulator.url}/v1/userinfo?access_token=${access_token}`)).status).toBe(401);
    emulator.revokeAll();
    expect((await userinfo(emulator, access_token)).status).toBe(401);
    const machine = { client_id: MACHINE.clientId, client_secret: MACHINE.clientSecret };
    const own = await askToken(emulator, { ...machine, grant_type: 'client_credentials', scope: 'openid' });
    expect((await userinfo(emulator, own.body.access_token)).status).toBe(403);
  });
});

describe('discovery', () => {
  test.each(['/v1', '/idb'])('%s names endpoints that are there', async (base) => {
    const { url } = emulator;
    const document = await json<Record<string, string | string[]>>(
      `${url}${base}/.well-known/openid-configuration`,
    );
    expect(document).toMatchObject({
      issuer: `${url}/idb`,
      response_types_supported: expect.arrayContaining(['code']) as string[],
      grant_types_supported: ['authorization_code', 'implicit', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['client_secret_basic'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
    for (const name of ['authorization', 'token', 'userinfo']) {
      const response = await fetch(String(document[`${name}_endpoint`]), { redirect: 'manual' });
      expect([name, response.status]).toEqual([
        name,
        { authorization: 400, token: 405, userinfo: 401 }[name],
      ]);
    }
    expect(await json(String(document['jwks_uri']))).toEqual(await jwksOf(emulator));
  });
});

describe('webfinger', () => {
  const ask = (query: string): Promise<Response> => fetch(`${emulator.url}/v1/.well-known/webfinger${query}`);

  test('names the issuer of a person', async () => {
    const response = await ask('?resource=acct:Ada@example.com');
    expect(response.headers.get('content-type')).toBe('application/jrd+json');
    expect(await response.json()).toEqual({
      subject: 'acct:Ada@example.com',
      links: [{ rel: 'http://openid.net/specs/connect/1.0/issuer', href: `${emulator.url}/idb` }],
    });
  });

  test.each([
    ['no resource', '', 400],
    ['two', '?resource=acct:ada@example.com&resource=acct:grace@example.com', 400],
    ['a stranger', '?resource=acct:mallory@example.com', 404],
    ['a bare address', '?resource=ada@example.com', 404],
    ['another scheme', '?resource=mailto:ada@example.com', 404],
  ])('%s is refused', async (_name, query, status) => {
    expect((await ask(query)).status).toBe(status);
  });
});
