import pg from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { blob, KEY, present, signIn } from '../../../src/stores/contract/grant-fixture.js';
import { migrate } from '../../../src/stores/postgres/migrate.js';
import { postgresStore } from '../../../src/stores/postgres/postgres-store.js';
import type { PostgresStoreOptions } from '../../../src/stores/postgres/postgres-store.js';
import type { Store } from '../../../src/stores/store.js';
import { postgresServer } from '../../support/postgres-server.js';
import { freshSchema } from '../../support/postgres-subject.js';
import { steps } from './extra-migrations.js';

const server = postgresServer();
const stores: Store[] = [];
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await server().endPools();
});

function store(over: pg.PoolConfig = {}, options: Partial<PostgresStoreOptions> = {}): Store {
  const made = postgresStore({ pool: server().pool(over), schema: freshSchema(), ...options });
  stores.push(made);
  return made;
}

const session = (settings: string): pg.PoolConfig => ({ options: settings });

/** Everything in the database that we could have changed. */
const inventory = (): Promise<unknown> =>
  server()
    .query(`SELECT n.nspname, c.relname, c.reltuples FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid
    WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2`);

describe('a server that would lose what it acknowledges', () => {
  test('is refused, and nothing is made', async () => {
    const before = await inventory();
    const refused = {
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('synchronous_commit is off') as string,
    };
    await expect(store(session('-c synchronous_commit=off')).open()).rejects.toMatchObject(refused);
    expect(await inventory()).toEqual(before);
  });

  test.each(['on', 'local', 'remote_write', 'remote_apply'])(
    'is not one with synchronous_commit = %s',
    async (value) => {
      await store(session(`-c synchronous_commit=${value}`)).open();
    },
  );

  test('is refused with fsync off, and taken with acceptDataLoss', async () => {
    await server().query('ALTER SYSTEM SET fsync = off');
    await server().stop('fast');
    await server().start();
    const refused = { code: 'STORE_UNAVAILABLE', message: expect.stringContaining('fsync is off') as string };
    await expect(store().open()).rejects.toMatchObject(refused);
    await store(session('-c synchronous_commit=off'), { acceptDataLoss: true }).open();
    await server().query('ALTER SYSTEM RESET fsync');
    await server().stop('fast');
    await server().start();
  });
});

test('a role that may only read is refused with the setting that says so', async () => {
  await expect(store(session('-c default_transaction_read_only=on')).open()).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('default_transaction_read_only') as string,
  });
});

test('stricter isolation than usual changes nothing', async () => {
  const schema = freshSchema();
  const strict = session('-c default_transaction_isolation=serializable');
  const all = Array.from({ length: 8 }, () => store(strict, { schema }));
  await Promise.all(all.map((one) => one.open()));
  const [first] = all;
  if (!first) throw new Error('no store');
  const { version } = await signIn(first);
  const results = await Promise.all(
    all.map((one, at) => one.leases.claim(KEY, { holder: `h${at}`, version, leaseMs: 9_000, deadlineMs: 1 })),
  );
  expect(results.filter(({ done }) => done)).toHaveLength(1);
});

describe('privileges', () => {
  const role = async (name: string): Promise<pg.PoolConfig> => {
    await server().query(`CREATE ROLE ${name} LOGIN`);
    return { user: name };
  };
  const remedyOf = async (one: Store): Promise<string> => {
    const error: unknown = await one.open().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    return /let an administrator run: (.*)$/.exec((error as Error).message)?.[1] ?? '';
  };

  test('a role that may not create the schema says what an administrator must run, and that is enough', async () => {
    const app = store(await role('app_one'));
    await server().query(await remedyOf(app));
    await app.open();
    expect((await signIn(app)).generation).toBe(1);
  });

  test('so does one without rights in a schema that is there, empty or not', async () => {
    const schema = freshSchema();
    await server().query(`CREATE SCHEMA ${schema}`);
    const app = store(await role('app_two'), { schema });
    await server().query(await remedyOf(app));
    await app.open();
    await server().query('CREATE ROLE "App three" LOGIN');
    const third = store({ user: 'App three' }, { schema });
    await server().query(await remedyOf(third));
    await third.open();
    expect((await signIn(third)).generation).toBe(1);
  });

  test('one that may only read and write rows is enough once the tables are there', async () => {
    const schema = freshSchema();
    await store({}, { schema }).open();
    const app = store(await role('app_four'), { schema });
    await server().query(
      `GRANT USAGE ON SCHEMA ${schema} TO app_four;
       GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO app_four`,
    );
    await app.open();
    await signIn(app);
    await app.audit.append(KEY, [{ at: 1, subject: 's', event: 'e', detail: {} }]);
    expect(await app.once.consume('s', { expiresAt: 1 })).toBe(true);
  });
});

describe('the schema', () => {
  test('may have capitals, and its own name beside others', async () => {
    const [one, two] = [store({}, { schema: 'Vault_A' }), store({}, { schema: 'vault_a' })];
    await Promise.all([one.open(), two.open()]);
    await signIn(one);
    expect(await two.grants.read(KEY)).toBeUndefined();
  });

  test.each(['', 'a-b', 'a"b', '1st', 'a'.repeat(64), 'a\0'])('%j is refused at once', (schema) => {
    const pool = server().pool();
    expect(() => postgresStore({ pool, schema })).toThrow(/store\.schema/);
  });

  test('of another application is refused and left as it is', async () => {
    const schema = freshSchema();
    await server().query(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.sessions (id int)`);
    const before = await inventory();
    await expect(store({}, { schema }).open()).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining('tables of another application') as string,
    });
    expect(await inventory()).toEqual(before);
  });

  test('of a newer release is used as long as that release says so', async () => {
    const schema = freshSchema();
    const old = store({}, { schema });
    await old.open();
    await signIn(old);
    const client = await server().pool().connect();
    await migrate(client, { schema, migrations: steps(2, 1) });
    const again = store({}, { schema });
    await again.open();
    expect((await present(again)).tokens).toEqual(blob(1));

    await migrate(client, { schema, migrations: steps(3, 4) });
    const before = [await inventory(), await server().query(`SELECT * FROM ${schema}.meta`)];
    await expect(store({}, { schema }).open()).rejects.toMatchObject({
      code: 'STORE_SCHEMA_TOO_NEW',
      message: expect.stringContaining('schema 4, readable from 4 on; this release knows 1') as string,
    });
    expect([await inventory(), await server().query(`SELECT * FROM ${schema}.meta`)]).toEqual(before);
    client.release();
  });

  test('dropped while in use is told as damage, not as an empty vault', async () => {
    const schema = freshSchema();
    const one = store({}, { schema });
    await one.open();
    await signIn(one);
    await server().query(`DROP SCHEMA ${schema} CASCADE`);
    await expect(one.grants.read(KEY)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await expect(signIn(one)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });
});

test('a store that is not open says so, and a failed opening may be tried again', async () => {
  const one = store({ database: 'later' });
  await expect(one.grants.read(KEY)).rejects.toThrow(/await its open\(\) first/);
  await expect(one.open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  await server().query('CREATE DATABASE later');
  await one.open();
  expect((await signIn(one)).generation).toBe(1);
});

test('close leaves the pool to its owner, as it was', async () => {
  const pool = server().pool();
  const before = pool.listenerCount('error');
  const one = postgresStore({ pool, schema: freshSchema() });
  await one.open();
  await one.close();
  expect(pool.listenerCount('error')).toBe(before);
  expect((await pool.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
});

test('the type parsers of the application are neither used nor changed', async () => {
  const { BOOL, BYTEA, INT8 } = pg.types.builtins;
  const types = [BOOL, BYTEA, INT8].map((type) => {
    const parse = pg.types.getTypeParser(type) as (value: string) => unknown;
    return { type, parse };
  });
  const one = store();
  await one.open();
  for (const { type, parse } of types) expect(pg.types.getTypeParser(type)).toBe(parse);
  try {
    pg.types.setTypeParser(INT8, BigInt);
    for (const type of [BOOL, BYTEA]) pg.types.setTypeParser(type, (value) => `own ${value}`);
    const made = await signIn(one, { details: blob(7) });
    const expected = { generation: 1, version: 1, unknown: false, tokens: blob(1), details: blob(7) };
    expect(made).toMatchObject(expected);
  } finally {
    for (const { type, parse } of types) pg.types.setTypeParser(type, parse);
  }
});
