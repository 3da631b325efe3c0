import { createCipheriv, createDecipheriv } from 'node:crypto';
import { isUint8Array } from 'node:util/types';

import { IntegrityError } from '../errors.js';
import { associatedData } from './associated-data.js';
import { drawFreshness, NONCE_BYTES, SALT_BYTES } from './freshness.js';
import type { Freshness } from './freshness.js';
import { isKeyId } from './key-syntax.js';
import type { KeyRing } from './key-ring.js';
import type { SealContext } from './seal-context.js';
import { strictUtf8 } from './strict-utf8.js';

// The layout is frozen by test/sealing/golden and described in docs/sealing.md.
const MAGIC = Buffer.from('wxs');
const VERSION = 1;
const AES_256_GCM = 1;
const KEY_ID_AT = 6;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** Encrypts with the ring's current key and binds the result to `context`: AES-256-GCM, a key of its own per message. */
export function seal(ring: KeyRing, plaintext: Uint8Array | string, context: SealContext): Uint8Array {
  return sealFreshly(ring, plaintext, { context, freshness: drawFreshness() });
}

/** `seal` with given salt and nonce: only golden vectors may choose them, and using a pair twice breaks the encryption. */
export function sealFreshly(
  ring: KeyRing,
  plaintext: Uint8Array | string,
  { context, freshness: { salt, nonce } }: { context: SealContext; freshness: Freshness },
): Uint8Array {
  const bytes = typeof plaintext === 'string' ? strictUtf8(plaintext, 'plaintext') : plaintext;
  const keyId = ring.currentId;
  const bodyAt = KEY_ID_AT + keyId.length + SALT_BYTES + NONCE_BYTES;
  // Not from Node's shared pool: the value is handed out, and with it would go its neighbours' bytes.
  const sealed = Buffer.allocUnsafeSlow(bodyAt + bytes.length + TAG_BYTES);
  sealed.set(MAGIC);
  sealed.set([VERSION, AES_256_GCM, keyId.length], MAGIC.length);
  sealed.write(keyId, KEY_ID_AT, 'latin1');
  sealed.set(salt, KEY_ID_AT + keyId.length);
  sealed.set(nonce, bodyAt - NONCE_BYTES);

  const key = ring.messageKey(keyId, salt);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  key.fill(0);
  cipher.setAAD(associatedData(sealed.subarray(0, bodyAt), context));
  sealed.set(cipher.update(bytes), bodyAt);
  cipher.final();
  sealed.set(cipher.getAuthTag(), bodyAt + bytes.length);
  return sealed;
}

/**
 * Decrypts what `seal` made for the same context. `KeyUnavailableError` when its key is not in the ring; `IntegrityError`
 * for everything else: cut, altered, moved, replayed, of an unknown version, or never sealed.
 */
export function open(ring: KeyRing, sealed: Uint8Array, context: SealContext): Uint8Array {
  const { keyId, bodyAt } = readHeader(sealed);
  const nonceAt = bodyAt - NONCE_BYTES;
  const tagAt = sealed.length - TAG_BYTES;
  const key = ring.messageKey(keyId, sealed.subarray(nonceAt - SALT_BYTES, nonceAt));
  // Node 20 takes tags of 4 bytes unless their length is told.
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(nonceAt, bodyAt), {
    authTagLength: TAG_BYTES,
  });
  key.fill(0);
  decipher.setAAD(associatedData(sealed.subarray(0, bodyAt), context));
  decipher.setAuthTag(sealed.subarray(tagAt));
  const plaintext = decipher.update(sealed.subarray(bodyAt, tagAt));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw new IntegrityError(
      'The sealed value was altered or moved, or its key was replaced under the same id; restore the store',
    );
  }
  return plaintext;
}

/** Id of the key that a value was sealed with, unverified, without opening it. `IntegrityError` when it is no envelope. */
export function sealedKeyId(sealed: Uint8Array): string {
  return readHeader(sealed).keyId;
}

function readHeader(sealed: Uint8Array): { keyId: string; bodyAt: number } {
  if (!isUint8Array(sealed) || MAGIC.some((byte, at) => sealed[at] !== byte)) {
    throw new IntegrityError('The value is not sealed; plaintext in a store is never accepted');
  }
  if (sealed[3] !== VERSION || sealed[4] !== AES_256_GCM) {
    throw new IntegrityError(
      'The value is sealed in a version or with an algorithm this release does not know',
    );
  }
  const saltAt = KEY_ID_AT + (sealed[5] ?? 0);
  const bodyAt = saltAt + SALT_BYTES + NONCE_BYTES;
  if (sealed.length < bodyAt + TAG_BYTES) throw new IntegrityError('The sealed value was cut short');
  const keyId = Buffer.from(sealed.subarray(KEY_ID_AT, saltAt)).toString('latin1');
  if (!isKeyId(keyId)) throw new IntegrityError('The header of the sealed value was altered');
  return { keyId, bodyAt };
}
