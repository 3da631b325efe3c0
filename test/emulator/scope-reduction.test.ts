import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Emulator } from '../../src/emulator/emulator.js';
import {
  CLIENT,
  MACHINE,
  askToken,
  callApi,
  emulatorForTest,
  probe,
  refreshWith,
  tokensFrom,
} from './emulator-client.js';
import type { TokenReply } from './emulator-client.js';

const REDUCTION = 'urn:cisco:oauth:grant-type:scope-reduction';

/** Reduces as the usual client does: no secret, no authorization header. Undefined takes a field out. */
function reduce(
  emulator: Emulator,
  token: string | undefined,
  changes: Record<string, string | undefined> = {},
  { url = emulator.endpoints.idbrokerTokenEndpoint, headers = {} } = {},
): Promise<TokenReply> {
  const scope = 'spark:people_read spark:rooms_read';
  const fields = { grant_type: REDUCTION, token, scope, client_secret: undefined, ...changes };
  return askToken(emulator, fields, { url, headers });
}

describe('a reduced token', () => {
  test('carries only what was asked for, and no refresh token', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    const { status, headers, body } = await reduce(emulator, access_token);
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type']);
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'spark:people_read spark:rooms_read' });
    const statuses = ['/people/me', '/rooms', '/memberships', '/messages'].map(
      async (path) => (await callApi(emulator, path, body.access_token)).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 403, 403]);
    expect((await callApi(emulator, '/memberships', access_token)).status).toBe(200);
    expect(emulator.ledger.count(REDUCTION)).toBe(1);
  });

  test('is self-contained where that is asked for', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    const form = await reduce(emulator, access_token, { self_contained_token: 'true' });
    expect(form.body.access_token).toMatch(/^eyJ/);
    expect((await reduce(emulator, access_token)).body.access_token).toMatch(/^FAKE/);
  });

  test('can be reduced further, never back', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    const { body } = await reduce(emulator, access_token);
    const further = await reduce(emulator, body.access_token, { scope: 'spark:rooms_read' });
    expect(further.status).toBe(200);
    expect(await probe(emulator, further.body.access_token)).toBe(403);
    expect((await reduce(emulator, further.body.access_token)).body.error).toBe('invalid_scope');
    const other = await reduce(emulator, body.access_token, { scope: 'spark:messages_read' });
    expect(other.body.error).toBe('invalid_scope');
  });

  test('ends with its grant, not with the token that it was made from', async () => {
    const emulator = await emulatorForTest();
    const { access_token, refresh_token } = await tokensFrom(emulator);
    const { body } = await reduce(emulator, access_token);
    const revoke = async (token: string): Promise<void> => {
      const fields = { client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, token };
      await fetch(emulator.endpoints.revocationEndpoint, {
        method: 'POST',
        body: new URLSearchParams(fields),
      });
    };
    await revoke(access_token);
    expect([await probe(emulator, access_token), await probe(emulator, body.access_token)]).toEqual([
      401, 200,
    ]);
    await revoke(refresh_token);
    expect(await probe(emulator, body.access_token)).toBe(401);
  });

  test('ends no later than the token that it was made from', async () => {
    const emulator = await emulatorForTest({ lifetimes: { accessToken: 100 } });
    const { access_token } = await tokensFrom(emulator);
    emulator.clock.advance(40_000);
    const { body } = await reduce(emulator, access_token);
    expect(body.expires_in).toBeLessThanOrEqual(60);
    expect(body.expires_in).toBeGreaterThan(0);
    emulator.clock.advance(60_000);
    expect(await probe(emulator, body.access_token)).toBe(401);
  });

  test('is not what a refresh gives again', async () => {
    const emulator = await emulatorForTest({ refreshMode: 'same-access' });
    const { access_token, refresh_token } = await tokensFrom(emulator);
    await reduce(emulator, access_token);
    expect((await refreshWith(emulator, refresh_token)).body.access_token).toBe(access_token);
  });

  test('is given for every part of the scope that is neither none nor all', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(CLIENT.scopes), async (part) => {
        const { status, body } = await reduce(emulator, access_token, { scope: part.join(' ') });
        const isPart = part.length > 0 && part.length < CLIENT.scopes.length;
        expect(status).toBe(isPart ? 200 : 400);
        expect(isPart ? body.scope : body.error).toBe(isPart ? part.join(' ') : 'invalid_scope');
      }),
      { numRuns: 40 },
    );
  });

  test('is given to a client that proves itself, too', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    const { clientId, clientSecret } = CLIENT;
    const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
    expect((await reduce(emulator, access_token, {}, { headers: { authorization: basic } })).status).toBe(
      200,
    );
    expect((await reduce(emulator, access_token, { client_secret: clientSecret })).status).toBe(200);
  });
});

describe('a reduction is refused', () => {
  test.each<[string, Record<string, string | undefined>, number, string]>([
    ['without a token', { token: undefined }, 400, 'invalid_request'],
    ['without a scope', { scope: undefined }, 400, 'invalid_request'],
    ['without a client', { client_id: undefined }, 400, 'invalid_request'],
    ['for an unknown client', { client_id: 'C1' }, 401, 'invalid_client'],
    ['for another client', { client_id: MACHINE.clientId }, 400, 'invalid_grant'],
    ['with a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client'],
    ['for an unknown token', { token: 'made-up' }, 400, 'invalid_grant'],
    ['for an empty scope', { scope: '' }, 400, 'invalid_scope'],
    ['for a scope of spaces', { scope: '  ' }, 400, 'invalid_scope'],
    ['for the same scope', { scope: CLIENT.scopes.join(' ') }, 400, 'invalid_scope'],
    [
      'for the same scope in another order',
      { scope: [...CLIENT.scopes].reverse().join(' ') },
      400,
      'invalid_scope',
    ],
    ['for more', { scope: `${CLIENT.scopes.join(' ')} spark:kms` }, 400, 'invalid_scope'],
    ['for less and more', { scope: 'spark:people_read spark:kms' }, 400, 'invalid_scope'],
    ['for a scope in other letters', { scope: 'Spark:people_read' }, 400, 'invalid_scope'],
  ])('%s', async (_name, changes, status, error) => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    const reply = await reduce(emulator, access_token, changes);
    expect([reply.status, reply.body.error]).toEqual([status, error]);
    expect(JSON.stringify(reply.body)).not.toContain(access_token.slice(0, 24));
  });

  test('for a refresh token, an expired and a revoked one', async () => {
    const emulator = await emulatorForTest({ lifetimes: { accessToken: 60 } });
    const { access_token, refresh_token } = await tokensFrom(emulator);
    const errorOf = async (token: string): Promise<string | undefined> =>
      (await reduce(emulator, token)).body.error;
    expect(await errorOf(refresh_token)).toBe('invalid_grant');
    emulator.clock.advance(60_000);
    expect(await errorOf(access_token)).toBe('invalid_grant');
    const revoked = await tokensFrom(emulator);
    emulator.revokeAll();
    expect(await errorOf(revoked.access_token)).toBe('invalid_grant');
  });

  test('on the public path, with a secret or without', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    const url = emulator.endpoints.tokenEndpoint;
    for (const client_secret of [undefined, CLIENT.clientSecret]) {
      const { status, body } = await reduce(emulator, access_token, { client_secret }, { url });
      expect([status, body.errors]).toEqual([400, [{ description: 'unsupported_grant_type' }]]);
    }
  });

  test('in the query, as JSON, or with a parameter twice', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    const url = emulator.endpoints.idbrokerTokenEndpoint;
    const fields = { grant_type: REDUCTION, token: access_token, scope: 'spark:people_read' };
    const form = new URLSearchParams({ ...fields, client_id: CLIENT.clientId });
    const twice = new URLSearchParams([...form, ['scope', 'spark:rooms_read']]);
    const attempts = [
      fetch(`${url}?x=1`, { method: 'POST', body: form }),
      fetch(url, { method: 'POST', body: twice }),
      fetch(url, { method: 'POST', body: JSON.stringify(fields) }),
    ];
    for (const attempt of attempts) {
      expect(await (await attempt).json()).toHaveProperty('error', 'invalid_request');
    }
  });
});
