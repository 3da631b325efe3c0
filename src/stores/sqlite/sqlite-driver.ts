import { StoreUnavailableError } from '../../errors.js';

/** What we bind. */
export type SqliteValue = string | number | null | Uint8Array;

/** A row by column name. */
export type SqliteRow = Readonly<Record<string, unknown>>;

/** The part of a prepared statement that we use. */
export interface SqliteStatement {
  run(...values: unknown[]): { changes: number | bigint };
  all(...values: unknown[]): unknown[];
}

/** The part of a database handle that we use: `node:sqlite`, better-sqlite3 and libsql all fit. */
export interface SqliteHandle {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

/** Which driver: by name, or a better-sqlite3-like handle of the app's own, which the app closes. */
export type SqliteDriver = 'node:sqlite' | 'libsql' | SqliteHandle;

interface NodeSqlite {
  DatabaseSync: new (path: string, options: { enableForeignKeyConstraints: boolean }) => SqliteHandle;
}

/**
 * Opens the file with the driver named, or else with Node's own SQLite where there is one, or else with libsql, which is
 * loaded only here.
 */
export async function openSqlite(path: string, driver?: 'node:sqlite' | 'libsql'): Promise<SqliteHandle> {
  const builtin = driver === 'libsql' ? undefined : nodeSqlite();
  if (builtin) return rePrepared(new builtin.DatabaseSync(path, { enableForeignKeyConstraints: false }));
  if (driver === 'node:sqlite') {
    throw new StoreUnavailableError(
      `Node ${process.version} has no node:sqlite; leave out the option 'driver' to use libsql`,
    );
  }
  const Libsql = await loadLibsql();
  return bindingArrays(new Libsql(path, { timeout: 0 }));
}

/** A handle of the app's own, as we call it. */
export function adoptHandle(handle: SqliteHandle): SqliteHandle {
  const builtin = nodeSqlite();
  return builtin && handle instanceof builtin.DatabaseSync ? rePrepared(handle) : bindingArrays(handle);
}

/**
 * libsql and better-sqlite3 take values as one array. libsql must: it reads a lone blob as named parameters, and on that, as on
 * any value of a type it does not know, it ends the process.
 */
function bindingArrays(handle: SqliteHandle): SqliteHandle {
  return rePrepared({
    exec: (sql) => handle.exec(sql),
    close: () => handle.close(),
    prepare: (sql) => {
      const statement = handle.prepare(sql);
      return {
        run: (...values) => statement.run(bindable(values)),
        all: (...values) => statement.all(bindable(values)),
      };
    },
  });
}

/**
 * Prepares each statement once. Besides the time it saves: libsql leaves a statement that met a lock half-way, which blocks the
 * connection, until the same statement runs again.
 */
function rePrepared(handle: SqliteHandle): SqliteHandle {
  const statements = new Map<string, SqliteStatement>();
  return {
    exec: (sql) => handle.exec(sql),
    close: () => {
      statements.clear();
      return handle.close();
    },
    prepare: (sql) => {
      const statement = statements.get(sql) ?? handle.prepare(sql);
      statements.set(sql, statement);
      return statement;
    },
  };
}

function bindable(values: unknown[]): unknown[] {
  for (const value of values) {
    const isPlain = typeof value === 'string' || typeof value === 'number' || value === null;
    if (!isPlain && !(value instanceof Uint8Array)) throw new TypeError(`SQLite takes no ${typeof value}`);
  }
  return values;
}

/** Whether this Node brings SQLite itself. */
export function hasNodeSqlite(): boolean {
  return nodeSqlite() !== undefined;
}

function nodeSqlite(): NodeSqlite | undefined {
  return process.getBuiltinModule('node:sqlite') as NodeSqlite | undefined;
}

async function loadLibsql(): Promise<new (path: string, options: { timeout: number }) => SqliteHandle> {
  try {
    return (await import('libsql')).default;
  } catch {
    throw new StoreUnavailableError(
      `No SQLite for this machine: libsql could not be loaded (${process.platform}-${process.arch}). ` +
        `Use Node 22.13 or later, or give a better-sqlite3 handle as 'driver'`,
    );
  }
}
