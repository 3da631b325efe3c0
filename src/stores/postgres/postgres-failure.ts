import { StoreCorruptError, StoreUnavailableError, WebexAuthError } from '../../errors.js';

/** SQLSTATE codes, or their classes (postgresql.org/docs/current/errcodes-appendix.html), and what to say of them. */
const MEANINGS: Readonly<Record<string, string>> = {
  '08': 'the connection broke',
  '25006': 'the server is read-only (a standby, or this role may only read); connect to the primary',
  '28': 'the server refused the login',
  '3D000': 'there is no such database',
  '42501': 'this role lacks the privileges for it',
  '53100': 'the disk is full',
  '53200': 'there is not enough memory',
  '53300': 'the server has too many connections',
  '54000': 'a name is too long: tenant, client id and subject have room for about 2,600 bytes together',
  '55P03': 'others held its lock for too long',
  '57014': 'the statement was cancelled',
  '57P': 'the server is starting or stopping',
  '58': 'the disk reported an error',
};

/** Tables, columns or functions that are gone, and damaged pages. */
const CORRUPT: ReadonlySet<string> = new Set(['3F000', '42P01', '42703', '42883', 'XX001', 'XX002']);

/** The code by which PostgreSQL itself answered; undefined when it did not. */
export function sqlState(error: unknown): string | undefined {
  const code = errorCode(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Whether the same statement, changed by nobody, may succeed at once: it met another's and was undone. */
export function isUndone(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40001' || state === '40P01';
}

/** Whether the connection is as good as before: the server answered, and stays, and is not one that can only be read. */
export function isAnswer(error: unknown): boolean {
  const state = sqlState(error);
  return state !== undefined && !/^(08|57P|25006)/.test(state);
}

/**
 * A driver's error as one of ours. Only its code is kept: messages and details, which may hold values, stay out, and so does the
 * original. `schema` is where the vault is.
 */
export function postgresFailure(error: unknown, schema: string): WebexAuthError {
  if (error instanceof WebexAuthError) return error;
  const state = sqlState(error);
  if (state !== undefined && CORRUPT.has(state)) {
    return new StoreCorruptError(
      `The vault in the PostgreSQL schema ${schema} is damaged or gone (SQLSTATE ${state}); nothing was changed. Restore it from a backup`,
    );
  }
  const meaning =
    state === undefined
      ? `no answer from the server (${errorCode(error) ?? 'connection lost'})`
      : `${meaningOf(state)} (SQLSTATE ${state})`;
  return new StoreUnavailableError(`The vault in the PostgreSQL schema ${schema} is unavailable: ${meaning}`);
}

function meaningOf(state: string): string {
  const [, meaning] = Object.entries(MEANINGS).find(([code]) => state.startsWith(code)) ?? [];
  return meaning ?? 'PostgreSQL refused';
}

function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
