import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CHALLENGE,
  CLIENT,
  MACHINE,
  VERIFIER,
  askToken,
  codeFrom,
  emulatorForTest,
  exchangeOf,
  probe,
  refreshWith,
  tokensFrom,
} from './emulator-client.js';

const OPAQUE = /^[A-Za-z0-9]{64}_[A-Z0-9]+_[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

describe('a code exchange', () => {
  test('gives the body that Webex gives', async () => {
    const emulator = await emulatorForTest({ lifetimes: { accessToken: 100, refreshToken: 1000 } });
    const { status, headers, body } = await askToken(emulator, exchangeOf(await codeFrom(emulator)));
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('trackingid')).toMatch(/^EMULATOR_/);
    expect(body).toMatchObject({ token_type: 'Bearer', scope: CLIENT.scopes.join(' ') });
    expect(body.expires_in).toBeGreaterThanOrEqual(98);
    expect(body.expires_in).toBeLessThanOrEqual(100);
    expect(body.refresh_token_expires_in).toBeGreaterThanOrEqual(998);
    expect(body.refresh_token_expires_in).toBeLessThanOrEqual(1000);
    expect(body.access_token).toMatch(OPAQUE);
    expect(body.refresh_token).toMatch(OPAQUE);
    expect(body.access_token).toMatch(/^FAKE/);
    expect(await probe(emulator, body.access_token)).toBe(200);
  });

  test.each(['option', 'parameter'])('gives a JWT by %s', async (by) => {
    const emulator = await emulatorForTest(by === 'option' ? { tokenFormat: 'jwt' } : {});
    const asked = by === 'parameter' ? { self_contained_token: 'true' } : {};
    const { body } = await askToken(emulator, { ...exchangeOf(await codeFrom(emulator)), ...asked });
    const [header = '', payload = ''] = body.access_token.split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'RS256' });
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      realm: emulator.users[0]?.orgId,
      cis_uuid: emulator.users[0]?.id,
      client_id: CLIENT.clientId,
      cluster: 'EMUL',
      expiry_time: expect.any(Number) as number,
    });
    expect(await probe(emulator, body.access_token)).toBe(200);
  });

  test('a code works once; its reuse revokes what the first use gave', async () => {
    const emulator = await emulatorForTest();
    const code = await codeFrom(emulator);
    const first = await askToken(emulator, exchangeOf(code));
    expect((await askToken(emulator, exchangeOf(code))).status).toBe(400);
    expect(await probe(emulator, first.body.access_token)).toBe(401);
    expect((await refreshWith(emulator, first.body.refresh_token)).status).toBe(400);
  });

  test('a failed attempt uses the code up, but not one of another or unproven client', async () => {
    const emulator = await emulatorForTest();
    const kept = await codeFrom(emulator);
    const other = { client_id: MACHINE.clientId, client_secret: MACHINE.clientSecret };
    expect((await askToken(emulator, { ...exchangeOf(kept), ...other })).status).toBe(400);
    expect((await askToken(emulator, { ...exchangeOf(kept), client_secret: 'wrong' })).status).toBe(401);
    expect((await askToken(emulator, exchangeOf(kept))).status).toBe(200);
    const burnt = await codeFrom(emulator);
    expect((await askToken(emulator, { ...exchangeOf(burnt), code_verifier: `${VERIFIER}x` })).status).toBe(
      400,
    );
    expect((await askToken(emulator, exchangeOf(burnt))).status).toBe(400);
  });

  test('a code does not outlive its lifetime', async () => {
    const emulator = await emulatorForTest({ lifetimes: { code: 30 } });
    const [late, timely] = [await codeFrom(emulator), await codeFrom(emulator)];
    emulator.clock.advance(25_000);
    expect((await askToken(emulator, exchangeOf(timely))).status).toBe(200);
    emulator.clock.advance(5_000);
    expect((await askToken(emulator, exchangeOf(late))).status).toBe(400);
  });

  test.each([CLIENT.redirectUris[1], undefined])(
    'the redirect URI %s is not that of the start',
    async (uri) => {
      const emulator = await emulatorForTest();
      const code = await codeFrom(emulator);
      expect((await askToken(emulator, { ...exchangeOf(code), redirect_uri: uri })).status).toBe(400);
    },
  );

  test('the only registered redirect URI may be left out at both ends', async () => {
    const emulator = await emulatorForTest();
    const machine = { client_id: MACHINE.clientId, redirect_uri: undefined, scope: 'spark:rooms_read' };
    const proof = { client_id: MACHINE.clientId, client_secret: MACHINE.clientSecret };
    for (const redirect_uri of [undefined, MACHINE.redirectUris[0]]) {
      const code = await codeFrom(emulator, machine);
      expect((await askToken(emulator, { ...exchangeOf(code), ...proof, redirect_uri })).status).toBe(200);
    }
  });
});

describe('PKCE', () => {
  test.each([
    ['S256', { code_challenge: CHALLENGE, code_challenge_method: 'S256' }, VERIFIER, 200],
    ['plain, named', { code_challenge: VERIFIER, code_challenge_method: 'plain' }, VERIFIER, 200],
    ['plain, by default', { code_challenge: VERIFIER, code_challenge_method: undefined }, VERIFIER, 200],
    ['none at all', { code_challenge: undefined, code_challenge_method: undefined }, undefined, 200],
    ['verifier missing', {}, undefined, 400],
    [
      'verifier without challenge',
      { code_challenge: undefined, code_challenge_method: undefined },
      VERIFIER,
      400,
    ],
    ['challenge sent as verifier', {}, CHALLENGE, 400],
    ['verifier too short', {}, 'short', 400],
  ])('%s', async (_name, asked, code_verifier, status) => {
    const emulator = await emulatorForTest();
    const code = await codeFrom(emulator, asked);
    expect((await askToken(emulator, { ...exchangeOf(code), code_verifier })).status).toBe(status);
  });

  test('only the verifier behind the challenge is taken', async () => {
    const emulator = await emulatorForTest();
    const verifier = fc.stringMatching(/^[\w.~-]{43,128}$/);
    await fc.assert(
      fc.asyncProperty(verifier, verifier, async (chosen, shown) => {
        const code_challenge = createHash('sha256').update(chosen).digest('base64url');
        const right = await codeFrom(emulator, { code_challenge });
        const { status } = await askToken(emulator, { ...exchangeOf(right), code_verifier: chosen });
        const guessed = await codeFrom(emulator, { code_challenge });
        const guess = await askToken(emulator, { ...exchangeOf(guessed), code_verifier: shown });
        return status === 200 && (guess.status === 200) === (chosen === shown);
      }),
      { numRuns: 10 },
    );
  });
});

const REFRESH = { grant_type: 'refresh_token', refresh_token: 'made-up' };

// fields, status, code in shape B
const REFUSALS: [string, Record<string, string | undefined>, number, string][] = [
  ['no client id', { ...REFRESH, client_id: undefined }, 401, 'invalid_client'],
  ['an unknown client', { ...REFRESH, client_id: 'C1' }, 401, 'invalid_client'],
  ['no secret', { ...REFRESH, client_secret: undefined }, 401, 'invalid_client'],
  ['a wrong secret', { ...REFRESH, client_secret: 'wrong' }, 401, 'invalid_client'],
  ['no grant type', {}, 400, 'invalid_request'],
  ['a foreign grant type', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
  ['no code', { grant_type: 'authorization_code' }, 400, 'invalid_request'],
  ['a made-up code', exchangeOf('made-up'), 400, 'invalid_grant'],
  ['no refresh token', { grant_type: 'refresh_token' }, 400, 'invalid_request'],
  ['a made-up refresh token', REFRESH, 400, 'invalid_request'],
  ['client credentials', { grant_type: 'client_credentials' }, 400, 'unauthorized_client'],
];

describe.each(['public', 'broker'])('the %s token endpoint refuses', (path) => {
  test.each(REFUSALS)('%s', async (_name, fields, status, code) => {
    const emulator = await emulatorForTest();
    const url =
      path === 'public' ? emulator.endpoints.tokenEndpoint : emulator.endpoints.idbrokerTokenEndpoint;
    const reply = await askToken(emulator, fields, { url });
    expect(reply.status).toBe(status);
    if (path === 'broker') {
      expect(reply.body).toEqual({ error: code, error_description: expect.any(String) as string });
      expect(reply.headers.get('www-authenticate') !== null).toBe(status === 401);
    } else {
      const { message, errors, trackingId } = reply.body;
      expect(message).toBeTypeOf('string');
      const isSaidByCode = ['unsupported_grant_type', 'unauthorized_client', 'invalid_scope'].includes(code);
      expect(errors).toEqual([{ description: isSaidByCode ? code : message }]);
      expect(trackingId).toBe(reply.headers.get('trackingid'));
    }
  });
});

test('parameters count only in a form body, each once', async () => {
  const emulator = await emulatorForTest();
  const { refresh_token } = await tokensFrom(emulator);
  const fields = new URLSearchParams({
    client_id: CLIENT.clientId,
    client_secret: CLIENT.clientSecret,
    grant_type: 'refresh_token',
    refresh_token,
  });
  const { tokenEndpoint: token } = emulator.endpoints;
  const type = 'application/x-www-form-urlencoded';
  const send = async (query: string, body: string, contentType = type): Promise<number> => {
    const headers = { 'content-type': contentType };
    const response = await fetch(`${token}${query}`, { method: 'POST', headers, body });
    return response.status;
  };
  expect(await send(`?${fields.toString()}`, '')).toBe(400);
  expect(await send('?x=1', fields.toString())).toBe(400);
  expect(await send('', `${fields.toString()}&refresh_token=another`)).toBe(400);
  expect(await send('', JSON.stringify(Object.fromEntries(fields)), 'application/json')).toBe(400);
  expect(await send('', fields.toString(), `${type}; charset=utf-8`)).toBe(200);
  expect((await fetch(token)).status).toBe(405);
});

test('a client may authenticate by Basic, but not in two ways', async () => {
  const emulator = await emulatorForTest();
  const { refresh_token } = await tokensFrom(emulator);
  const basic = (secret: string): { headers: Record<string, string> } => ({
    headers: { authorization: `Basic ${Buffer.from(`${CLIENT.clientId}:${secret}`).toString('base64')}` },
  });
  const bare = { grant_type: 'refresh_token', refresh_token, client_id: undefined, client_secret: undefined };
  expect((await askToken(emulator, bare, basic(CLIENT.clientSecret))).status).toBe(200);
  const named = { ...bare, client_id: CLIENT.clientId };
  expect((await askToken(emulator, named, basic(CLIENT.clientSecret))).status).toBe(200);
  expect((await askToken(emulator, bare, basic('wrong'))).status).toBe(401);
  expect((await askToken(emulator, { ...bare, client_id: 'C1' }, basic(CLIENT.clientSecret))).status).toBe(
    400,
  );
  const twice = { ...bare, client_secret: CLIENT.clientSecret };
  expect((await askToken(emulator, twice, basic(CLIENT.clientSecret))).status).toBe(400);
});

test('client credentials work for a flagged client, without a refresh token and without a person', async () => {
  const emulator = await emulatorForTest();
  const machine = { client_id: MACHINE.clientId, client_secret: MACHINE.clientSecret };
  const grant = { ...machine, grant_type: 'client_credentials', scope: 'spark:rooms_read' };
  const { status, body } = await askToken(emulator, grant);
  expect(status).toBe(200);
  expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type']);
  expect(body.scope).toBe('spark:rooms_read');
  expect(await probe(emulator, body.access_token)).toBe(403);
  expect((await askToken(emulator, { ...grant, scope: 'spark:everything' })).status).toBe(400);
});
