import { describe, expect, test } from 'vitest';
import type { Emulator, EmulatorClient } from '../../src/emulator/emulator.js';
import {
  CLIENT,
  MACHINE,
  askToken,
  emulatorForTest,
  probe,
  refreshWith,
  tokensFrom,
} from './emulator-client.js';

interface Reply {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

const basicOf = ({ clientId, clientSecret }: EmulatorClient): string =>
  `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;

async function send(url: string, init: RequestInit): Promise<Reply> {
  const response = await fetch(url, init);
  const text = await response.text();
  const body = (text === '' ? {} : JSON.parse(text)) as Reply['body'];
  return { status: response.status, headers: response.headers, body };
}

function tokenInfo(
  emulator: Emulator,
  fields: Record<string, string>,
  authorization: string | undefined = basicOf(CLIENT),
): Promise<Reply> {
  const headers = authorization === '' ? {} : { authorization };
  const init = { method: 'POST', headers, body: new URLSearchParams(fields) };
  return send(`${emulator.url}/idb/oauth2/v1/tokeninfo`, init);
}

function own(emulator: Emulator, method: string, token: string, query = '?authtoken=true'): Promise<Reply> {
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  return send(`${emulator.url}/idb/oauth2/v1/tokens/me${query}`, { method, headers });
}

describe('tokeninfo', () => {
  test.each(['access_token', 'token'])('tells about the token in %s', async (name) => {
    const emulator = await emulatorForTest({ lifetimes: { accessToken: 100 } });
    const { access_token } = await tokensFrom(emulator, { scope: 'spark:people_read' }, 'grace@example.com');
    emulator.clock.advance(30_000);
    const { status, body } = await tokenInfo(emulator, { [name]: access_token });
    expect(status).toBe(200);
    const grace = emulator.users.find(({ email }) => email === 'grace@example.com');
    const { expires_in, ...rest } = body;
    expect(rest).toEqual({
      client_id: CLIENT.clientId,
      user_id: grace?.id,
      org_id: grace?.orgId,
      scope: 'spark:people_read',
      token_type: 'Bearer',
    });
    expect(Number(expires_in)).toBeLessThanOrEqual(70);
    expect(Number(expires_in)).toBeGreaterThan(0);
  });

  test('names no user where the client acts for itself', async () => {
    const emulator = await emulatorForTest();
    const { clientId: client_id, clientSecret: client_secret } = MACHINE;
    const fields = { grant_type: 'client_credentials', client_id, client_secret };
    const { access_token } = (await askToken(emulator, fields)).body;
    const { body } = await tokenInfo(emulator, { access_token }, basicOf(MACHINE));
    expect(body).toMatchObject({ client_id, scope: MACHINE.scopes.join(' ') });
    expect(body).not.toHaveProperty('user_id');
  });

  test.each<[string, (token: string) => [Record<string, string>, string?], number, string]>([
    ['no authorization', (token) => [{ access_token: token }, ''], 401, 'invalid_client'],
    [
      'the client in the body',
      (token) => [
        { access_token: token, client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret },
        '',
      ],
      401,
      'invalid_client',
    ],
    [
      'a wrong secret',
      (token) => [{ access_token: token }, basicOf({ ...CLIENT, clientSecret: 'wrong' })],
      401,
      'invalid_client',
    ],
    ['the bearer itself', (token) => [{ access_token: token }, `Bearer ${token}`], 401, 'invalid_client'],
    [
      'a client twice',
      (token) => [{ access_token: token, client_secret: CLIENT.clientSecret }],
      400,
      'invalid_request',
    ],
    ['another client', (token) => [{ access_token: token }, basicOf(MACHINE)], 400, 'invalid_grant'],
    ['no token', () => [{}], 400, 'invalid_request'],
    ['two tokens', (token) => [{ access_token: token, token }], 400, 'invalid_request'],
    ['an unknown token', () => [{ access_token: 'made-up' }], 400, 'invalid_grant'],
  ])('refuses %s', async (_name, attempt, status, error) => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    const reply = await tokenInfo(emulator, ...attempt(access_token));
    expect([reply.status, reply.body['error']]).toEqual([status, error]);
    expect(JSON.stringify(reply.body)).not.toContain(access_token.slice(0, 24));
  });

  test('refuses what is not a live access token', async () => {
    const emulator = await emulatorForTest({ lifetimes: { accessToken: 60 } });
    const { access_token, refresh_token } = await tokensFrom(emulator);
    const errorOf = async (token: string): Promise<unknown> =>
      (await tokenInfo(emulator, { token })).body['error'];
    expect(await errorOf(refresh_token)).toBe('invalid_grant');
    emulator.clock.advance(60_000);
    expect(await errorOf(access_token)).toBe('invalid_grant');
    const revoked = (await refreshWith(emulator, refresh_token)).body.access_token;
    expect(await errorOf(revoked)).toBe(undefined);
    emulator.revokeAll();
    expect(await errorOf(revoked)).toBe('invalid_grant');
  });

  test('takes a form, and nothing from the query', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    const url = `${emulator.url}/idb/oauth2/v1/tokeninfo`;
    const headers = { authorization: basicOf(CLIENT) };
    const json = await send(url, { method: 'POST', headers, body: JSON.stringify({ access_token }) });
    expect([json.status, json.body['error']]).toEqual([400, 'invalid_request']);
    const body = new URLSearchParams({ access_token });
    const query = await send(`${url}?access_token=${access_token}`, { method: 'POST', headers, body });
    expect([query.status, query.body['error']]).toEqual([400, 'invalid_request']);
    const twice = new URLSearchParams([...body, ...body]);
    const repeated = await send(url, { method: 'POST', headers, body: twice });
    expect([repeated.status, repeated.body['error']]).toEqual([400, 'invalid_request']);
    expect((await send(url, { headers })).status).toBe(405);
  });
});

describe('the own token', () => {
  test('is probed by GET and revoked by DELETE, without the client', async () => {
    const emulator = await emulatorForTest();
    const { access_token, refresh_token } = await tokensFrom(emulator);
    const probed = await own(emulator, 'GET', access_token);
    expect([probed.status, probed.body['client_id']]).toEqual([200, CLIENT.clientId]);
    expect((await own(emulator, 'DELETE', access_token)).status).toBe(204);
    expect(await probe(emulator, access_token)).toBe(401);
    expect((await own(emulator, 'GET', access_token)).status).toBe(401);
    expect((await refreshWith(emulator, refresh_token)).status).toBe(200);
  });

  test.each(['GET', 'DELETE'])(
    'is not had by %s with no, a made-up, an expired or a refresh token',
    async (method) => {
      const emulator = await emulatorForTest({ lifetimes: { accessToken: 60 } });
      const { access_token, refresh_token } = await tokensFrom(emulator);
      emulator.clock.advance(60_000);
      for (const token of ['', 'made-up', access_token, refresh_token]) {
        const { status, headers, body } = await own(emulator, method, token);
        expect([status, body['error']]).toEqual([401, 'invalid_token']);
        expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
      }
      expect((await refreshWith(emulator, refresh_token)).status).toBe(200);
    },
  );

  test.each(['', '?authtoken=false', '?authtoken='])('needs authtoken=true, not "%s"', async (query) => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    for (const method of ['GET', 'DELETE']) {
      const { status, body } = await own(emulator, method, access_token, query);
      expect([status, body['error']]).toEqual([400, 'invalid_request']);
    }
    expect(await probe(emulator, access_token)).toBe(200);
  });
});
