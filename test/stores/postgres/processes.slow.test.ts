import fc from 'fast-check';
import pg from 'pg';
import { expect, test } from 'vitest';
import { blob, present, signIn } from '../../../src/stores/contract/grant-fixture.js';
import { postgresStore } from '../../../src/stores/postgres/postgres-store.js';
import { postgresServer } from '../../support/postgres-server.js';
import { freshSchema } from '../../support/postgres-subject.js';
import { buildForWorkers } from '../../support/worker-build.js';
import { startWorker } from '../../support/worker-process.js';
import type { WorkerProcess } from '../../support/worker-process.js';

const server = postgresServer();

async function workers(
  task: 'open' | 'migrate' | 'claim',
  schema: string,
  { processes, count = 0 }: { processes: number; count?: number },
): Promise<WorkerProcess[]> {
  const script = new URL('test/stores/postgres/vault.worker.js', await buildForWorkers());
  const args = [task, JSON.stringify(server().config({ max: 2 })), schema, String(count)];
  const started = await Promise.all(
    Array.from({ length: processes }, (_, id) => startWorker(script, { args: [...args, String(id)] })),
  );
  for (const one of started) one.go();
  return started;
}

async function allEndWell(all: WorkerProcess[]): Promise<void> {
  const codes = await Promise.all(all.map(({ ended }) => ended));
  expect(all.flatMap(({ said }) => said.filter((line) => 'failed' in line))).toEqual([]);
  expect(codes).toEqual(all.map(() => 0));
}

async function openedStore(schema: string): Promise<ReturnType<typeof postgresStore>> {
  const store = postgresStore({ pool: server().pool({ max: 4 }), schema });
  await store.open();
  return store;
}

const schemaVersion = async (schema: string): Promise<number> => {
  const [row] = await server().query(`SELECT value FROM ${schema}.meta WHERE name = 'schema'`);
  return Number(row?.['value']);
};

test('20 processes make one vault, and all get it', async () => {
  const schema = freshSchema();
  await allEndWell(await workers('open', schema, { processes: 20 }));
  expect(await schemaVersion(schema)).toBe(1);
});

test('20 processes migrate once', async () => {
  const schema = freshSchema();
  const store = await openedStore(schema);
  await signIn(store);
  await allEndWell(await workers('migrate', schema, { processes: 20, count: 5 }));
  expect(await schemaVersion(schema)).toBe(6);
  for (const version of [2, 3, 4, 5, 6]) {
    expect(await server().query(`SELECT count(*)::int AS n FROM ${schema}.later_${version}`)).toEqual([
      { n: 2_000 },
    ]);
  }
  expect((await present(store)).tokens).toEqual(blob(1));
  await store.close();
});

test('D8: a migration killed 20 times leaves all of its steps or none, and goes on the next time', async () => {
  const seed = Date.now() % 2 ** 31;
  const delays = fc.sample(fc.integer({ min: 0, max: 60 }), { numRuns: 20, seed });
  const schema = freshSchema();
  const store = await openedStore(schema);
  await signIn(store);
  let interrupted = 0;
  for (const [round, delay] of delays.entries()) {
    const before = await schemaVersion(schema);
    const target = 1 + (round + 1) * 4;
    const [one] = await workers('migrate', schema, { processes: 1, count: target - 1 });
    if (!one) throw new Error('no worker');
    await one.until((line) => line['begun'] === true);
    await new Promise((resolve) => setTimeout(resolve, delay));
    one.child.kill('SIGKILL');
    await one.ended;
    // The server notices the end of the connection at its own time.
    const client = new pg.Client(server().config());
    await client.connect();
    const gone = `SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'`;
    while ((await client.query<{ n: number }>(gone)).rows[0]?.n !== 0);
    await client.end();
    const after = await schemaVersion(schema);
    const where = `seed ${seed}, round ${round}`;
    expect([before, target], where).toContain(after);
    if (after === before) interrupted++;
    const tables = await server().query(
      `SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = $1 AND tablename LIKE 'later_%'`,
      [schema],
    );
    expect(tables, where).toEqual([{ n: after - 1 }]);
  }
  expect(interrupted).toBeGreaterThan(0);
  await allEndWell(await workers('migrate', schema, { processes: 1, count: 84 }));
  expect(await schemaVersion(schema)).toBe(85);
  expect((await present(store)).tokens).toEqual(blob(1));
  await store.close();
});

test('8 processes that race for 200 rows: each version of each has one winner', async () => {
  const schema = freshSchema();
  const store = await openedStore(schema);
  for (let row = 0; row < 200; row++) {
    await signIn(store, { key: { tenant: 't', clientId: 'c', subject: `user-${row}` } });
  }
  const gate = new pg.Client(server().config());
  await gate.connect();
  await gate.query('SELECT pg_advisory_lock(1)');
  const all = await workers('claim', schema, { processes: 8, count: 200 });
  const waiting = `SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`;
  while ((await gate.query<{ n: number }>(waiting)).rows[0]?.n !== all.length);
  await gate.end();
  await allEndWell(all);
  const won = all.map(({ said }) => said.flatMap((line) => (line['won'] as number[] | undefined) ?? []));
  expect(won.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, at) => at));
  expect(won.filter((rows) => rows.length > 0).length).toBeGreaterThan(1);
  await store.close();
});
