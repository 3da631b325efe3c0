import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Emulator, LedgerEntry } from '../../src/emulator/emulator.js';
import { fakeClock } from '../support/fake-clock.js';
import {
  CLIENT,
  VERIFIER,
  askToken,
  callApi,
  codeFrom,
  emulatorForTest,
  exchangeOf,
  probe,
  refreshWith,
  tokensFrom,
} from './emulator-client.js';

async function control(emulator: Emulator, method: string, path: string, body?: unknown) {
  const response = await fetch(`${emulator.url}/_emulator${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}

describe('the ledger', () => {
  test('counts requests by grant type, route or predicate', async () => {
    const emulator = await emulatorForTest();
    const { access_token, refresh_token } = await tokensFrom(emulator);
    await refreshWith(emulator, refresh_token);
    await refreshWith(emulator, 'made-up');
    await probe(emulator, access_token);
    const { ledger } = emulator;
    expect(ledger.count('refresh_token')).toBe(2);
    expect(ledger.count('authorization_code')).toBe(1);
    expect(ledger.count('GET /v1/people/me')).toBe(1);
    expect(ledger.count(({ status }) => status === 400)).toBe(1);
    expect(ledger.count()).toBe(ledger.entries.length);
    expect(ledger.find('authorization_code')[0]).toMatchObject({
      method: 'POST',
      path: '/v1/access_token',
      clientId: CLIENT.clientId,
      processed: true,
      status: 200,
    });
    ledger.clear();
    expect(ledger.count()).toBe(0);
  });

  test('tells which generation was presented, and whether it was stale', async () => {
    const emulator = await emulatorForTest({ refreshMode: 'rotate-grace' });
    const first = await tokensFrom(emulator);
    const second = await refreshWith(emulator, first.refresh_token);
    await refreshWith(emulator, second.body.refresh_token);
    await refreshWith(emulator, first.refresh_token);
    await refreshWith(emulator, 'made-up');
    const seen = emulator.ledger
      .find('refresh_token')
      .map(({ refresh }) => [refresh?.generation, refresh?.stale]);
    expect(seen).toEqual([
      [1, false],
      [2, false],
      [1, true],
      [undefined, false],
    ]);
    expect(emulator.ledger.staleRefreshes).toBe(1);
    expect(emulator.ledger.maxOverlap).toBe(1);
  });

  test('tells how many refreshes of one family were in flight together', async () => {
    const clock = fakeClock();
    const emulator = await emulatorForTest({ clock });
    const [ada, grace] = [await tokensFrom(emulator), await tokensFrom(emulator, {}, 'grace@example.com')];
    emulator.faults.add({ route: /access_token/, times: 4, delayAfterMs: 100 });
    const replies = [ada, ada, ada, grace].map(({ refresh_token }) => refreshWith(emulator, refresh_token));
    await expect.poll(() => clock.timers).toBe(4);
    await clock.advance(100);
    await Promise.all(replies);
    await refreshWith(emulator, ada.refresh_token);
    const overlaps = emulator.ledger.find('refresh_token').map(({ refresh }) => refresh?.overlapping);
    expect([...overlaps.slice(0, 4)].sort()).toEqual([0, 2, 2, 2]);
    expect(overlaps[4]).toBe(0);
    expect(emulator.ledger.maxOverlap).toBe(3);
  });

  test('holds no secret, wherever it was sent', async () => {
    const emulator = await emulatorForTest({ refreshMode: 'rotate-strict' });
    const code = await codeFrom(emulator);
    const { body } = await askToken(emulator, exchangeOf(code));
    const next = await refreshWith(emulator, body.refresh_token);
    await callApi(emulator, `/people/me?token=${body.access_token}`, next.body.access_token);
    await callApi(emulator, `/nowhere/${body.access_token}`, body.access_token);
    await fetch(`${emulator.endpoints.logoutEndpoint}?token=${body.access_token}`);
    // A careless caller may put a secret into any field.
    await askToken(emulator, { client_id: CLIENT.clientSecret, grant_type: CLIENT.clientSecret });
    const told = JSON.stringify([emulator.ledger.entries, await control(emulator, 'GET', '/ledger')]);
    const { access_token, refresh_token } = next.body;
    const secrets = [
      code,
      VERIFIER,
      CLIENT.clientSecret,
      body.access_token,
      body.refresh_token,
      access_token,
      refresh_token,
    ];
    for (const secret of secrets) expect(told).not.toContain(secret?.slice(0, 24));
    expect((await control(emulator, 'GET', '')).body['clients']).toHaveLength(2);
    expect(JSON.stringify(await control(emulator, 'GET', ''))).not.toContain(CLIENT.clientSecret);
  });
});

describe('the control API', () => {
  test('adds, lists and removes faults', async () => {
    const emulator = await emulatorForTest();
    const added = await control(emulator, 'POST', '/faults', {
      route: 'GET /v1/people/me',
      status: 503,
      retryAfter: 3,
    });
    expect(added.status).toBe(201);
    await control(emulator, 'POST', '/faults', { routePattern: 'rooms', status: 500, times: 1 });
    expect(await probe(emulator, 'x')).toBe(503);
    expect((await callApi(emulator, '/rooms', 'x')).status).toBe(500);
    expect((await control(emulator, 'GET', '/faults')).body['faults']).toEqual([
      { id: added.body['id'], count: 1 },
      { id: 'fault-2', count: 1, remaining: 0 },
    ]);
    expect((await control(emulator, 'DELETE', `/faults/${String(added.body['id'])}`)).status).toBe(204);
    expect((await control(emulator, 'DELETE', `/faults/${String(added.body['id'])}`)).status).toBe(404);
    expect(await probe(emulator, 'x')).toBe(401);
    await control(emulator, 'DELETE', '/faults');
    expect(emulator.faults.list()).toEqual([]);
  });

  test('moves the clock, sets mode and lifetimes, revokes', async () => {
    const emulator = await emulatorForTest();
    await control(emulator, 'POST', '/lifetimes', { accessToken: 100 });
    const { access_token, refresh_token } = await tokensFrom(emulator);
    await control(emulator, 'POST', '/clock', { advanceMs: 99_000 });
    expect(await probe(emulator, access_token)).toBe(200);
    await control(emulator, 'POST', '/clock', { advanceMs: 1_000 });
    expect(await probe(emulator, access_token)).toBe(401);
    await control(emulator, 'POST', '/mode', { refreshMode: 'omit' });
    const renewed = await refreshWith(emulator, refresh_token);
    expect(renewed.body).not.toHaveProperty('refresh_token');
    expect((await control(emulator, 'POST', '/revoke', { user: 'grace@example.com' })).status).toBe(204);
    expect(await probe(emulator, renewed.body.access_token)).toBe(200);
    expect((await control(emulator, 'POST', '/revoke', {})).status).toBe(204);
    expect(await probe(emulator, renewed.body.access_token)).toBe(401);
  });

  test('reset forgets everything', async () => {
    const emulator = await emulatorForTest();
    const { access_token, refresh_token } = await tokensFrom(emulator);
    emulator.faults.add({ route: 'GET /v1/rooms', status: 500 });
    emulator.setRefreshMode('omit');
    emulator.clock.advance(1_000_000);
    expect((await control(emulator, 'POST', '/reset', {})).status).toBe(204);
    expect(emulator.ledger.count()).toBe(0);
    expect(await probe(emulator, access_token)).toBe(401);
    expect((await refreshWith(emulator, refresh_token)).status).toBe(400);
    expect((await callApi(emulator, '/rooms', 'x')).status).toBe(401);
    expect(Math.abs(emulator.clock.now() - Date.now())).toBeLessThan(60_000);
    const again = await tokensFrom(emulator);
    expect((await refreshWith(emulator, again.refresh_token)).body.refresh_token).toBe(again.refresh_token);
  });

  test.each([
    ['/faults', { status: 500 }],
    ['/faults', { route: 'GET /v1/rooms', route2: 'x' }],
    ['/faults', { route: 'GET /v1/rooms', status: '500' }],
    ['/faults', { routePattern: '(' }],
    ['/faults', { route: 'rooms', status: 500 }],
    ['/faults', { route: 'GET /v1/rooms', routePattern: 'x' }],
    ['/clock', {}],
    ['/clock', { advanceMs: -1 }],
    ['/mode', { refreshMode: 'sometimes' }],
    ['/lifetimes', { accessToken: 1.5 }],
    ['/lifetimes', { idToken: 1 }],
    ['/revoke', { user: 'nobody' }],
    ['/revoke', []],
  ])('refuses %s %j', async (path, body) => {
    expect((await control(await emulatorForTest(), 'POST', path, body)).status).toBe(400);
  });

  test.each([
    ['a rebound host name', { host: 'attacker.example' }, 403],
    ['another origin', { origin: 'https://attacker.example' }, 403],
    ['an opaque origin', { origin: 'null' }, 403],
    ['a cross-site script', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a page on another port', { 'sec-fetch-site': 'same-site' }, 403],
    ['a form, which needs no preflight', { 'content-type': 'text/plain' }, 415],
    ['nothing wrong', {}, 200],
  ])('from a browser: %s', async (_name, headers, expected) => {
    const emulator = await emulatorForTest();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const options = {
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/json', ...headers },
      };
      const sent = request(`${emulator.url}/_emulator/clock`, options, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      sent.on('error', reject).end('{"advanceMs":1}');
    });
    expect(status).toBe(expected);
  });

  test('is no part of what it controls', async () => {
    const emulator = await emulatorForTest();
    emulator.faults.add({ route: /./, status: 500 });
    const { status, body } = await control(emulator, 'GET', '/ledger');
    expect([status, body['entries'] as LedgerEntry[]]).toEqual([200, []]);
  });
});
