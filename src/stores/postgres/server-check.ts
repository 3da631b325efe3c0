import { StoreUnavailableError } from '../../errors.js';
import { number, text } from './column.js';
import type { PostgresRow } from './column.js';
import type { PostgresClient } from './postgres-pool.js';

/** The first release with everything that the statements use. */
const OLDEST_SERVER = 120_000;

const SELECT_SETTINGS = `SELECT current_setting('server_version_num')::int AS version,
  (current_setting('transaction_read_only') = 'on')::int AS read_only,
  pg_catalog.pg_is_in_recovery()::int AS standby,
  current_setting('synchronous_commit') AS synchronous_commit, current_setting('fsync') AS fsync`;

/**
 * Asks the server whether it can keep what it acknowledges. Errors: `StoreUnavailableError` for a standby, a read-only role, a server
 * that is too old, and, unless `acceptDataLoss`, one that acknowledges before the write is on the disk.
 */
export async function checkServer(
  client: PostgresClient,
  { acceptDataLoss }: { acceptDataLoss: boolean },
): Promise<void> {
  const [settings] = (await client.query(SELECT_SETTINGS)).rows as PostgresRow[];
  if (!settings) throw new StoreUnavailableError('PostgreSQL did not tell its settings');
  if (number(settings, 'standby') === 1) {
    throw new StoreUnavailableError('This PostgreSQL server is a standby; connect to the primary');
  }
  if (number(settings, 'read_only') === 1) {
    throw new StoreUnavailableError(
      'PostgreSQL lets this role only read (default_transaction_read_only is on); let it write',
    );
  }
  if (number(settings, 'version') < OLDEST_SERVER) {
    throw new StoreUnavailableError('This PostgreSQL server is too old; use version 12 or later');
  }
  const unsafe = ['synchronous_commit', 'fsync'].find((setting) => text(settings, setting) === 'off');
  if (unsafe === undefined || acceptDataLoss) return;
  throw new StoreUnavailableError(
    `PostgreSQL acknowledges what a crash would lose (${unsafe} is off), and with it logins; ` +
      `set ${unsafe} = on, or accept that with the option acceptDataLoss`,
  );
}
