import { StoreCorruptError, StoreUnavailableError, WebexAuthError } from '../../errors.js';

const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const PROTOCOL = 15;
const NOT_A_DATABASE = 26;

/** Primary result codes (sqlite.org/rescode.html) and what to say of them. */
const MEANINGS: Readonly<Record<number, string>> = {
  3: 'access was denied',
  7: 'there is not enough memory',
  8: 'it is read-only for this process',
  10: 'the disk reported an error',
  13: 'the disk is full',
  14: 'it cannot be opened',
  [BUSY]: 'other processes kept it locked',
  [LOCKED]: 'other processes kept it locked',
};

const NAMES: Readonly<Record<string, number>> = {
  SQLITE_PERM: 3,
  SQLITE_BUSY: BUSY,
  SQLITE_LOCKED: LOCKED,
  SQLITE_NOMEM: 7,
  SQLITE_READONLY: 8,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: CORRUPT,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_PROTOCOL: PROTOCOL,
  SQLITE_NOTADB: NOT_A_DATABASE,
};

/** Whether the same statement may succeed when others have finished theirs. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === BUSY || code === LOCKED || code === PROTOCOL;
}

/**
 * A driver's error as one of ours. Only its result code is kept: messages and bound values stay out, and so does the
 * original, which may hold them.
 */
export function sqliteFailure(error: unknown, path: string): WebexAuthError {
  if (error instanceof WebexAuthError) return error;
  const code = resultCode(error);
  if (code === CORRUPT || code === NOT_A_DATABASE) {
    return new StoreCorruptError(
      `${path} is damaged or no webex-auth vault (SQLite result ${code}); nothing was changed. Restore it from a backup`,
    );
  }
  const meaning = code === undefined ? 'it cannot be used' : (MEANINGS[code] ?? 'SQLite refused');
  return new StoreUnavailableError(
    `The vault ${path} is unavailable: ${meaning}${code === undefined ? '' : ` (SQLite result ${code})`}`,
  );
}

/** The primary result code: node:sqlite gives `errcode`, libsql `rawCode`, better-sqlite3 a name in `code`. */
function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { errcode, rawCode, code } = error as { errcode?: unknown; rawCode?: unknown; code?: unknown };
  for (const number of [errcode, rawCode]) if (typeof number === 'number') return number & 0xff;
  if (typeof code !== 'string') return undefined;
  const name = /^SQLITE_[A-Z]+/.exec(code)?.[0];
  return name === undefined ? undefined : (NAMES[name] ?? 1);
}
