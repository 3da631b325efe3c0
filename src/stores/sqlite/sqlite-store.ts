import { resolve } from 'node:path';
import { systemClock } from '../../base/clock.js';
import type { Clock } from '../../base/clock.js';
import { ClosedError, StoreUnavailableError } from '../../errors.js';
import type { StoreTime } from '../grant-row.js';
import type { Store } from '../store.js';
import type { LeaseClock } from './lease-clock.js';
import { systemLeaseClock } from './lease-clock.js';
import { openVault } from './open-vault.js';
import { sqliteAudit } from './sqlite-audit.js';
import { SqliteConnection } from './sqlite-connection.js';
import type { SqliteDriver } from './sqlite-driver.js';
import { sqliteGates } from './sqlite-gates.js';
import { sqliteGrants } from './sqlite-grants.js';
import { sqliteOnce } from './sqlite-once.js';
import { sqliteSessions } from './sqlite-sessions.js';

export type { LeaseClock } from './lease-clock.js';
export type { SqliteDriver, SqliteHandle, SqliteStatement } from './sqlite-driver.js';

/** How to keep a vault in a SQLite file. */
export interface SqliteStoreOptions {
  /** The file, on a local file system; made 0600 when missing, and its directory 0700. */
  path: string;
  /** Wall clock of the records. */
  clock?: Clock | undefined;
  /** Clock of the leases: the same one for all processes that share the file. */
  leaseClock?: LeaseClock | undefined;
  /** Node's own SQLite where there is one, else libsql. A handle of your own needs a file of its own, and you close it. */
  driver?: SqliteDriver | undefined;
  /** How long to wait while other processes hold the file's lock, milliseconds. Default 10 000. */
  busyTimeoutMs?: number | undefined;
}

/** A vault in a SQLite file, shared by all processes of one machine. Every write is on the disk before it resolves. */
export function sqliteStore(options: SqliteStoreOptions): Store {
  const { clock = systemClock, leaseClock = systemLeaseClock(), driver, busyTimeoutMs = 10_000 } = options;
  const path = resolve(options.path);
  let connection: SqliteConnection | undefined;
  let opening: Promise<void> | undefined;
  let closed = false;

  const time = (): StoreTime => ({
    wall: clock.now(),
    monotonic: leaseClock.monotonic(),
    boot: leaseClock.boot,
  });
  const assertNotClosed = (): void => {
    if (closed) throw new ClosedError(`The vault ${path} is closed; make a new store`);
  };
  const connect = (): SqliteConnection => {
    assertNotClosed();
    if (connection) return connection;
    throw new StoreUnavailableError(`The vault ${path} is not open yet; await its open() first`);
  };
  const openOnce = async (): Promise<void> => {
    const handle = await openVault({ path, driver, busyTimeoutMs, clock });
    connection = new SqliteConnection(handle, { path, busyTimeoutMs, time });
  };
  const close = async (): Promise<void> => {
    closed = true;
    // A failed opening has nothing to let go of, and its error is its caller's.
    await opening?.catch(() => undefined);
    connection?.close({ keepHandle: typeof driver === 'object' });
  };

  return {
    name: 'sqlite',
    abilities: { durable: true, shared: true },
    ...sqliteGrants(connect),
    gates: sqliteGates(connect),
    once: sqliteOnce(connect),
    sessions: sqliteSessions(connect),
    audit: sqliteAudit(connect),
    open: async () => {
      assertNotClosed();
      opening ??= openOnce().catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      await opening;
    },
    close,
  };
}
