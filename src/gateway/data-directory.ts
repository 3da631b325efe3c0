import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { ConfigurationError, KeyUnavailableError } from '../errors.js';
import { KeyRing } from '../sealing/key-ring.js';

/** The gateway's directory, ready to be used. Paths are absolute. */
export interface DataDirectory {
  readonly path: string;
  readonly vaultPath: string;
  /** Undefined: the keys come from WEBEX_AUTH_KEYS. */
  readonly keyPath: string | undefined;
  readonly keys: KeyRing;
}

/**
 * Makes the directory (0700) where it is missing, and reads its keys: those of WEBEX_AUTH_KEYS, else the key file, made 0600 on
 * the first start and never again. Errors: `ConfigurationError`, `KeyUnavailableError` for a vault whose key file is gone.
 */
export function openDataDirectory(
  path: string,
  { env = process.env }: { env?: NodeJS.ProcessEnv } = {},
): DataDirectory {
  makeDirectory(path);
  const vaultPath = join(path, 'vault.db');
  if (env['WEBEX_AUTH_KEYS'] !== undefined && env['WEBEX_AUTH_KEYS'] !== '') {
    return { path, vaultPath, keyPath: undefined, keys: KeyRing.fromEnvironment({ env }) };
  }
  const keyPath = join(path, 'vault.key');
  // The key is made before the vault: a vault without one has lost it, and a new key would only hide that.
  if (existsSync(vaultPath) && !existsSync(keyPath)) {
    throw new KeyUnavailableError(
      `The key file ${keyPath} is gone, so ${vaultPath} cannot be opened; restore the key file, or set WEBEX_AUTH_KEYS`,
    );
  }
  return { path, vaultPath, keyPath, keys: KeyRing.createFile(keyPath) };
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new ConfigurationError([
      {
        setting: 'WEBEX_AUTH_HOME',
        problem: `the data directory ${path} cannot be made (${code}): name one that this user may write to`,
      },
    ]);
  }
}
