import { randomFillSync } from 'node:crypto';

/** Bytes of the salt that makes a message's key its own. */
export const SALT_BYTES = 32;
/** Bytes of the GCM nonce (NIST SP 800-38D, 8.2.2). */
export const NONCE_BYTES = 12;

/** What makes every message different: a salt for its key, and a nonce. Neither is secret. */
export interface Freshness {
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
}

const PORTION = SALT_BYTES + NONCE_BYTES;
const pool = new Uint8Array(PORTION * 64);
let used = pool.length;

/** A salt and a nonce from the system's CSPRNG, never given out twice. Copy them before the next call. */
export function drawFreshness(): Freshness {
  // Drawn in bulk: a call to the system for every message would cost a tenth of the whole sealing.
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const at = used;
  used += PORTION;
  return { salt: pool.subarray(at, at + SALT_BYTES), nonce: pool.subarray(at + SALT_BYTES, used) };
}
