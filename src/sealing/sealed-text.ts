import { IntegrityError } from '../errors.js';
import { open, seal } from './envelope.js';
import type { KeyRing } from './key-ring.js';
import type { SealContext } from './seal-context.js';

/** `seal` for cookies and other places that hold text: base64url without padding. */
export function sealText(ring: KeyRing, text: string, context: SealContext): string {
  return Buffer.from(seal(ring, text, context)).toString('base64url');
}

/** Opens what `sealText` made, with the errors of `open`; any other spelling of the same bytes is refused. */
export function openText(ring: KeyRing, sealed: string, context: SealContext): string {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.toString('base64url') !== sealed) {
    throw new IntegrityError('The sealed text is not base64url; it was altered or never sealed');
  }
  const plaintext = open(ring, bytes, context);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plaintext);
  } catch {
    throw new IntegrityError('The sealed value opens, but holds bytes and not text');
  }
}
