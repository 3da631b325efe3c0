import { StoreCorruptError } from '../../errors.js';
import { keyText } from './text-key.js';

/** A row by column name. */
export type PostgresRow = Readonly<Record<string, unknown>>;

/** A text column. Errors, as of all here: `StoreCorruptError` when the column holds something else. */
export function text(row: PostgresRow, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : unexpected(column);
}

/** A number column. `pg` gives bigint as a string, unless the application taught it otherwise. */
export function number(row: PostgresRow, column: string): number {
  const value = row[column];
  const isNumeric = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string';
  const parsed = isNumeric && value !== '' ? Number(value) : NaN;
  return Number.isNaN(parsed) ? unexpected(column) : parsed;
}

/** A bytea column that the query gives as hex, which no setting of server or driver changes. */
export function bytes(row: PostgresRow, column: string): Buffer {
  return Buffer.from(text(row, column), 'hex');
}

/** A name: a bytea column that the query gives as hex. */
export function name(row: PostgresRow, column: string): string {
  return keyText(bytes(row, column));
}

/** A column that may be NULL. */
export function optional<Value>(
  read: (row: PostgresRow, column: string) => Value,
  row: PostgresRow,
  column: string,
): Value | undefined {
  return row[column] === null ? undefined : read(row, column);
}

/** A text column that holds JSON. */
export function json(row: PostgresRow, column: string): unknown {
  try {
    return JSON.parse(text(row, column));
  } catch {
    return unexpected(column);
  }
}

/** Text as PostgreSQL can keep it: it has no NUL. Only for what people read; names are kept whole, see `text-key.ts`. */
export function plainText(value: string): string {
  return value.replaceAll('\0', '\ufffd');
}

/** A LIMIT that PostgreSQL takes: a whole number, never negative. */
export function rowLimit(limit: number): number {
  return Math.min(Math.max(0, Math.floor(limit)), Number.MAX_SAFE_INTEGER);
}

function unexpected(column: string): never {
  throw new StoreCorruptError(
    `The vault holds something unexpected in the column '${column}'; nothing was changed`,
  );
}
