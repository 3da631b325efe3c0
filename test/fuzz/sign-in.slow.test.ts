import { createSign, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Webex } from '../../src/index.js';
import { answersLike } from './answers.js';
import { expectNoSecret, fuzz, settled, watchProcess } from './fuzzed.js';
import { CLIENT, fuzzedWebex, storedMembers, type Answering } from './fuzzed-webex.js';

watchProcess();

const CODE = 'authorization-code-0123456789';
const OFFERED = 'offered-access-token-0123456789';
const SECRETS = [CLIENT.clientSecret, CODE, OFFERED];
const ISSUER = 'https://idbroker.webex.com/idb';
const SUBJECT = 'fa4e0000-0000-4000-8000-00000000000a';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const KEY = { ...publicKey.export({ format: 'jwk' }), kid: 'key-1', use: 'sig', alg: 'RS256' };

const part = (bytes: string | Buffer): string => Buffer.from(bytes).toString('base64url');

function signed(payload: string | Buffer, header: string = '{"alg":"RS256","kid":"key-1"}'): string {
  const content = `${part(header)}.${part(payload)}`;
  return `${content}.${createSign('RSA-SHA256').update(content).sign(privateKey).toString('base64url')}`;
}

/** A sign-in with an ID token: begun, and allowed by somebody. */
async function begun(answer: Answering, idToken: (nonce: string) => string) {
  let nonce = '';
  const rig = fuzzedWebex(
    (request, count) => {
      if (request.path !== '/v1/access_token') return answer(request, count);
      return { access_token: OFFERED, token_type: 'Bearer', expires_in: 3_600, id_token: idToken(nonce) };
    },
    { secrets: SECRETS },
  );
  const webex = await rig.webex({ subject: 'user-1' });
  const { url, transaction } = await webex.authorization.initiateLogin({
    scope: ['openid', 'spark:people_read'],
  });
  nonce = new URL(url).searchParams.get('nonce') ?? '';
  const state = new URL(url).searchParams.get('state') ?? '';
  const callback = `${CLIENT.redirectUri}?${new URLSearchParams({ code: CODE, state }).toString()}`;
  return { rig, webex, callback, transaction, state };
}

const claimsOf = (nonce: string): string => {
  const now = Math.floor(Date.now() / 1000);
  return JSON.stringify({ iss: ISSUER, aud: CLIENT.clientId, sub: SUBJECT, iat: now, exp: now + 600, nonce });
};

fuzz('keys', answersLike({ keys: [KEY, { ...KEY, kid: 'key-2' }, null] }), async (answer) => {
  const { rig, webex, callback, transaction } = await begun(
    ({ path }) => (path.includes('verificationjwk') ? answer : { sub: SUBJECT }),
    (nonce) => signed(claimsOf(nonce)),
  );
  const { value } = await settled(() => webex.authorization.completeLogin(callback, transaction), SECRETS);
  expect(storedMembers(await rig.stored('user-1')).includes('idToken')).toBe(value !== undefined);
  if (value) expect(answer.status).toBe(200);
  await rig.close();
});

const CLAIMS = {
  iss: ISSUER,
  aud: CLIENT.clientId,
  sub: SUBJECT,
  iat: 1,
  exp: 4_000_000_000,
  nonce: 'NONCE',
  name: 'Ada',
};
const headersOfJwts = fc.constantFrom(
  ...Array<string>(6).fill('{"alg":"RS256","kid":"key-1"}'),
  '{"alg":"RS256"}',
  '{"alg":"none"}',
  '{"alg":"HS256","kid":"key-1"}',
  '{"alg":"RS256","kid":"__proto__"}',
  '{"alg":"RS256","kid":"key-1","crit":["b64"],"b64":false}',
  '{"alg":"RS256","jku":"https://evil.example/keys"}',
  '{"__proto__":{"alg":"RS256"}}',
  'null',
);

fuzz('ID token', fc.tuple(answersLike(CLAIMS), headersOfJwts), async ([{ body }, header]) => {
  const { rig, webex, callback, transaction } = await begun(
    ({ path }) => (path.includes('verificationjwk') ? { keys: [KEY] } : { sub: SUBJECT }),
    (nonce) => signed(Buffer.from(body.toString('latin1').replace('NONCE', nonce), 'latin1'), header),
  );
  const { value } = await settled(() => webex.authorization.completeLogin(callback, transaction), SECRETS);
  if (value) {
    const claims = JSON.parse(
      Buffer.from(value.supertoken.id_token?.split('.')[1] ?? '', 'base64url').toString(),
    ) as Record<string, unknown>;
    expect(claims).toMatchObject({ iss: ISSUER, sub: expect.stringMatching(/^[\x21-\x7e]+$/) as string });
    expect([claims['aud']].flat()).toContain(CLIENT.clientId);
  }
  expect(storedMembers(await rig.stored('user-1')).includes('idToken')).toBe(value !== undefined);
  expect(rig.sent.some(({ origin }) => origin.includes('evil'))).toBe(false);
  await rig.close();
});

const names = fc.constantFrom(
  'code',
  'state',
  'error',
  'error_description',
  'iss',
  'code[]',
  '__proto__',
  'constructor',
  'access_token',
  'session_state',
);
const values = fc.oneof(
  fc.constantFrom(
    'RIGHT',
    'RIGHT',
    CODE,
    '',
    'access_denied',
    'x'.repeat(20_000),
    '\u0000',
    ISSUER,
    'https://evil.example',
    '<script>',
    '%00',
    '\r\nset-cookie: a=b',
  ),
  fc.string(),
);

async function redirected(webex: Webex, url: string, transaction: string): Promise<boolean> {
  const { value } = await settled(() => webex.authorization.completeLogin(url, transaction), SECRETS);
  return value !== undefined;
}

fuzz('callbacks', fc.array(fc.tuple(names, values), { maxLength: 6 }), async (fields) => {
  const { rig, webex, callback, transaction, state } = await begun(
    ({ path }) => (path.includes('verificationjwk') ? { keys: [KEY] } : { sub: SUBJECT }),
    (nonce) => signed(claimsOf(nonce)),
  );
  const query = fields.map(([name, value]) => [name, name === 'state' && value === 'RIGHT' ? state : value]);
  const url = `${CLIENT.redirectUri}?${query.map((pair) => pair.map((text) => encodeURIComponent(text ?? '')).join('=')).join('&')}`;
  const done = await redirected(webex, url, transaction);
  expect(rig.sent.filter(({ path }) => path === '/v1/access_token')).toHaveLength(done ? 1 : 0);
  if (!done) expect(await redirected(webex, callback, transaction)).toBe(true);

  const auth = await rig.auth();
  const response = await auth.handler(
    new Request(url, { headers: { cookie: `webex=${encodeURIComponent(fields.join())}` } }),
  );
  expectNoSecret(await response.text(), SECRETS);
  expect(response.status).toBeGreaterThanOrEqual(300);
  await rig.close();
});
