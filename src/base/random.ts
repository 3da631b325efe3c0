import { randomBytes } from 'node:crypto';

/** A fresh random string from the system's CSPRNG: `bytes` bytes (default 32) as base64url. */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString('base64url');
}
