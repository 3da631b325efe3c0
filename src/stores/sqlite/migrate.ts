import { StoreCorruptError, StoreSchemaError } from '../../errors.js';
import { APPLICATION_ID, MIGRATIONS } from './schema.js';
import type { Migration } from './schema.js';
import type { SqliteHandle } from './sqlite-driver.js';
import { inTransaction } from './transaction.js';

/** Vaults up to this size are checked page by page when opened; larger ones as they are read. Pages of 4 KiB. */
const FULLY_CHECKED_PAGES = 1_000;

interface Version {
  readonly schema: number;
  readonly minReader: number;
}

/**
 * Reads which schema the database has; 0 for one with nothing in it. Changes nothing. Errors: `StoreCorruptError` when it
 * is another application's or damaged, `StoreSchemaError` when a newer release made it unreadable for this one.
 */
export function readVersion(
  handle: SqliteHandle,
  { path, migrations = MIGRATIONS }: { path: string; migrations?: readonly Migration[] },
): Version {
  if (pragma(handle, 'application_id') !== APPLICATION_ID) {
    if (pragma(handle, 'application_id') === 0 && count(handle, 'sqlite_schema') === 0) {
      return { schema: 0, minReader: 0 };
    }
    throw new StoreCorruptError(`${path} is a database of another application; nothing was changed`);
  }
  if (count(handle, `sqlite_schema WHERE name = 'meta'`) === 0) {
    throw new StoreCorruptError(`${path} has lost its tables; nothing was changed. Restore it from a backup`);
  }
  const version = readMeta(handle);
  if (version.minReader > newest(migrations)) {
    throw new StoreSchemaError(
      `${path} was written by a newer release of webex-auth (schema ${version.schema}, readable from ${version.minReader} on; ` +
        `this release knows ${newest(migrations)}); nothing was changed. Update webex-auth`,
    );
  }
  return version;
}

/** Errors: `StoreCorruptError` when a page of a small vault is damaged. */
export function checkPages(handle: SqliteHandle, { path }: { path: string }): void {
  if (Number(pragma(handle, 'page_count')) > FULLY_CHECKED_PAGES) return;
  if (pragma(handle, 'quick_check(1)') === 'ok') return;
  throw new StoreCorruptError(`${path} is damaged; nothing was changed. Restore it from a backup`);
}

/**
 * Brings the schema up to date, all steps in one transaction. Safe to start twice and from many processes: who comes second
 * finds it done. Throws SQLite's own errors when others are busy; the caller tries again.
 */
export function migrate(
  handle: SqliteHandle,
  options: { path: string; migrations?: readonly Migration[] },
): void {
  const { migrations = MIGRATIONS } = options;
  if (readVersion(handle, options).schema >= newest(migrations)) return;
  inTransaction(handle, () => {
    const { schema } = readVersion(handle, options);
    for (const step of migrations.filter(({ version }) => version > schema)) apply(handle, step);
  });
}

/** The value of a pragma: its first column. */
export function pragma(handle: SqliteHandle, name: string): unknown {
  const [row] = handle.prepare(`PRAGMA ${name}`).all();
  const value: unknown = row && Object.values(row)[0];
  return typeof value === 'bigint' ? Number(value) : value;
}

function apply(handle: SqliteHandle, { version, minReader, sql }: Migration): void {
  handle.exec(`
PRAGMA application_id = ${APPLICATION_ID};
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
${sql};
INSERT INTO meta (name, value) VALUES ('schema', ${version}), ('min_reader', ${minReader})
  ON CONFLICT (name) DO UPDATE SET value = excluded.value;
`);
}

function readMeta(handle: SqliteHandle): Version {
  const rows = handle.prepare('SELECT name, value FROM meta').all() as { name: string; value: unknown }[];
  const meta = new Map(rows.map(({ name, value }) => [name, Number(value)]));
  return { schema: meta.get('schema') ?? 0, minReader: meta.get('min_reader') ?? 0 };
}

function count(handle: SqliteHandle, from: string): number {
  const [row] = handle.prepare(`SELECT count(*) AS n FROM ${from}`).all() as { n: unknown }[];
  return Number(row?.n);
}

function newest(migrations: readonly Migration[]): number {
  return Math.max(...migrations.map(({ version }) => version));
}
