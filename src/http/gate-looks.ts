import type { Clock } from '../base/clock.js';

const LOOK_EVERY_MS = 1_000;
// A store that hangs must not make every call slow: the API itself will say what the store could have.
const LONGEST_WAIT_MS = 250;

interface Look {
  at: number;
  /** Until it is done, or has taken too long to be waited for. */
  waiting: Promise<void> | undefined;
  isUnderWay: boolean;
}

/** Asks a store about principals, about each at most once a second; whoever comes meanwhile shares the answer. */
export class GateLooks {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #read: (principal: string) => Promise<void>;
  readonly #looks = new Map<string, Look>();

  /** `most`: how many principals are remembered; those that were asked about last. */
  constructor({
    clock,
    most,
    read,
  }: {
    clock: Clock;
    most: number;
    read: (principal: string) => Promise<void>;
  }) {
    this.#clock = clock;
    this.#most = most;
    this.#read = read;
  }

  /** Asks unless that was done lately. Never rejects; undefined = there is nothing to wait for. */
  look(principal: string): Promise<void> | undefined {
    const now = this.#clock.monotonic();
    const last = this.#looks.get(principal);
    if (last && (last.isUnderWay || now - last.at < LOOK_EVERY_MS)) return last.waiting;
    const look: Look = { at: now, waiting: undefined, isUnderWay: true };
    const done = this.#read(principal)
      .catch(() => undefined)
      .finally(() => (look.isUnderWay = false));
    look.waiting = this.#briefly(done).finally(() => (look.waiting = undefined));
    // Last in the order of the map is the one that was asked about last.
    this.#looks.delete(principal);
    this.#looks.set(principal, look);
    for (const oldest of this.#looks.keys()) {
      if (this.#looks.size <= this.#most) break;
      this.#looks.delete(oldest);
    }
    return look.waiting;
  }

  #briefly(done: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const limit = this.#clock.after(LONGEST_WAIT_MS, resolve);
      void done.then(() => {
        limit.cancel();
        resolve();
      });
    });
  }
}
