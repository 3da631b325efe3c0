import type { AccessToken } from '../oauth/token-source.js';
import type { Grant } from '../vault/grant.js';

const DEFAULT_BUDGET_BYTES = 32 * 1024 * 1024;
const ENTRY_OVERHEAD_BYTES = 1_500;

/** A grant in clear, and what callers get of it while nothing asks for a closer look. */
export interface CachedGrant {
  readonly grant: Grant;
  /** The answer for callers without wishes, already resolved. */
  readonly answer: Promise<AccessToken> | undefined;
  /** Until when `answer` may be given, milliseconds since the epoch. */
  readonly answerUntil: number;
  /** When the store was last asked, on the monotonic clock. */
  readonly checkedAt: number;
}

/** Opened grants by subject, oldest dropped first, within a budget of bytes. */
export class TokenCache {
  readonly #entries = new Map<string, CachedGrant>();
  readonly #budget: number;
  #bytes = 0;

  constructor({ budgetBytes = DEFAULT_BUDGET_BYTES }: { budgetBytes?: number | undefined } = {}) {
    this.#budget = budgetBytes;
  }

  /** How much the entries take, roughly; bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get(subject: string): CachedGrant | undefined {
    return this.#entries.get(subject);
  }

  set(subject: string, entry: CachedGrant): void {
    this.delete(subject);
    this.#entries.set(subject, entry);
    this.#bytes += weight(entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#budget || oldest === subject) break;
      this.delete(oldest);
    }
  }

  delete(subject: string): void {
    const entry = this.#entries.get(subject);
    if (!entry) return;
    this.#entries.delete(subject);
    this.#bytes -= weight(entry);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}

// Ciphertext is about as long as the clear text, and both are held.
function weight({ grant: { record } }: CachedGrant): number {
  return ENTRY_OVERHEAD_BYTES + 4 * ((record.tokens?.length ?? 0) + (record.details?.length ?? 0));
}
