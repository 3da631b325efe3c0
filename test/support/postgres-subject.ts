import pg from 'pg';
import { postgresStore } from '../../src/stores/postgres/postgres-store.js';
import type { Store } from '../../src/stores/store.js';
import { fakeClock } from './fake-clock.js';
import type { PostgresServer } from './postgres-server.js';
import type { DisposableSubject } from './store-subjects.js';

let schemas = 0;

/** A schema name that no other test of this file has. */
export function freshSchema(): string {
  return `vault_${++schemas}`;
}

/**
 * PostgreSQL with a schema per store, on a fake clock: the server's clock is two functions of the schema, which answer here with
 * what the test says.
 */
export function postgresSubject(
  server: PostgresServer,
  over: pg.PoolConfig = { max: 20 },
): DisposableSubject {
  const pool = new pg.Pool(server.config(over));
  const clock = fakeClock();
  const stores: Store[] = [];
  let schema = '';
  const tell = async (): Promise<void> => {
    const functions = { wall_ms: clock.now(), lease_ms: clock.monotonic() };
    await server.query(
      Object.entries(functions)
        .map(
          ([name, ms]) =>
            `CREATE OR REPLACE FUNCTION ${schema}.${name}() RETURNS double precision LANGUAGE sql VOLATILE AS 'SELECT ${ms}::double precision'`,
        )
        .join(';'),
    );
  };
  const open = async (): Promise<Store> => {
    const store = postgresStore({ pool, schema });
    stores.push(store);
    await store.open();
    return store;
  };
  return {
    open: async () => {
      schema = freshSchema();
      const store = await open();
      await tell();
      return store;
    },
    reopen: open,
    passLeaseTime: async (ms) => {
      await clock.advance(ms);
      await tell();
    },
    passWallTime: async (ms) => {
      clock.jump(ms);
      await tell();
    },
    now: () => clock.now(),
    dispose: async () => {
      await Promise.all(stores.map((store) => store.close()));
      await pool.end();
    },
  };
}
