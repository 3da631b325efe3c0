import { ConfigurationError } from '../errors.js';

/** One key of a ring: a name that may be shown, and exactly 32 secret bytes. */
export interface RingKey {
  readonly id: string;
  readonly key: Uint8Array;
}

const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;
// 43 characters carry 258 bits: the last one must leave its two low bits empty, else two texts would mean one key.
const BASE64_OF_32_BYTES = /^(?:[A-Za-z0-9+/]{42}|[A-Za-z0-9_-]{42})[AEIMQUYcgkosw048]=?$/;

/** Whether `id` can name a key: 1–64 characters of `A-Z a-z 0-9 . _ -`. */
export function isKeyId(id: string): boolean {
  return KEY_ID.test(id);
}

/**
 * Reads `id:base64[,id:base64…]`, one key a line or between commas, the current key first; base64 or base64url of 32
 * bytes. `setting` names where the text came from; errors count the entries and never repeat any of it.
 */
export function parseKeys(text: string, setting: string): RingKey[] {
  const entries = text.split(/[,\r\n]/).map((entry) => entry.trim());
  return entries.filter(Boolean).map((entry, index) => {
    const refuse = (problem: string): never => {
      throw new ConfigurationError([
        { setting, problem: `key ${index + 1} ${problem}`, example: 'k1:<base64 of 32 random bytes>' },
      ]);
    };
    const colon = entry.indexOf(':');
    const id = entry.slice(0, Math.max(0, colon));
    const encoded = entry.slice(colon + 1);
    if (colon < 0) refuse('has no id: write id:base64');
    if (!isKeyId(id)) refuse('has a bad id: use 1 to 64 characters of A-Z a-z 0-9 . _ -');
    if (!BASE64_OF_32_BYTES.test(encoded)) refuse('is not the base64 of exactly 32 bytes');
    return { id, key: Buffer.from(encoded, 'base64') };
  });
}

/** The line that `parseKeys` reads back. Secret: write it to a key file, never print it. */
export function formatKey({ id, key }: RingKey): string {
  return `${id}:${Buffer.from(key).toString('base64')}\n`;
}
