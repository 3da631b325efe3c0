import { randomUUID } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, linkSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { readdirSync, unlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StoreCorruptError, StoreUnavailableError, WebexAuthError } from '../../errors.js';

const NEW = '.new-';
/** A file under construction that is older than this was left by a process that died. Milliseconds. */
const ABANDONED_AFTER = 10 * 60_000;
/** SQLite's files are whole pages, and no page is smaller. Bytes. */
const SMALLEST_PAGE = 512;

/**
 * Sees to it that a vault file is there and nobody else's to read: 0600 from its first byte, in a directory made 0700.
 * A missing one is built by `build` under another name and appears complete or not at all, so a file of no length is
 * always damage. Existing files are never opened here: closing a file drops SQLite's locks on it in the whole process.
 * Errors: `StoreUnavailableError`, `StoreCorruptError`; both leave what is there as it is.
 */
export async function prepareVaultFile(
  path: string,
  { build, now }: { build: (path: string) => Promise<void>; now: number },
): Promise<void> {
  try {
    makeDirectory(dirname(path));
    if (!entryAt(path)) await createVault(path, build);
    removeLeftovers(path, now);
    checkVault(path);
  } catch (error) {
    throw fileFailure(error, path);
  }
}

/** Takes the vault and what SQLite keeps beside it from other users' eyes: 0600. Only for what is known to be a vault. */
export function makePrivate(path: string): void {
  if (process.platform === 'win32') return;
  for (const file of [path, ...sidesOf(path)]) {
    try {
      const entry = entryAt(file);
      if (entry && (entry.mode & 0o077) !== 0) chmodSync(file, 0o600);
    } catch (error) {
      // A log may go at any time, when another process closes as the last one.
      if (!hasCode(error, 'ENOENT')) throw fileFailure(error, path);
    }
  }
}

/** Which file is at `path` now, so that one can tell when it is replaced; undefined when none is. */
export function fileIdentity(path: string): string | undefined {
  try {
    const { dev, ino } = lstatSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function makeDirectory(directory: string): void {
  if (!entryAt(directory)) {
    try {
      mkdirSync(directory, { mode: 0o700 });
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
}

async function createVault(path: string, build: (path: string) => Promise<void>): Promise<void> {
  const draft = `${path}${NEW}${randomUUID()}`;
  // 'wx' is O_CREAT | O_EXCL: it fails on anything that is there, a symbolic link included.
  closeSync(openSync(draft, 'wx', 0o600));
  try {
    await build(draft);
    linkSync(draft, path);
    syncDirectory(dirname(path));
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    removeIfThere(draft);
  }
}

function checkVault(path: string): void {
  const file = lstatSync(path);
  if (!file.isFile() || file.nlink > 1) {
    throw new StoreCorruptError(
      `${path} is a link or no ordinary file, so it is not used as a vault; nothing was changed`,
    );
  }
  if (file.size === 0) {
    throw new StoreCorruptError(
      `${path} is empty, which a vault never is; nothing was changed. Restore it from a backup, or remove it to start anew`,
    );
  }
  for (const side of sidesOf(path)) {
    const entry = entryAt(side);
    if (entry && (!entry.isFile() || entry.nlink > 1)) {
      throw new StoreCorruptError(
        `${side} is a link or no ordinary file, so the vault is not used; nothing was changed`,
      );
    }
  }
  // While a log is there, a half-written last page may be one that SQLite mends from it.
  if (file.size % SMALLEST_PAGE !== 0 && !entryAt(`${path}-wal`)?.size) {
    throw new StoreCorruptError(`${path} is cut short; nothing was changed. Restore it from a backup`);
  }
}

/** Removes drafts of processes that died. One that is already linked as the vault goes at once. */
function removeLeftovers(path: string, now: number): void {
  const vault = fileIdentity(path);
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(`${basename(path)}${NEW}`)) continue;
    const draft = join(dirname(path), name);
    const entry = entryAt(draft);
    const abandoned = entry && now - entry.mtimeMs > ABANDONED_AFTER;
    if (abandoned || fileIdentity(draft) === vault) removeIfThere(draft);
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

function sidesOf(path: string): string[] {
  return ['-wal', '-shm', '-journal'].map((side) => path + side);
}

function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function entryAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function fileFailure(error: unknown, path: string): WebexAuthError {
  if (error instanceof WebexAuthError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return new StoreUnavailableError(
    `The vault ${path} is unavailable (${code}); check that its directory exists and that this process may write there`,
  );
}
