import { inspect } from 'node:util';
import type pg from 'pg';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  claim,
  done,
  KEY,
  LEASE,
  OWNER,
  present,
  signIn,
  tokenWrite,
} from '../../../src/stores/contract/grant-fixture.js';
import { postgresStore } from '../../../src/stores/postgres/postgres-store.js';
import type { PostgresPool, PostgresStoreOptions } from '../../../src/stores/postgres/postgres-store.js';
import type { Store } from '../../../src/stores/store.js';
import { postgresServer } from '../../support/postgres-server.js';
import { freshSchema } from '../../support/postgres-subject.js';

const server = postgresServer();
const stores: Store[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await server().endPools();
});

async function opened(pool: PostgresPool, options: Partial<PostgresStoreOptions> = {}): Promise<Store> {
  const made = postgresStore({ pool, schema: freshSchema(), ...options });
  stores.push(made);
  await made.open();
  return made;
}

const terms = { holder: 'B', leaseMs: LEASE, deadlineMs: LEASE };

describe('a pool without a free connection', () => {
  test('is STORE_UNAVAILABLE after the time allowed, what was asked for never happens, and later it works', async () => {
    const pool = server().pool({ max: 1 });
    const store = await opened(pool, { timeoutMs: 50 });
    const { version } = await signIn(store);
    const taken = await pool.connect();
    await expect(store.leases.claim(KEY, { ...terms, version })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('no connection of the pool was free within 50 ms') as string,
    });
    taken.release();
    expect(await present(store)).toMatchObject({ version, fence: 0 });
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 1]);
  });

  test("is told by the pool's own limit as well", async () => {
    const pool = server().pool({ max: 1, connectionTimeoutMillis: 30 });
    const store = await opened(pool);
    const taken = await pool.connect();
    await expect(store.grants.read(KEY)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    taken.release();
    expect(await store.grants.read(KEY)).toBeUndefined();
  });
});

test('an answer that does not come is STORE_UNAVAILABLE, and its connection is not used again', async () => {
  const pool = server().pool({ max: 1 });
  const schema = freshSchema();
  const store = await opened(pool, { schema, timeoutMs: 100 });
  await signIn(store);
  const other = await server().pool().connect();
  await other.query(`BEGIN; LOCK ${schema}.grants`);
  await expect(store.grants.read(KEY)).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('the server gave no answer within 100 ms') as string,
  });
  // The pool has one connection, and that answer is still outstanding.
  expect(await store.once.consume('s', { expiresAt: Date.now() + 60_000 })).toBe(true);
  await other.query('ROLLBACK');
  other.release();
  expect((await present(store)).generation).toBe(1);
});

test('after a restart the next call works, and idle connections that broke end no process', async () => {
  const pool = server().pool({ max: 5 });
  const store = await opened(pool);
  await signIn(store);
  await Promise.all(Array.from({ length: 5 }, () => store.grants.read(KEY)));
  for (const mode of ['fast', 'immediate'] as const) {
    await server().stop(mode);
    await expect(store.grants.read(KEY)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
    });
    await server().start();
    expect((await present(store)).generation).toBe(1);
  }
});

test('a standby is refused, a store that was open on it says so, and its promotion heals', async () => {
  const pool = server().pool();
  const store = await opened(pool);
  await signIn(store);
  await server().stop('fast');
  await server().asStandby();
  await expect(signIn(store)).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('standby') as string,
  });
  expect((await present(store)).generation).toBe(1);
  await expect(opened(pool)).rejects.toThrow('This PostgreSQL server is a standby; connect to the primary');
  await server().query('SELECT pg_promote()');
  expect((await signIn(store)).generation).toBe(2);
});

test('statements that the server undoes because of others are repeated', async () => {
  const real = server().pool();
  let undone = 0;
  const store = await opened({
    on: (event, listener) => real.on(event, listener),
    off: (event, listener) => real.off(event, listener),
    connect: async () => {
      const client = await real.connect();
      const query = async (text: string, values?: unknown[]): Promise<pg.QueryResult> => {
        const isClaim = text.includes('lease_holder = $4');
        if (isClaim && undone < 3)
          throw Object.assign(new Error('x'), { code: undone++ % 2 ? '40001' : '40P01' });
        return client.query(text, values);
      };
      return Object.assign(Object.create(client) as pg.PoolClient, { query });
    },
  });
  await signIn(store);
  expect((await claim(store)).fence).toBe(1);
  expect(undone).toBe(3);
});

describe('errors', () => {
  const secret = 'sekret-canary';
  const codes: [string, string | undefined, string][] = [
    ['disk full', '53100', 'STORE_UNAVAILABLE'],
    ['too many connections', '53300', 'STORE_UNAVAILABLE'],
    ['shutting down', '57P01', 'STORE_UNAVAILABLE'],
    ['constraint', '23505', 'STORE_UNAVAILABLE'],
    ['refused', 'ECONNREFUSED', 'STORE_UNAVAILABLE'],
    ['nothing known', undefined, 'STORE_UNAVAILABLE'],
    ['no table', '42P01', 'STORE_CORRUPT'],
    ['damaged page', 'XX001', 'STORE_CORRUPT'],
  ];
  test.each(codes)('%s (%s) becomes one of ours and shows nothing of the values', async (_, code, ours) => {
    const real = server().pool();
    const schema = freshSchema();
    await opened(real, { schema });
    let failing = false;
    const fail = (): never => {
      throw Object.assign(new Error(`cannot bind '${secret}'`), { code, detail: secret, where: secret });
    };
    const store = await opened(
      {
        on: (event, listener) => real.on(event, listener),
        off: (event, listener) => real.off(event, listener),
        connect: async () => (failing ? fail() : real.connect()),
      },
      { schema },
    );
    failing = true;
    const error: unknown = await signIn(store, { keyId: secret }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: ours });
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(secret);
    failing = false;
    await signIn(store);
  });

  test('of the server itself show nothing of the values either', async () => {
    const store = await opened(server().pool());
    const key = {
      ...OWNER,
      subject: Array.from({ length: 3_000 }, (_, at) => `${secret}${at * 7919}`).join(''),
    };
    const error: unknown = await signIn(store, { key }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('too long') as string,
    });
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(secret);
    for (const wrong of [{}, [], Symbol('x'), () => 1, 'soon']) {
      const expiresAt = wrong as unknown as number;
      await expect(store.once.consume('s', { expiresAt })).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
      });
    }
  });

  test('a NUL in what people read, which PostgreSQL cannot keep, costs no write', async () => {
    const store = await opened(server().pool());
    const gate = await store.gates.shut(OWNER, 'pause', { until: Date.now() + 60_000, reason: 'by\0hand' });
    expect(gate.reason).toBe('by\ufffdhand');
    await store.audit.append(OWNER, [{ at: 1, subject: 's\0', event: 'e\0', detail: { why: '\0' } }]);
    const listed = await store.audit.list(OWNER, { limit: 1 });
    expect(listed).toEqual([{ at: 1, subject: 's\0', event: 'e\ufffd', detail: { why: '\0' } }]);
  });

  test('a row that is not as we write it is refused, not guessed at', async () => {
    const schema = freshSchema();
    const store = await opened(server().pool(), { schema });
    await signIn(store);
    await server().query(`UPDATE ${schema}.grants SET failure = '{'`);
    await expect(store.grants.read(KEY)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await server().query(`UPDATE ${schema}.grants SET failure = NULL`);
    expect((await present(store)).fence).toBe(0);
    await expect(server().query(`UPDATE ${schema}.grants SET state = 'undead'`)).rejects.toThrow();
  });
});

describe('leases', () => {
  test("run on the server's clock, whatever the processes' clocks say", async () => {
    const store = await opened(server().pool());
    const { version } = await signIn(store);
    done(await store.leases.claim(KEY, { ...terms, holder: 'A', version }));
    for (const skew of [-86_400_000, 86_400_000]) {
      const real = Date.now();
      vi.spyOn(Date, 'now').mockImplementation(() => real + skew);
      expect((await present(store)).leaseHolder).toBe('A');
      expect((await store.leases.claim(KEY, { ...terms, version: version + 1 })).done).toBe(false);
      vi.restoreAllMocks();
    }
    expect(await store.leases.renew(KEY, { holder: 'A', fence: 1, leaseMs: 1 })).toBe(true);
    await vi.waitFor(async () => expect((await present(store)).leaseHolder).toBeUndefined());
    expect((await claim(store, 'B')).fence).toBe(2);
  });

  const clocks: [string, number, string | undefined][] = [
    ['the same instant', 5_000_000, 'A'],
    ['the last instant', 5_000_000 + LEASE - 1, 'A'],
    ['the end', 5_000_000 + LEASE, undefined],
    ["a clock set back, or another server's, by less than a lease", 5_000_000 - LEASE, 'A'],
    ['a clock set back by more than a lease', 5_000_000 - LEASE - 1, undefined],
  ];
  test.each(clocks)('at %s', async (_, now, holder) => {
    const schema = freshSchema();
    const store = await opened(server().pool(), { schema });
    const setClock = (ms: number): Promise<unknown> =>
      server().query(
        `CREATE OR REPLACE FUNCTION ${schema}.lease_ms() RETURNS double precision LANGUAGE sql VOLATILE AS 'SELECT ${ms}::double precision'`,
      );
    await signIn(store);
    await setClock(5_000_000);
    const { version } = await claim(store, 'A');
    await setClock(now);
    expect((await present(store)).leaseHolder).toBe(holder);
    expect((await store.leases.claim(KEY, { ...terms, version })).done).toBe(holder === undefined);
  });
});

test('disconnects that waited for a write: one gives the row as that write left it, the others nothing', async () => {
  const schema = freshSchema();
  const store = await opened(server().pool(), { schema });
  const before = await signIn(store);
  const other = await server().pool().connect();
  await other.query(`BEGIN; UPDATE ${schema}.grants SET version = version + 1, tokens = '\\x0102'`);
  const results = Promise.all([1, 2, 3].map(() => store.grants.disconnect(KEY)));
  await vi.waitFor(async () => {
    const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`;
    expect(await server().query(waiting)).toHaveLength(3);
  });
  await other.query('COMMIT');
  other.release();
  const replaced = (await results).filter((result) => result !== undefined);
  expect(replaced).toEqual([{ ...before, version: before.version + 1, tokens: Uint8Array.of(1, 2) }]);
  expect(await present(store)).toMatchObject({ state: 'deleted', version: before.version + 2 });
});

test('16 pools that claim the same version at once: one wins, 60 times', async () => {
  const schema = freshSchema();
  const all = await Promise.all(
    Array.from({ length: 16 }, () => opened(server().pool({ max: 2 }), { schema })),
  );
  const [first] = all;
  if (!first) throw new Error('no store');
  let row = await signIn(first);
  for (let round = 1; round <= 60; round++) {
    const { version } = row;
    const claims = await Promise.all(
      all.map((one, at) => one.leases.claim(KEY, { ...terms, holder: `h${at}`, version })),
    );
    const won = claims.flatMap((result) => (result.done ? [result.record] : []));
    expect(won).toHaveLength(1);
    const [winner] = won;
    if (!winner) throw new Error('nobody won');
    // Whoever lost was shown the row that refused it, not the one from before.
    for (const { record } of claims) expect(record).toMatchObject({ version: version + 1, fence: round });
    row = done(await first.leases.commit(KEY, { ...winner, write: tokenWrite(round) }));
  }
  expect(row).toMatchObject({ generation: 61, fence: 60 });
});
