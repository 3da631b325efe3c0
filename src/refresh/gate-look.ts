import type { Clock } from '../base/clock.js';
import type { Gate, GateStore } from '../stores/gate-store.js';
import type { GrantOwner } from '../stores/grant-store.js';

const READ_EVERY_MS = 1_000;

/** What looking at a gate takes. */
export interface GateLookOptions {
  gates: GateStore;
  owner: GrantOwner;
  clock: Clock;
}

/** Looks at one gate in the store, at most once a second; whoever comes meanwhile shares the answer. */
export class GateLook {
  readonly #options: GateLookOptions;
  readonly #name: string;
  readonly #learn: (gate: Gate | undefined) => void;
  #knownAt = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(options: GateLookOptions, name: string, learn: (gate: Gate | undefined) => void) {
    this.#options = options;
    this.#name = name;
    this.#learn = learn;
  }

  /** Resolves when what is known is at most a second old. Errors: the store's. */
  look(): Promise<void> {
    const { gates, owner, clock } = this.#options;
    const asked = clock.monotonic();
    if (asked - this.#knownAt < READ_EVERY_MS) return Promise.resolve();
    this.#reading ??= gates
      .read(owner, this.#name)
      .then((gate) => {
        // What was found out meanwhile is newer.
        if (this.#knownAt > asked) return;
        this.#knownAt = clock.monotonic();
        this.#learn(gate);
      })
      .finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /** It was found out otherwise, just now. */
  known(): void {
    this.#knownAt = this.#options.clock.monotonic();
  }
}
