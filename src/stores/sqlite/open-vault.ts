import type { Clock } from '../../base/clock.js';
import { StoreCorruptError, StoreUnavailableError } from '../../errors.js';
import { whenFree } from './busy-retry.js';
import type { BusyLimit } from './busy-retry.js';
import { checkPages, migrate, pragma, readVersion } from './migrate.js';
import { adoptHandle, openSqlite } from './sqlite-driver.js';
import type { SqliteDriver, SqliteHandle } from './sqlite-driver.js';
import { sqliteFailure } from './sqlite-failure.js';
import { makePrivate, prepareVaultFile } from './vault-file.js';

/** SQLite's own waiting would stop the event loop. */
const NEVER_BLOCK = 'PRAGMA busy_timeout = 0';

/** What is set on every connection, and what must be read back for the promise of durability to hold. */
const SETTINGS: readonly { set: string; read?: string; expected?: unknown }[] = [
  { set: 'journal_mode = WAL', read: 'journal_mode', expected: 'wal' },
  { set: 'synchronous = FULL', read: 'synchronous', expected: 2 },
  { set: 'secure_delete = ON', read: 'secure_delete', expected: 1 },
  // macOS: fsync alone does not reach the disk there.
  { set: 'fullfsync = ON' },
  { set: 'checkpoint_fullfsync = ON' },
  { set: 'foreign_keys = OFF' },
  { set: 'trusted_schema = OFF' },
  { set: 'cell_size_check = ON' },
  { set: 'temp_store = MEMORY' },
];

/**
 * Opens the vault at `path`, made first when there is none, with the schema up to date and the settings proven.
 * What is damaged, foreign or too new is left as it is.
 */
export async function openVault(
  options: BusyLimit & { clock: Clock; driver?: SqliteDriver | undefined },
): Promise<SqliteHandle> {
  const { clock, driver, path } = options;
  if (typeof driver === 'object') {
    const handle = adoptHandle(driver);
    await whenFree(() => handle.exec(NEVER_BLOCK), options);
    await whenFree(() => readVersion(handle, options), options);
    await configure(handle, options);
    await whenFree(() => migrate(handle, options), options);
    return handle;
  }
  await prepareVaultFile(path, { build: (draft) => buildVault(draft, driver), now: clock.now() });
  const handle = await openSqliteAt(path, driver);
  try {
    handle.exec(NEVER_BLOCK);
    await whenFree(() => assertVault(handle, options), options);
    makePrivate(path);
    await configure(handle, options);
    await whenFree(() => migrate(handle, options), options);
    return handle;
  } catch (error) {
    handle.close();
    throw sqliteFailure(error, path);
  }
}

async function openSqliteAt(path: string, driver?: 'node:sqlite' | 'libsql'): Promise<SqliteHandle> {
  try {
    return await openSqlite(path, driver);
  } catch (error) {
    throw sqliteFailure(error, path);
  }
}

/** Builds a complete, empty vault. Without a journal: nobody sees the file until it is done. */
async function buildVault(draft: string, driver?: 'node:sqlite' | 'libsql'): Promise<void> {
  const handle = await openSqliteAt(draft, driver);
  try {
    handle.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = FULL');
    migrate(handle, { path: draft });
  } catch (error) {
    throw sqliteFailure(error, draft);
  } finally {
    handle.close();
  }
}

function assertVault(handle: SqliteHandle, { path }: BusyLimit): void {
  const { schema } = readVersion(handle, { path });
  if (schema === 0) {
    throw new StoreCorruptError(`${path} is a database without a vault in it; nothing was changed`);
  }
  checkPages(handle, { path });
}

async function configure(handle: SqliteHandle, limit: BusyLimit): Promise<void> {
  for (const { set, read, expected } of SETTINGS) {
    await whenFree(() => handle.exec(`PRAGMA ${set}`), limit);
    if (read === undefined || (await whenFree(() => pragma(handle, read), limit)) === expected) continue;
    throw new StoreUnavailableError(
      `The vault ${limit.path} cannot be kept safely: SQLite did not accept '${set}' here. Use a local file system`,
    );
  }
}
