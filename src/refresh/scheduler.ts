import type { Clock, Timer } from '../base/clock.js';
import type { GrantRecord } from '../stores/grant-record.js';
import type { GrantOwner, GrantStore } from '../stores/grant-store.js';
import type { GrantTokens } from './grant-tokens.js';
import type { Refresher } from './refresher.js';

const POLL_MS = 5_000;
const BATCH = 50;
const CONCURRENCY = 4;

/** What the scheduler needs. */
export interface SchedulerOptions {
  grants: GrantStore;
  owner: GrantOwner;
  refresher: Refresher;
  tokens: GrantTokens;
  clock: Clock;
  /** Longest time between two looks at the store, for grants that other processes add. Milliseconds. */
  pollMs?: number;
}

/**
 * Refreshes what the store's due index names. One timer, however many grants. Machines share the work through the refresher's
 * leases; a failed look is repeated at the next turn.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  #timer: Timer | undefined;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Begins to look. */
  start(): void {
    this.#lookIn(0);
  }

  /** Refreshes everything that is due now. Resolves to the number of grants looked at. */
  async runOnce(): Promise<number> {
    return (await this.#sweep()).looked;
  }

  // `stuck`: rows stay due although they were looked at (a gate is shut, a machine holds them), so looking again soon is useless.
  async #sweep(): Promise<{ looked: number; stuck: boolean }> {
    const { grants, owner, clock } = this.#options;
    const before = clock.now();
    let looked = 0;
    for (;;) {
      const due = await grants.due(owner, { before, limit: BATCH });
      looked += due.length;
      const moved = await this.#refreshAll(due);
      if (due.length < BATCH || !moved || this.#closed) return { looked, stuck: due.length > 0 && !moved };
    }
  }

  /** Stops looking and waits for the turn under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#turn;
  }

  #lookIn(ms: number): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.after(ms, () => {
      this.#turn = this.#look();
    });
  }

  async #look(): Promise<void> {
    const { grants, owner, clock, pollMs = POLL_MS } = this.#options;
    let wait = pollMs;
    try {
      const { stuck } = await this.#sweep();
      const next = stuck ? undefined : await grants.nextDueAt(owner);
      if (next !== undefined) wait = Math.min(pollMs, Math.max(100, next - clock.now()));
    } catch {
      // The store is away: nothing can be refreshed, and the next turn looks again.
    }
    this.#lookIn(wait);
  }

  // True when at least one row moved on: otherwise the same batch would be read again at once.
  async #refreshAll(due: readonly GrantRecord[]): Promise<boolean> {
    const { refresher, tokens } = this.#options;
    const queue = [...due];
    let moved = false;
    const work = async (): Promise<void> => {
      for (let record = queue.shift(); record && !this.#closed; record = queue.shift()) {
        const { generation, key } = record;
        try {
          const result = await refresher.refresh(key.subject, { cause: 'scheduled', generation });
          tokens.remember(result.grant);
          moved ||= result.refreshed || result.grant.record.dueAt !== record.dueAt;
        } catch {
          // Told by events; one grant's trouble is not the others'.
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    return moved;
  }
}
