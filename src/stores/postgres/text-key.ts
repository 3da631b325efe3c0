/** What UTF-8 has no bytes for, or more than its code units have together. */
const SURROGATE = /[\ud800-\udfff]/;
/** The first byte of every surrogate written as a code unit of its own, and of some Hangul. */
const MAY_BE_SURROGATE = 0xed;

/**
 * A name as PostgreSQL compares it: its UTF-16 code units, each as UTF-8 would write it (CESU-8), in a bytea. Unlike text,
 * every string stays itself (NUL, lone surrogates, normalisation forms), and the order of bytes is the order of code units.
 * Ordinary names are plain UTF-8 in it.
 */
export function textKey(text: string): Buffer {
  if (!SURROGATE.test(text)) return Buffer.from(text, 'utf8');
  return Buffer.concat(
    text.split('').map((unit) => (SURROGATE.test(unit) ? surrogate(unit) : Buffer.from(unit))),
  );
}

/** The name again. */
export function keyText(key: Buffer): string {
  if (!key.includes(MAY_BE_SURROGATE)) return key.toString('utf8');
  let text = '';
  for (let at = 0; at < key.length;) {
    const [lead = 0, second = 0, third = 0] = key.subarray(at, at + 3);
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : 3;
    text +=
      lead === MAY_BE_SURROGATE
        ? String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f))
        : key.toString('utf8', at, at + length);
    at += length;
  }
  return text;
}

function surrogate(unit: string): Buffer {
  const code = unit.charCodeAt(0);
  return Buffer.from([MAY_BE_SURROGATE, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]);
}
