/** One byte string to look for, with what to say when it is found. */
export interface Needle<Tag> {
  readonly bytes: Buffer;
  readonly tag: Tag;
}

/** Where a needle was found. */
export interface NeedleHit<Tag> {
  readonly tag: Tag;
  readonly offset: number;
  readonly length: number;
}

const WINDOW = 16;
const FACTOR = 0x01000193;
const FILTER_BITS = 20;
// FACTOR^15 modulo 2^32: what the oldest byte of the window weighs.
const OLDEST = Array.from({ length: WINDOW - 1 }).reduce<number>((power) => Math.imul(power, FACTOR), 1);

/**
 * Finds thousands of byte strings in one pass: a rolling hash over 16 bytes (Rabin-Karp) picks the needles whose first
 * 16 bytes may be here, and only those are compared. Needles shorter than that are searched one by one.
 */
export class NeedleIndex<Tag> {
  readonly #short: Needle<Tag>[] = [];
  readonly #byHash = new Map<number, Needle<Tag>[]>();
  readonly #filter = new Uint8Array(2 ** FILTER_BITS);

  add(needle: Needle<Tag>): void {
    if (needle.bytes.length < WINDOW) {
      this.#short.push(needle);
      return;
    }
    let hash = 0;
    for (const byte of needle.bytes.subarray(0, WINDOW)) hash = (Math.imul(hash, FACTOR) + byte) | 0;
    const alike = this.#byHash.get(hash) ?? [];
    // Longer ones first: a whole secret before the window that begins it.
    this.#byHash.set(
      hash,
      [...alike, needle].sort((a, b) => b.bytes.length - a.bytes.length),
    );
    this.#filter[slotOf(hash)] = 1;
  }

  /** Calls `found` for every needle in `hay`, by rising offset for those of 16 bytes or more. */
  search(hay: Buffer, found: (hit: NeedleHit<Tag>) => void): void {
    for (const { bytes, tag } of this.#short) {
      for (let at = hay.indexOf(bytes); at >= 0; at = hay.indexOf(bytes, at + 1)) {
        found({ tag, offset: at, length: bytes.length });
      }
    }
    if (this.#byHash.size === 0) return;
    const filter = this.#filter;
    let hash = 0;
    for (let end = 0; end < hay.length; end++) {
      hash = (Math.imul(hash, FACTOR) + (hay[end] ?? 0)) | 0;
      if (end < WINDOW - 1) continue;
      const offset = end - WINDOW + 1;
      if (filter[slotOf(hash)] === 1) this.#compare(hay, offset, hash, found);
      hash = (hash - Math.imul(hay[offset] ?? 0, OLDEST)) | 0;
    }
  }

  #compare(hay: Buffer, offset: number, hash: number, found: (hit: NeedleHit<Tag>) => void): void {
    for (const { bytes, tag } of this.#byHash.get(hash) ?? []) {
      const length = bytes.length;
      if (offset + length <= hay.length && hay.compare(bytes, 0, length, offset, offset + length) === 0) {
        found({ tag, offset, length });
      }
    }
  }
}

function slotOf(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> (32 - FILTER_BITS);
}
