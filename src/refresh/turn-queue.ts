import type { Clock } from '../base/clock.js';
import { onAbort } from '../base/on-abort.js';

const PACE_MS = 100;
const SIGN_INS_FIRST_MS = 1_000;
const PACED_MS = 60_000;
const MOST_WAITING = 1_000;

/** Who goes first: a refresh whose token may be used up already, one asked for by hand, one that a call waits for, one that is merely due. */
export type Urgency = 'ambiguous' | 'manual' | 'awaited' | 'due';

const ORDER: readonly Urgency[] = ['ambiguous', 'manual', 'awaited', 'due'];

interface Waiting {
  urgency: Urgency;
  go(): void;
}

/**
 * Paces refreshes for a minute after a gate has opened: a second later than sign-ins, which never wait here, then at most ten a
 * second, the most urgent first.
 */
export class TurnQueue {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #waiting: Waiting[] = [];
  // Monotonic milliseconds.
  #nextTurn = -Infinity;
  #pacedUntil = -Infinity;
  #releasing = false;

  constructor({ clock, random }: { clock: Clock; random: () => number }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The gate has been open for so many milliseconds. */
  opened(sinceMs: number): void {
    const opensAt = this.#clock.monotonic() - sinceMs;
    this.#pacedUntil = Math.max(this.#pacedUntil, opensAt + PACED_MS);
    this.#nextTurn = Math.max(this.#nextTurn, opensAt + SIGN_INS_FIRST_MS + this.#random() * PACE_MS);
  }

  /** Waits for its turn: undefined when there is no need to. False when too many wait already. Rejects with the signal's reason. */
  turn(urgency: Urgency, signal: AbortSignal): Promise<true> | false | undefined {
    if (this.#waiting.length === 0 && this.#clock.monotonic() >= this.#pacedUntil) return undefined;
    if (this.#waiting.length >= MOST_WAITING) return false;
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        urgency,
        go: () => {
          leave();
          resolve(true);
        },
      };
      this.#waiting.push(waiting);
      const leave = onAbort(signal, () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason as Error);
      });
      if (!this.#releasing) void this.#release();
    });
  }

  async #release(): Promise<void> {
    this.#releasing = true;
    while (this.#waiting.length > 0) {
      const now = this.#clock.monotonic();
      if (now >= this.#pacedUntil) {
        for (const waiting of this.#waiting.splice(0)) waiting.go();
        break;
      }
      const wait = Math.min(this.#nextTurn, this.#pacedUntil) - now;
      if (wait > 0) {
        await this.#clock.sleep(wait);
        continue;
      }
      const urgency = ORDER.find((one) => this.#waiting.some((waiting) => waiting.urgency === one));
      const first = this.#waiting.findIndex((waiting) => waiting.urgency === urgency);
      this.#nextTurn = this.#clock.monotonic() + PACE_MS * (1 + this.#random() / 2);
      this.#waiting.splice(first, 1)[0]?.go();
    }
    this.#releasing = false;
  }
}
