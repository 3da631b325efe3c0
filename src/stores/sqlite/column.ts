import { StoreCorruptError } from '../../errors.js';
import type { SqliteRow } from './sqlite-driver.js';

/** A text column. Errors, as of all here: `StoreCorruptError` when the column holds something else. */
export function text(row: SqliteRow, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : unexpected(column);
}

/** A number column; better-sqlite3 may give a bigint. */
export function number(row: SqliteRow, column: string): number {
  const value = row[column];
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : unexpected(column);
}

/** A blob column. libsql gives an ArrayBuffer for many rows and a Buffer for one. */
export function bytes(row: SqliteRow, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return value instanceof Uint8Array ? value : unexpected(column);
}

/** A column that may be NULL. */
export function optional<Value>(
  read: (row: SqliteRow, column: string) => Value,
  row: SqliteRow,
  column: string,
): Value | undefined {
  return row[column] === null ? undefined : read(row, column);
}

/** A text column that holds JSON. */
export function json(row: SqliteRow, column: string): unknown {
  try {
    return JSON.parse(text(row, column));
  } catch {
    return unexpected(column);
  }
}

/** A LIMIT that SQLite takes: a whole number, never negative (which would mean all). */
export function rowLimit(limit: number): number {
  return Math.min(Math.max(0, Math.floor(limit)), Number.MAX_SAFE_INTEGER);
}

function unexpected(column: string): never {
  throw new StoreCorruptError(
    `The vault holds something unexpected in the column '${column}'; nothing was changed`,
  );
}
