import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blob, present, signIn } from '../../../src/stores/contract/grant-fixture.js';
import { openSqlite } from '../../../src/stores/sqlite/sqlite-driver.js';
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.js';
import { temporaryDirectories } from '../../support/temporary-directory.js';
import { buildForWorkers } from '../../support/worker-build.js';
import { startWorker } from '../../support/worker-process.js';
import type { WorkerProcess } from '../../support/worker-process.js';

const makeDirectory = temporaryDirectories();
const keyOf = (id: number) => ({ tenant: 't', clientId: 'c', subject: `user-${id}` });

async function worker(
  task: 'open' | 'migrate' | 'rotate' | 'consume',
  path: string,
  { id = 0, count = 0, umask }: { id?: number; count?: number; umask?: number } = {},
): Promise<WorkerProcess> {
  const script = new URL('test/stores/sqlite/vault.worker.js', await buildForWorkers());
  const args = [task, path, String(id), String(count)];
  return startWorker(script, { args, ...(umask === undefined ? {} : { umask }) });
}

async function all(count: number, start: (id: number) => Promise<WorkerProcess>): Promise<WorkerProcess[]> {
  const workers = await Promise.all(Array.from({ length: count }, (_, id) => start(id)));
  for (const one of workers) one.go();
  return workers;
}

async function allEndWell(workers: WorkerProcess[]): Promise<void> {
  const codes = await Promise.all(workers.map(({ ended }) => ended));
  expect(failuresOf(workers)).toEqual([]);
  expect(codes).toEqual(workers.map(() => 0));
}

const failuresOf = (workers: WorkerProcess[]): unknown[] =>
  workers.flatMap(({ said }) => said.filter((line) => 'failed' in line));

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function query(path: string, sql: string): Promise<unknown[]> {
  const handle = await openSqlite(path);
  const rows = handle.prepare(sql).all();
  handle.close();
  return rows;
}

describe('starting at once', () => {
  test('20 processes make one vault, and all get it', async () => {
    const path = join(makeDirectory(), 'new', 'vault.db');
    const workers = await all(20, () => worker('open', path));
    await allEndWell(workers);
    expect(readdirSync(join(path, '..')).filter((name) => name.includes('.new-'))).toEqual([]);
    expect(await query(path, 'PRAGMA integrity_check')).toMatchObject([{ integrity_check: 'ok' }]);
  });

  test('20 processes migrate once', async () => {
    const path = join(makeDirectory(), 'vault.db');
    const store = sqliteStore({ path });
    await store.open();
    await signIn(store);
    const workers = await all(20, () => worker('migrate', path, { count: 5 }));
    await allEndWell(workers);
    expect(await query(path, `SELECT value FROM meta WHERE name = 'schema'`)).toMatchObject([{ value: 6 }]);
    for (const version of [2, 3, 4, 5, 6]) {
      expect(await query(path, `SELECT count(*) AS n FROM later_${version}`)).toMatchObject([{ n: 2_000 }]);
    }
    expect((await present(store)).tokens).toEqual(blob(1));
    await store.close();
  });

  test('the package can be imported without loading libsql', async () => {
    const one = await worker('open', join(makeDirectory(), 'vault.db'));
    expect(one.said[0]).toEqual({ ready: true, libsqlLoaded: false });
    one.go();
    expect(await one.ended).toBe(0);
  });
});

test.each([0o000, 0o022, 0o077])(
  'J1: under umask %o no file is ever wider than 0600, watched while made',
  async (umask) => {
    const top = makeDirectory();
    const seen = new Map<string, Set<string>>();
    const look = (directory: string): void => {
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        const path = join(directory, entry.name);
        const mode = statSync(path, { throwIfNoEntry: false })?.mode;
        if (mode === undefined) continue;
        const kind = entry.isDirectory() ? 'directory' : entry.name.replace(/\.new-.*/, '.new');
        seen.set(kind, (seen.get(kind) ?? new Set()).add((mode & 0o777).toString(8)));
        if (entry.isDirectory()) look(path);
      }
    };
    for (let round = 0; round < 5; round++) {
      const one = await worker('rotate', join(top, `d${round}`, 'vault.db'), { count: 20, umask });
      one.go();
      let isOver = false;
      void one.ended.then(() => (isOver = true));
      while (!isOver) {
        for (let turn = 0; turn < 50; turn++) look(top);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(failuresOf([one])).toEqual([]);
    }
    expect([...(seen.get('directory') ?? [])]).toEqual(['700']);
    seen.delete('directory');
    for (const name of ['vault.db', 'vault.db-wal', 'vault.db-shm']) expect([...seen.keys()]).toContain(name);
    for (const [name, modes] of seen) expect([name, ...modes]).toEqual([name, '600']);
  },
);

test('D9: 50 kills during writes: nothing that was reported stored is lost, nothing is torn', async () => {
  const path = join(makeDirectory(), 'vault.db');
  const seed = Date.now() % 2 ** 31;
  const delays = fc.sample(fc.integer({ min: 1, max: 120 }), { numRuns: 25, seed });
  let kills = 0;
  for (const [round, delay] of delays.entries()) {
    const pair = await all(2, (id) => worker('rotate', path, { id, count: 1_000_000 }));
    if (round === 0) await Promise.all(pair.map((one) => one.until((line) => 'stored' in line)));
    await wait(delay);
    for (const { child } of pair) kills += child.kill('SIGKILL') ? 1 : 0;
    expect(await Promise.all(pair.map(({ ended }) => ended))).toEqual(['SIGKILL', 'SIGKILL']);
    expect(failuresOf(pair)).toEqual([]);
    const store = sqliteStore({ path });
    await store.open();
    for (const [id, { said }] of pair.entries()) {
      const reported = Math.max(0, ...said.map((line) => Number(line['stored'] ?? 0)));
      const { generation, tokens, state } = await present(store, keyOf(id));
      const where = `seed ${seed}, round ${round}, worker ${id}`;
      expect(state, where).toBe('live');
      expect(generation, where).toBeGreaterThanOrEqual(reported);
      expect(tokens, where).toEqual(generation === 1 ? blob(0) : blob(generation, 2_000));
    }
    await store.close();
    expect(await query(path, 'PRAGMA integrity_check')).toMatchObject([{ integrity_check: 'ok' }]);
  }
  expect(kills).toBe(50);
});

test('D8: 20 kills during the making of a vault, and 20 during a migration, lose nothing', async () => {
  const seed = Date.now() % 2 ** 31;
  const delays = fc.sample(fc.integer({ min: 0, max: 60 }), { numRuns: 20, seed });
  const directory = makeDirectory();
  mkdirSync(join(directory, 'made'));
  const path = join(directory, 'migrated.db');
  const store = sqliteStore({ path });
  await store.open();
  await signIn(store);
  for (const [round, delay] of delays.entries()) {
    const fresh = join(directory, 'made', `${round}.db`);
    const pair = await Promise.all([
      worker('open', fresh),
      worker('migrate', path, { count: (round + 1) * 4 }),
    ]);
    for (const one of pair) one.go();
    await wait(delay);
    for (const one of pair) one.child.kill('SIGKILL');
    await Promise.all(pair.map(({ ended }) => ended));

    const made = sqliteStore({ path: fresh });
    await made.open();
    expect((await signIn(made)).generation, `seed ${seed}, round ${round}`).toBe(1);
    await made.close();

    const [meta] = (await query(path, `SELECT value FROM meta WHERE name = 'schema'`)) as { value: number }[];
    const tables = (await query(path, `SELECT name FROM sqlite_schema WHERE name LIKE 'later_%'`)) as {
      name: string;
    }[];
    expect(tables.length, `seed ${seed}, round ${round}`).toBe((meta?.value ?? 0) - 1);
    for (const { name } of tables.slice(-4)) {
      expect(await query(path, `SELECT count(*) AS n FROM ${name}`)).toMatchObject([{ n: 2_000 }]);
    }
    expect((await present(store)).tokens).toEqual(blob(1));
  }
  await store.close();
});

test('D9: 8 processes that write as fast as they can: no lock error, every write stored', async () => {
  const path = join(makeDirectory(), 'vault.db');
  const count = 250;
  const workers = await all(8, (id) => worker('rotate', path, { id, count }));
  await allEndWell(workers);
  const store = sqliteStore({ path });
  await store.open();
  for (let id = 0; id < 8; id++) expect((await present(store, keyOf(id))).generation).toBe(count + 1);
  await store.close();
});

test('8 processes that race for 200 ids: each id has one winner', async () => {
  const path = join(makeDirectory(), 'vault.db');
  const workers = await all(8, () => worker('consume', path, { count: 200 }));
  await allEndWell(workers);
  const won = workers.flatMap(({ said }) =>
    said.flatMap((line) => (line['won'] as number[] | undefined) ?? []),
  );
  expect(won.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, at) => at));
});
