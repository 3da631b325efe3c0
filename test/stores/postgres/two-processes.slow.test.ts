import { expect, test } from 'vitest';
import type pg from 'pg';
import { KeyRing, WebexAuth, type AccessToken } from '../../../src/index.js';
import { postgresStore } from '../../../src/stores/postgres/postgres-store.js';
import { startEmulated } from '../../support/emulated.js';
import { fakeClock } from '../../support/fake-clock.js';
import { postgresServer } from '../../support/postgres-server.js';
import { createLeakScanner } from '../../support/leak-scanner.js';

const server = postgresServer();
const TOKEN = 'POST /v1/access_token';
const HOUR = 3_600_000;

test('two WebexAuth on one PostgreSQL refresh one grant with one upstream call, and keep no secret in the open', async () => {
  const clock = fakeClock();
  const { emulator, client, endpoints } = await startEmulated({ clock, refreshMode: 'rotate-strict' });
  const keys = KeyRing.ephemeral();
  const open = async (pool: pg.Pool): Promise<WebexAuth> => {
    const store = postgresStore({ pool });
    const login = { subject: () => 'user-42' };
    return WebexAuth.open({ client, endpoints, store, keys, clock, login, scheduler: false });
  };
  const both = await Promise.all([open(server().pool()), open(server().pool())]);
  const [one, other] = both;
  const begin = await one.handler(new Request('http://localhost/login'));
  const cookie = begin.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const callback = await emulator.signIn(begin.headers.get('location') ?? '');
  expect((await one.handler(new Request(callback, { headers: { cookie } }))).status).toBe(303);
  const first = await one.token('user-42');

  for (let round = 1; round <= 5; round++) {
    await clock.advance(15 * 24 * HOUR);
    const before = emulator.ledger.count(TOKEN);
    const driven = Promise.all(both.flatMap((auth) => [1, 2, 3].map(() => auth.token('user-42'))));
    const tokens = await whileTimePasses(driven);
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(tokens[0]?.accessToken).not.toBe(first.accessToken);
    expect(emulator.ledger.count(TOKEN) - before).toBe(1);
    expect((await other.grants.get('user-42'))?.generation).toBe(round + 1);
  }

  const scanner = createLeakScanner();
  scanner.watch(first.accessToken, 'access token');
  scanner.watch((await other.token('user-42')).accessToken, 'access token, refreshed');
  scanner.watch(client.clientSecret, 'client secret');
  await server().query('CHECKPOINT');
  for (const table of ['grants', 'sessions', 'audit', 'once', 'gates', 'key_checks']) {
    const rows = await server().query(`SELECT * FROM webex_auth.${table}`);
    for (const row of rows)
      for (const [column, value] of Object.entries(row)) {
        if (value instanceof Buffer || typeof value === 'string')
          scanner.scanText(`${table}.${column}`, value);
      }
  }
  scanner.assertClean();
  await Promise.all(both.map((auth) => auth.close()));
  await emulator.close();

  async function whileTimePasses(work: Promise<AccessToken[]>): Promise<AccessToken[]> {
    let isOver = false;
    const end = (): void => void (isOver = true);
    work.then(end, end);
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      await clock.advance(10);
    }
    return work;
  }
});
