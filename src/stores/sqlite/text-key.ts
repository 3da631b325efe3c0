/**
 * A name as SQLite compares it: its UTF-16 code units, big end first. Unlike TEXT, every string stays itself (NUL, lone
 * surrogates, normalisation forms), and the order of bytes is the order of code units.
 */
export function textKey(text: string): Uint8Array {
  return Buffer.from(text, 'utf16le').swap16();
}

/** The name again. */
export function keyText(key: Uint8Array): string {
  return Buffer.from(key).swap16().toString('utf16le');
}
