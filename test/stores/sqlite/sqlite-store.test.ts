import { join } from 'node:path';
import { inspect } from 'node:util';
import Libsql from 'libsql';
import { describe, expect, test } from 'vitest';
import { blob, claim, done, FAILURE, KEY, LEASE } from '../../../src/stores/contract/grant-fixture.js';
import { OWNER, present, signIn, tokenWrite } from '../../../src/stores/contract/grant-fixture.js';
import {
  DUE_GRANTS,
  listGrants,
  NEXT_DUE,
  SELECT_GRANT,
} from '../../../src/stores/sqlite/grant-statements.js';
import { systemLeaseClock } from '../../../src/stores/sqlite/lease-clock.js';
import { openSqlite } from '../../../src/stores/sqlite/sqlite-driver.js';
import type { SqliteHandle } from '../../../src/stores/sqlite/sqlite-driver.js';
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.js';
import { fakeClock } from '../../support/fake-clock.js';
import { temporaryDirectories } from '../../support/temporary-directory.js';

const makeDirectory = temporaryDirectories();
const vaultPath = (): string => join(makeDirectory(), 'vault.db');

function pragma(handle: SqliteHandle, name: string): unknown {
  const [row] = handle.prepare(`PRAGMA ${name}`).all() as Record<string, unknown>[];
  return row && Object.values(row)[0];
}

describe("a handle of the app's own", () => {
  test('is set up for durability, given a schema, and left open', async () => {
    const path = vaultPath();
    const handle = new Libsql(path);
    handle.exec('PRAGMA synchronous = OFF; PRAGMA secure_delete = OFF');
    const store = sqliteStore({ path, driver: handle });
    await store.open();
    expect(
      ['journal_mode', 'synchronous', 'secure_delete', 'busy_timeout'].map((name) => pragma(handle, name)),
    ).toEqual(['wal', 2, 1, 0]);
    await signIn(store);
    await store.close();
    expect(handle.prepare('SELECT count(*) AS n FROM grants').all()).toMatchObject([{ n: 1 }]);
    handle.close();
  });

  test("is refused when another application's tables are in it", async () => {
    const path = vaultPath();
    const handle = new Libsql(path);
    handle.exec('CREATE TABLE invoices (id INTEGER)');
    const store = sqliteStore({ path, driver: handle });
    await expect(store.open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(pragma(handle, 'journal_mode')).toBe('delete');
    expect(handle.prepare('SELECT name FROM sqlite_schema').all()).toMatchObject([{ name: 'invoices' }]);
    handle.close();
  });

  test('in memory is refused: it would lose what it took', async () => {
    const handle = new Libsql(':memory:');
    const store = sqliteStore({ path: vaultPath(), driver: handle });
    await expect(store.open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    handle.close();
  });
});

describe('other processes at work', () => {
  test('a write waits for the lock without stopping the event loop', async () => {
    const path = vaultPath();
    const store = sqliteStore({ path });
    await store.open();
    const other = await openSqlite(path);
    other.exec('BEGIN IMMEDIATE');
    let turns = 0;
    const ticking = setInterval(() => void turns++, 1);
    const written = signIn(store);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(turns).toBeGreaterThan(10);
    expect(await store.grants.read(KEY)).toBeUndefined();
    other.exec('COMMIT');
    expect((await written).generation).toBe(1);
    clearInterval(ticking);
    other.close();
    await store.close();
  });

  test('a lock that is never freed is STORE_UNAVAILABLE, nothing is written, and later it works', async () => {
    const path = vaultPath();
    const store = sqliteStore({ path, busyTimeoutMs: 30 });
    await store.open();
    const other = await openSqlite(path);
    other.exec('BEGIN IMMEDIATE');
    await expect(signIn(store)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    other.exec('COMMIT');
    expect(await store.grants.read(KEY)).toBeUndefined();
    await signIn(store);
    other.close();
    await store.close();
  });

  test('a close while a write waits ends the wait', async () => {
    const path = vaultPath();
    const store = sqliteStore({ path });
    await store.open();
    const other = await openSqlite(path);
    other.exec('BEGIN IMMEDIATE');
    const written = expect(signIn(store)).rejects.toMatchObject({ code: 'CLOSED' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await store.close();
    await written;
    other.close();
  });

  test('two stores on one file see each other at once', async () => {
    const path = vaultPath();
    const [one, two] = [sqliteStore({ path }), sqliteStore({ path })];
    await Promise.all([one.open(), two.open()]);
    const { version } = await signIn(one);
    const terms = { version, leaseMs: LEASE, deadlineMs: LEASE };
    const results = await Promise.all(
      [one, two, one, two].map((store, at) => store.leases.claim(KEY, { holder: `h${at}`, ...terms })),
    );
    expect(results.filter((result) => result.done)).toHaveLength(1);
    await one.close();
    expect((await present(two)).fence).toBe(1);
    await two.close();
  });
});

describe('leases', () => {
  const clocks: [string, { boot: string; monotonic: number }, string | undefined][] = [
    ['the same boot, the same instant', { boot: 'b1', monotonic: 5_000 }, 'A'],
    ['the same boot, the last instant', { boot: 'b1', monotonic: 5_000 + LEASE - 1 }, 'A'],
    ['the same boot, the end', { boot: 'b1', monotonic: 5_000 + LEASE }, undefined],
    ['another boot', { boot: 'b2', monotonic: 5_000 }, undefined],
    ['a clock that has started anew', { boot: 'b1', monotonic: 4_999 }, undefined],
  ];
  test.each(clocks)('%s', async (_, { boot, monotonic }, holder) => {
    const path = vaultPath();
    const before = sqliteStore({ path, leaseClock: { boot: 'b1', monotonic: () => 5_000 } });
    await before.open();
    await signIn(before);
    await claim(before, 'A');
    await before.close();
    const after = sqliteStore({ path, leaseClock: { boot, monotonic: () => monotonic } });
    await after.open();
    expect((await present(after)).leaseHolder).toBe(holder);
    await after.close();
  });

  test('run on a clock that goes on, in a run that has a name', () => {
    const [one, two] = [systemLeaseClock(), systemLeaseClock()];
    const start = one.monotonic();
    expect(two.monotonic()).toBeGreaterThanOrEqual(start);
    expect(two.boot).toBe(one.boot);
    expect(one.boot).not.toBe('');
  });
});

describe('failures', () => {
  const secret = 'sekret-canary';

  test.each([
    ['SQLITE_FULL', 13, 'STORE_UNAVAILABLE'],
    ['SQLITE_IOERR_WRITE', 778, 'STORE_UNAVAILABLE'],
    ['SQLITE_READONLY', 8, 'STORE_UNAVAILABLE'],
    ['SQLITE_CORRUPT', 11, 'STORE_CORRUPT'],
    ['SQLITE_CORRUPT_INDEX', 779, 'STORE_CORRUPT'],
    ['SQLITE_NOTADB', 26, 'STORE_CORRUPT'],
    ['SQLITE_CONSTRAINT', 19, 'STORE_UNAVAILABLE'],
    ['nothing known', undefined, 'STORE_UNAVAILABLE'],
  ])(
    '%s, as each driver reports it, becomes one of ours and shows nothing of the values',
    async (name, code, ours) => {
      const path = vaultPath();
      const shapes = [
        { rawCode: code, code: 'X' },
        { errcode: code },
        code === undefined ? {} : { code: name },
      ];
      for (const shape of shapes) {
        const real = await openSqlite(path);
        let failing = false;
        const handle: SqliteHandle = {
          exec: (sql) => real.exec(sql),
          close: () => real.close(),
          prepare: (sql) => {
            const statement = real.prepare(sql);
            // The store hands values over in one array, as better-sqlite3 and libsql take them.
            return {
              all: (...values) => statement.all(...(values[0] as unknown[])),
              run: (...values) => {
                if (failing)
                  throw Object.assign(new Error(`cannot bind '${secret}' ${inspect(values)}`), shape);
                return statement.run(...(values[0] as unknown[]));
              },
            };
          },
        };
        const store = sqliteStore({ path, driver: handle });
        await store.open();
        failing = true;
        const error: unknown = await signIn(store, { tokens: Buffer.from(secret), keyId: secret }).catch(
          (thrown: unknown) => thrown,
        );
        expect(error).toMatchObject({ code: ours });
        const shown = inspect(error, { depth: Infinity, showHidden: true }) + String((error as Error).stack);
        expect(shown).not.toContain(secret);
        expect(shown).not.toContain(Buffer.from(secret).toString('hex').slice(0, 10));
        failing = false;
        await signIn(store);
        await store.grants.disconnect(KEY);
        real.close();
      }
    },
  );

  test('a full disk loses nothing that was stored, and heals', async () => {
    const path = vaultPath();
    const handle = new Libsql(path);
    const store = sqliteStore({ path, driver: handle });
    await store.open();
    await signIn(store);
    const claimed = await claim(store);
    handle.exec(`PRAGMA max_page_count = ${String(pragma(handle, 'page_count'))}`);
    const write = tokenWrite(2, { tokens: blob(2, 200_000) });
    await expect(store.leases.commit(KEY, { ...claimed, write })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('disk is full') as string,
    });
    expect(await present(store)).toEqual(claimed);
    handle.exec('PRAGMA max_page_count = 100000');
    expect(done(await store.leases.commit(KEY, { ...claimed, write })).generation).toBe(2);
    await store.close();
    handle.close();
  });

  test('a value that SQLite cannot take is refused, and the process lives', async () => {
    const store = sqliteStore({ path: vaultPath() });
    await store.open();
    for (const wrong of [true, {}, [], Symbol('x'), () => 1]) {
      const expiresAt = wrong as unknown as number;
      await expect(store.once.consume('s', { expiresAt })).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
      });
    }
    await store.close();
  });

  test('a row that is not as we write it is refused, not guessed at', async () => {
    const path = vaultPath();
    const store = sqliteStore({ path });
    await store.open();
    await signIn(store);
    const other = await openSqlite(path);
    other.exec(`UPDATE grants SET failure = '{'`);
    await expect(store.grants.read(KEY)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await expect(claimBlindly()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    other.exec(`UPDATE grants SET failure = NULL`);
    expect((await present(store)).fence).toBe(0);
    expect(() => other.exec(`UPDATE grants SET tokens = 'text'`)).toThrow();
    expect(() => other.exec(`UPDATE grants SET state = 'undead'`)).toThrow();
    other.close();
    await store.close();

    function claimBlindly(): Promise<unknown> {
      return store.leases.claim(KEY, { holder: 'A', version: 1, leaseMs: LEASE, deadlineMs: LEASE });
    }
  });
});

test('the queries that run often use an index, and none sorts', async () => {
  const path = vaultPath();
  const store = sqliteStore({ path });
  await store.open();
  await store.close();
  const handle = await openSqlite(path);
  const plans = [
    [SELECT_GRANT, 3],
    [DUE_GRANTS, 4],
    [NEXT_DUE, 2],
    [listGrants({ after: true, state: false }), 4],
    [listGrants({ after: true, state: true }), 5],
    [listGrants({ after: false, state: true }), 4],
  ] as const;
  for (const [statement, values] of plans) {
    const steps = handle.prepare(`EXPLAIN QUERY PLAN ${statement}`).all(...Array<null>(values).fill(null));
    const plan = (steps as { detail: string }[]).map(({ detail }) => detail).join('; ');
    expect(plan).toMatch(/^SEARCH grants USING (COVERING )?INDEX/);
    expect(plan).not.toMatch(/TEMP B-TREE|SCAN/);
  }
  handle.close();
});

test('records carry the injected wall clock, jumps and all', async () => {
  const clock = fakeClock();
  const store = sqliteStore({ path: vaultPath(), clock });
  await store.open();
  expect((await signIn(store)).createdAt).toBe(clock.now());
  clock.jump(-86_400_000);
  const claimed = await claim(store);
  expect(claimed.intent?.sentAt).toBe(clock.now());
  const { fence, version } = claimed;
  const verdict = { fence, version, state: 'suspect' as const, reason: 'r', failure: FAILURE, dueAt: 1 };
  expect(done(await store.leases.bury(KEY, verdict)).updatedAt).toBe(clock.now());
  expect(await store.grants.nextDueAt(OWNER)).toBe(1);
  await store.close();
});
