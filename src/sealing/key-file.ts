import { closeSync, constants, fchmodSync, fstatSync, fsyncSync } from 'node:fs';
import { linkSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { randomToken } from '../base/random.js';
import { ConfigurationError } from '../errors.js';

const OWNER_ONLY = 0o600;
const LARGEST_FILE = 64 * 1024;
const isWindows = process.platform === 'win32';

/** The text of a key file. Refuses symbolic links, anything but a plain file, and modes wider than 0600. */
export function readKeyFile(path: string): string {
  // O_NONBLOCK: opening a FIFO must not hang. The checks are made on the open file, so nobody can swap it in between.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = guarded(path, () => openSync(path, flags));
  try {
    const { mode, size } = guarded(path, () => {
      const stats = fstatSync(file);
      if (!stats.isFile()) throw refusal(path, 'is not a plain file');
      return stats;
    });
    if (!isWindows && (mode & 0o7777 & ~OWNER_ONLY) !== 0) {
      throw refusal(path, `can be used by others (mode ${(mode & 0o7777).toString(8)}): chmod 600 it`);
    }
    if (size > LARGEST_FILE) throw refusal(path, 'is too large for a key file');
    return guarded(path, () => readFileSync(file, 'utf8'));
  } finally {
    closeSync(file);
  }
}

/**
 * Makes a key file: 0600 before its first byte, whole and on disk before its name appears, never over an existing one.
 * A file that is there already (another process was first) is left alone.
 */
export function createKeyFile(path: string, text: string): void {
  const draft = join(dirname(path), `.${basename(path)}.${randomToken(9)}`);
  guarded(path, () => {
    writeDraft(draft, text);
    try {
      linkSync(draft, path);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    } finally {
      unlinkSync(draft);
    }
    // Also after losing the race: what is sealed from now on must not outlive the name of its key.
    syncDirectory(dirname(path));
  });
}

function writeDraft(draft: string, text: string): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = openSync(draft, flags, OWNER_ONLY);
  try {
    fchmodSync(file, OWNER_ONLY); // a umask can take bits away from the owner, too
    writeFileSync(file, text);
    fsyncSync(file);
  } catch (error) {
    unlinkSync(draft);
    throw error;
  } finally {
    closeSync(file);
  }
}

function syncDirectory(path: string): void {
  if (isWindows) return; // directories cannot be opened there
  const directory = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ELOOP: 'is a symbolic link: name the file itself',
  ENOENT: 'does not exist, or its directory does not',
  ENOTDIR: 'is below something that is not a directory',
  EACCES: 'cannot be opened: check its owner and the rights on its directory',
  EPERM: 'cannot be made here: the file system or a policy forbids it',
  EROFS: 'cannot be made: the file system is read-only',
  ENOSPC: 'cannot be written: the disk is full',
};

function guarded<Result>(path: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const code = codeOf(error);
    throw refusal(path, PROBLEMS[code] ?? `cannot be used (${code})`);
  }
}

function refusal(path: string, problem: string): ConfigurationError {
  return new ConfigurationError([{ setting: `key file ${JSON.stringify(path)}`, problem }]);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
