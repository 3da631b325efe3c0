import { ConfigurationError } from '../../errors.js';
import type { Store } from '../store.js';
import { migrate, quoted } from './migrate.js';
import { postgresAudit } from './postgres-audit.js';
import { PostgresConnection } from './postgres-connection.js';
import { postgresGates } from './postgres-gates.js';
import { postgresGrants } from './postgres-grants.js';
import { postgresOnce } from './postgres-once.js';
import type { PostgresPool } from './postgres-pool.js';
import { postgresSessions } from './postgres-sessions.js';
import { checkServer } from './server-check.js';

export type { PostgresClient, PostgresPool, PostgresResult } from './postgres-pool.js';

/** PostgreSQL cuts longer names off, and two could become one. */
const SCHEMA_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** How to keep a vault in PostgreSQL. */
export interface PostgresStoreOptions {
  /** Your pool of the package `pg`, or whatever has its shape. You end it, after the store. */
  pool: PostgresPool;
  /** The schema that holds the tables, made when missing: letters, digits and `_`. Default `webex_auth`. */
  schema?: string | undefined;
  /** How long to wait for a free connection, and then for an answer, milliseconds. Default 10 000. */
  timeoutMs?: number | undefined;
  /** Opens even where PostgreSQL acknowledges writes that a crash would lose, and logins with them. Default false. */
  acceptDataLoss?: boolean | undefined;
}

/** A vault in PostgreSQL, shared by all processes that reach it. Leases and instants run on the server's clock. */
export function postgresStore(options: PostgresStoreOptions): Store {
  const { pool, schema = 'webex_auth', timeoutMs = 10_000, acceptDataLoss = false } = options;
  if (!SCHEMA_NAME.test(schema)) {
    const problem = 'must be a name of letters, digits and _, at most 63';
    throw new ConfigurationError([{ setting: 'store.schema', problem, example: 'webex_auth' }]);
  }
  const sql = new PostgresConnection(pool, { schema, timeoutMs });
  const name = quoted(schema);
  let opening: Promise<void> | undefined;

  const openOnce = async (): Promise<void> => {
    await sql.prepare(async (client) => {
      await checkServer(client, { acceptDataLoss });
      await migrate(client, { schema });
    });
    sql.markOpen();
  };

  return {
    name: 'postgres',
    abilities: { durable: true, shared: true },
    ...postgresGrants(sql, name),
    gates: postgresGates(sql, name),
    once: postgresOnce(sql, name),
    sessions: postgresSessions(sql, name),
    audit: postgresAudit(sql, name),
    open: async () => {
      sql.assertNotClosed();
      opening ??= openOnce().catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      await opening;
    },
    close: async () => {
      // A failed opening has nothing to let go of, and its error is its caller's.
      await opening?.catch(() => undefined);
      sql.close();
    },
  };
}
