import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IdTokenError, isWebexAuthError, TimeoutError } from '../../src/errors.js';
import { idTokenIssuer } from '../../src/platform/endpoints.js';
import { type IdTokenClaims, IdTokenVerifier } from '../../src/platform/id-token.js';
import { IssuerKeys } from '../../src/platform/issuer-keys.js';
import { fakeClock } from '../support/fake-clock.js';
import { type FakeCall, fakeFetch, json } from '../support/fake-fetch.js';

const US = idTokenIssuer('https://idbroker.webex.com');
const EU = idTokenIssuer('https://idbroker-eu.webex.com');
const CLIENT = 'C0ffee';
const rsa = (): { publicKey: KeyObject; privateKey: KeyObject } =>
  generateKeyPairSync('rsa', { modulusLength: 2048 });
const [usKey, euKey, nextKey] = [rsa(), rsa(), rsa()];
const jwk = ({ publicKey }: { publicKey: KeyObject }, more: object = {}): object => ({
  ...publicKey.export({ format: 'jwk' }),
  use: 'sig',
  ...more,
});

const START = Date.UTC(2026, 0, 1);
const NOW = START / 1000;
const claims = {
  iss: US.issuer,
  aud: CLIENT,
  sub: '5e9a1c2b-0000-4000-8000-00000000000a',
  auth_time: NOW - 10,
  iat: NOW,
  exp: NOW + 7_200,
  nonce: 'the-nonce',
};

type Signer = (input: string) => Buffer;
const rs256 =
  ({ privateKey }: { privateKey: KeyObject }): Signer =>
  (input) =>
    sign('sha256', Buffer.from(input), privateKey);
const base64url = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
function token(
  payload: unknown = claims,
  header: unknown = { alg: 'RS256', kid: 'us-1' },
  signer: Signer = rs256(usKey),
): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${signer(input).toString('base64url')}`;
}

const published = new Map<string, unknown[]>([
  [US.jwksUri, [jwk(usKey, { kid: 'us-1' }), jwk(nextKey, { kid: 'us-0' })]],
  [EU.jwksUri, [jwk(euKey, { kid: 'eu-1' })]],
]);
function rig(
  answer: (call: FakeCall) => Response | Promise<Response> = ({ url }) => json({ keys: published.get(url) }),
) {
  const clock = fakeClock(START);
  const { fetch, calls } = fakeFetch(answer);
  const verifier = new IdTokenVerifier({ issuers: [US, EU], fetch, clientId: CLIENT, clock });
  return { verifier, clock, calls };
}
const verify = (
  idToken: string | undefined,
  nonce: string | undefined = 'the-nonce',
): Promise<IdTokenClaims> => rig().verifier.verify(idToken, { nonce });
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'accepted',
    (error: unknown) => error,
  );

describe('a good ID token', () => {
  test('gives its claims, frozen', async () => {
    const found = await verify(token());
    expect(found).toEqual({
      iss: US.issuer,
      sub: claims.sub,
      aud: [CLIENT],
      exp: claims.exp,
      iat: claims.iat,
      authTime: claims.auth_time,
      nonce: 'the-nonce',
    });
    expect(Object.isFrozen(found) && Object.isFrozen(found.aud)).toBe(true);
  });

  test.each([
    [
      'profile',
      { name: 'Ann\u202e', given_name: 'Ann', family_name: 5 },
      { name: 'Ann', givenName: 'Ann', familyName: undefined },
    ],
    [
      'email',
      { email: 'ann@example.com', email_verified: true },
      { email: 'ann@example.com', emailVerified: true },
    ],
    [
      'email_verified in a string',
      { email: 'a@b', email_verified: 'true' },
      { email: 'a@b', emailVerified: true },
    ],
    ['email_verified false', { email: 'a@b', email_verified: false }, { emailVerified: false }],
    ['email_verified odd', { email: 'a@b', email_verified: 1 }, { emailVerified: undefined }],
    [
      'email with something invisible',
      { email: 'a\u200b@b', email_verified: true },
      { email: undefined, emailVerified: undefined },
    ],
    ['email_verified without email', { email_verified: true }, { emailVerified: undefined }],
    ['auth_time odd', { auth_time: 'soon' }, { authTime: undefined }],
    ['client alone in a list', { aud: [CLIENT] }, { aud: [CLIENT] }],
    ['several clients, for us', { aud: ['other', CLIENT], azp: CLIENT }, { aud: ['other', CLIENT] }],
    ['us as azp', { azp: CLIENT }, { aud: [CLIENT] }],
    ['expired 59 s ago', { exp: NOW - 59 }, { exp: NOW - 59 }],
    ['issued in 60 s', { iat: NOW + 60 }, { iat: NOW + 60 }],
    ['valid in 60 s', { nbf: NOW + 60 }, { sub: claims.sub }],
  ])('%s', async (_, changed, expected) => {
    expect(await verify(token({ ...claims, ...changed }))).toMatchObject(expected);
  });

  test('of another region is checked with the keys of that region', async () => {
    const { verifier, calls } = rig();
    const european = token({ ...claims, iss: EU.issuer }, { alg: 'RS256', kid: 'eu-1' }, rs256(euKey));
    expect((await verifier.verify(european)).iss).toBe(EU.issuer);
    expect(calls.map(({ url }) => url)).toEqual([EU.jwksUri]);
    expect(calls[0]?.init).toMatchObject({ method: 'GET', redirect: 'manual' });
    expect(calls[0]?.init.headers).not.toHaveProperty('authorization');
  });

  test('that names no key is tried with each', async () => {
    expect((await verify(token(claims, { alg: 'RS256' }))).sub).toBe(claims.sub);
    expect((await verify(token(claims, { alg: 'RS256' }, rs256(nextKey)))).sub).toBe(claims.sub);
  });
});

const publicPem = usKey.publicKey.export({ format: 'pem', type: 'spki' }).toString();
const without = (name: keyof typeof claims): object =>
  Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));

describe('a bad ID token', () => {
  test.each<[string, string | undefined, RegExp]>([
    ['none at all', undefined, /there is none/],
    ['empty', '', /there is none/],
    ['no JWT', 'canary', /cannot be read/],
    ['two parts', token().split('.').slice(0, 2).join('.'), /cannot be read/],
    ['five parts', `${token()}.canary.canary`, /cannot be read/],
    ['a payload that is no JSON', token('canary'), /cannot be read/],
    ['a payload that is a list', token([claims]), /cannot be read/],
    ['longer than 16 KiB', token({ ...claims, canary: 'x'.repeat(16_384) }), /cannot be read/],
    ['alg none', token(claims, { alg: 'none' }, () => Buffer.alloc(0)), /RS256/],
    ['alg none with a signature', token(claims, { alg: 'none', kid: 'us-1' }), /RS256/],
    ['alg nOnE', token(claims, { alg: 'nOnE', kid: 'us-1' }, () => Buffer.alloc(0)), /RS256/],
    [
      'HS256 with the public key as the secret',
      token(claims, { alg: 'HS256', kid: 'us-1' }, (input) =>
        createHmac('sha256', publicPem).update(input).digest(),
      ),
      /RS256/,
    ],
    [
      'RS512',
      token(claims, { alg: 'RS512', kid: 'us-1' }, (input) =>
        sign('sha512', Buffer.from(input), usKey.privateKey),
      ),
      /RS256/,
    ],
    ['no alg', token(claims, { kid: 'us-1' }), /cannot be read/],
    [
      'a critical extension',
      token(claims, { alg: 'RS256', kid: 'us-1', crit: ['canary'], canary: 1 }),
      /cannot be read/,
    ],
    [
      'an own key in the header',
      token(claims, { alg: 'RS256', kid: 'canary', jwk: jwk(euKey) }, rs256(euKey)),
      /no key/,
    ],
    ['an unknown kid', token(claims, { alg: 'RS256', kid: 'canary' }), /no key/],
    ['a kid that is no text', token(claims, { alg: 'RS256', kid: 5 }), /no key|cannot be read/],
    ['the kid of another key', token(claims, { alg: 'RS256', kid: 'us-0' }), /signature/],
    ['a key that is not published, unnamed', token(claims, { alg: 'RS256' }, rs256(euKey)), /signature/],
    ["another issuer's key", token(claims, { alg: 'RS256', kid: 'eu-1' }, rs256(euKey)), /no key/],
    [
      'a changed payload',
      `${token().split('.')[0]}.${base64url({ ...claims, sub: 'canary' })}.${token().split('.')[2]}`,
      /signature/,
    ],
    ['no signature', `${token().split('.').slice(0, 2).join('.')}.`, /signature|cannot be read/],
    ['no iss', token(without('iss')), /cannot be read/],
    ['iss in a list', token({ ...claims, iss: [US.issuer] }), /cannot be read/],
    ['iss with a slash at the end', token({ ...claims, iss: `${US.issuer}/` }), /issuer/],
    [
      'iss that looks alike',
      token({ ...claims, iss: 'https://idbroker.webex.com.attacker.example/idb' }),
      /issuer/,
    ],
    ['iss in capitals', token({ ...claims, iss: 'https://IDBROKER.webex.com/idb' }), /issuer/],
    ['iss over http', token({ ...claims, iss: 'http://idbroker.webex.com/idb' }), /issuer/],
    ['iss __proto__', token({ ...claims, iss: '__proto__' }), /issuer/],
    ['no aud', token(without('aud')), /another client/],
    ['aud of another', token({ ...claims, aud: 'canary' }), /another client/],
    ['aud with more around', token({ ...claims, aud: `${CLIENT} canary` }), /another client/],
    ['aud of several without azp', token({ ...claims, aud: [CLIENT, 'canary'] }), /another client/],
    ['azp of another', token({ ...claims, aud: [CLIENT, 'canary'], azp: 'canary' }), /another client/],
    ['azp of another, aud of us', token({ ...claims, azp: 'canary' }), /another client/],
    ['azp null', token({ ...claims, azp: null }), /another client/],
    [
      'aud with a number',
      token({ ...claims, aud: [CLIENT, 5], azp: CLIENT }),
      /audience|cannot be read|another client/,
    ],
    ['no exp', token(without('exp')), /end/],
    ['exp in text', token({ ...claims, exp: `${claims.exp}` }), /end/],
    ['expired 60 s ago', token({ ...claims, exp: NOW - 60 }), /expired/],
    ['no iat', token(without('iat')), /issue/],
    ['iat in text', token({ ...claims, iat: `${claims.iat}` }), /issue/],
    ['issued in 61 s', token({ ...claims, iat: NOW + 61 }), /future/],
    ['valid in 61 s', token({ ...claims, nbf: NOW + 61 }), /not valid yet/],
    ['no sub', token(without('sub')), /nobody/],
    ['sub empty', token({ ...claims, sub: '' }), /nobody/],
    ['sub a number', token({ ...claims, sub: 5 }), /nobody/],
    ['sub with a space', token({ ...claims, sub: 'a canary' }), /nobody/],
    ['sub too long', token({ ...claims, sub: 'x'.repeat(256) }), /nobody/],
    ['no nonce', token(without('nonce')), /nonce/],
    ['another nonce', token({ ...claims, nonce: 'canary' }), /nonce/],
    ['nonce in a list', token({ ...claims, nonce: ['the-nonce'] }), /nonce/],
  ])('%s', async (_, idToken, why) => {
    const error = await failure(verify(idToken));
    expect(error).toBeInstanceOf(IdTokenError);
    expect((error as IdTokenError).message).toMatch(why);
    const shown = inspect(error, { showHidden: true, depth: Infinity });
    expect(shown).not.toMatch(/canary|the-nonce|attacker|eyJ/);
    expect((error as IdTokenError).cause).toBeUndefined();
  });

  test('a nonce is asked for only where one was sent', async () => {
    expect((await rig().verifier.verify(token(without('nonce')))).nonce).toBeUndefined();
    await expect(verify(token(without('nonce')), '')).rejects.toThrow(IdTokenError);
  });

  test('of an issuer that is not ours sends nothing', async () => {
    const { verifier, calls } = rig();
    const jku = token(
      { ...claims, iss: 'https://attacker.example' },
      { alg: 'RS256', jku: 'https://attacker.example' },
    );
    await expect(verifier.verify(jku)).rejects.toThrow(IdTokenError);
    expect(calls).toEqual([]);
  });

  test('law: no change of a single character is accepted as another token', async () => {
    const { verifier } = rig();
    const good = token();
    const [header = '', payload = ''] = good.split('.');
    const signed = header.length + payload.length + 1;
    await fc.assert(
      fc.asyncProperty(fc.nat(signed - 1), fc.constantFrom(...'AZaz09-_.'), async (at, char) => {
        fc.pre(good[at] !== char);
        const changed = good.slice(0, at) + char + good.slice(at + 1);
        expect(await failure(verifier.verify(changed))).toBeInstanceOf(IdTokenError);
      }),
    );
  });
});

describe('the keys', () => {
  test('are fetched once for many, and again after an hour', async () => {
    const { verifier, clock, calls } = rig();
    await Promise.all([verifier.verify(token()), verifier.verify(token()), verifier.verify(token())]);
    await verifier.verify(token());
    expect(calls).toHaveLength(1);
    await clock.advance(3_600_000);
    await verifier.verify(token({ ...claims, iat: NOW + 3_600 }));
    expect(calls).toHaveLength(2);
  });

  test('for an unknown kid they are fetched again, at most once in 30 s', async () => {
    let keys = published.get(US.jwksUri);
    const { verifier, clock, calls } = rig(() => json({ keys }));
    const rotated = token(claims, { alg: 'RS256', kid: 'us-2' }, rs256(euKey));
    await verifier.verify(token());
    keys = [jwk(euKey, { kid: 'us-2' })];
    await clock.advance(29_999);
    await expect(verifier.verify(rotated)).rejects.toThrow(IdTokenError);
    expect(calls).toHaveLength(1);
    await clock.advance(1);
    await Promise.all([verifier.verify(rotated), verifier.verify(rotated)]);
    expect(calls).toHaveLength(2);
    // The one that was withdrawn is good for nothing any more.
    await expect(verifier.verify(token())).rejects.toThrow(IdTokenError);
    await clock.advance(30_000);
    await expect(verifier.verify(token())).rejects.toThrow(IdTokenError);
    expect(calls).toHaveLength(3);
  });

  test('a token that names no key finds the newest too', async () => {
    let keys = [jwk(usKey)];
    const { verifier, clock } = rig(() => json({ keys }));
    await verifier.verify(token(claims, { alg: 'RS256' }));
    keys = [jwk(nextKey)];
    await clock.advance(30_000);
    expect((await verifier.verify(token(claims, { alg: 'RS256' }, rs256(nextKey)))).sub).toBe(claims.sub);
  });

  test('keys that somebody else fetched meanwhile are taken without asking', async () => {
    const { fetch, calls } = fakeFetch(() => json({ keys: published.get(US.jwksUri) }));
    const clock = fakeClock(START);
    const keys = new IssuerKeys({ jwksUri: US.jwksUri, fetch, clock });
    const first = await keys.current();
    expect(await keys.newerThan(first)).toBeUndefined();
    await clock.advance(30_000);
    const second = await keys.newerThan(first);
    expect(second).toBeDefined();
    await clock.advance(30_000);
    expect(await keys.newerThan(first)).toBe(second);
    expect(calls).toHaveLength(2);
  });

  test('a wrong signature of a key that is known asks for none', async () => {
    const { verifier, clock, calls } = rig();
    await verifier.verify(token());
    await clock.advance(60_000);
    await expect(verifier.verify(token(claims, undefined, rs256(euKey)))).rejects.toThrow(/signature/);
    await expect(verifier.verify(token({ ...claims, exp: 1 }))).rejects.toThrow(/expired/);
    await expect(verifier.verify(token(claims, { alg: 'none' }))).rejects.toThrow(/RS256/);
    expect(calls).toHaveLength(1);
  });

  test.each<[string, () => Response | Promise<Response>, string]>([
    ['503', () => json({ canary: 1 }, 503), 'SERVICE_UNAVAILABLE'],
    ['429', () => json({}, 429), 'RATE_LIMITED'],
    ['404', () => json({}, 404), 'PROTOCOL_ERROR'],
    ['401', () => json({}, 401), 'PROTOCOL_ERROR'],
    [
      'a redirect',
      () => new Response(null, { status: 302, headers: { location: 'https://canary.example' } }),
      'PROTOCOL_ERROR',
    ],
    ['HTML', () => new Response('<html>canary'), 'PROTOCOL_ERROR'],
    ['no list', () => json({ keys: { canary: 1 } }), 'PROTOCOL_ERROR'],
    ['too many', () => json({ keys: Array.from({ length: 101 }, () => jwk(usKey)) }), 'PROTOCOL_ERROR'],
    ['a reset', () => Promise.reject(new Error('canary')), 'NETWORK_ERROR'],
  ])('%s: the error is the network’s, and the next one asks again', async (_, bad, code) => {
    let answer = bad;
    const { verifier } = rig(() => answer());
    const error = await failure(verifier.verify(token()));
    expect(error).toMatchObject({ code });
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
    answer = () => json({ keys: published.get(US.jwksUri) });
    expect((await verifier.verify(token())).sub).toBe(claims.sub);
  });

  test('our own errors pass as they are, also when the keys are asked for again', async () => {
    const late = new TimeoutError('late');
    let well = true;
    const { verifier, clock } = rig(() =>
      well ? json({ keys: published.get(US.jwksUri) }) : Promise.reject(late),
    );
    await verifier.verify(token());
    well = false;
    await clock.advance(30_000);
    const unknown = token(claims, { alg: 'RS256', kid: 'us-9' });
    await expect(verifier.verify(unknown)).rejects.toBe(late);
    await expect(verifier.verify(unknown)).rejects.toThrow(IdTokenError);
    expect((await verifier.verify(token())).sub).toBe(claims.sub);
  });

  test.each([
    ['one for encryption', jwk(usKey, { kid: 'us-1', use: 'enc' })],
    ['one for another algorithm', jwk(usKey, { kid: 'us-1', alg: 'RS512' })],
    ['a secret', { kty: 'oct', kid: 'us-1', k: 'canary' }],
    ['a short one', jwk(generateKeyPairSync('rsa', { modulusLength: 1024 }), { kid: 'us-1' })],
    ['half a key', { kty: 'RSA', kid: 'us-1', e: 'AQAB' }],
    ['null', null],
    ['text', 'canary'],
  ])('%s does not count', async (_, key) => {
    const { verifier } = rig(() => json({ keys: [key] }));
    expect(await failure(verifier.verify(token()))).toBeInstanceOf(IdTokenError);
  });

  test('what is private in a published key is not looked at', async () => {
    const { verifier } = rig(() =>
      json({ keys: [{ ...usKey.privateKey.export({ format: 'jwk' }), kid: 'us-1' }] }),
    );
    expect((await verifier.verify(token())).sub).toBe(claims.sub);
  });

  test('a caller that aborts leaves alone', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const { verifier, calls } = rig(async () => {
      await gate;
      return json({ keys: published.get(US.jwksUri) });
    });
    const caller = new AbortController();
    const reason = new Error('enough');
    const impatient = failure(verifier.verify(token(), { signal: caller.signal }));
    const patient = verifier.verify(token());
    await new Promise((resolve) => setImmediate(resolve));
    caller.abort(reason);
    expect(await impatient).toBe(reason);
    open();
    expect((await patient).sub).toBe(claims.sub);
    expect(calls).toHaveLength(1);
    await expect(verifier.verify(token(), { signal: caller.signal })).rejects.toBe(reason);
  });
});

test('law: whatever comes as an ID token, the answer is an error of ours', async () => {
  const { verifier } = rig();
  const part = fc.oneof(fc.string(), fc.json().map(base64url), fc.constant(base64url(claims)));
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.')),
    fc.jsonValue({ maxDepth: 1 }).map((payload) => token(payload)),
    fc.jsonValue({ maxDepth: 1 }).map((header) => token(claims, header)),
  );
  await fc.assert(
    fc.asyncProperty(text, async (idToken) => {
      expect(isWebexAuthError(await failure(verifier.verify(idToken)))).toBe(true);
    }),
    { numRuns: 60 },
  );
});
