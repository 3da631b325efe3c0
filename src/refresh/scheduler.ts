import type { Clock, Timer } from '../base/clock.js';
import type { GrantRecord } from '../stores/grant-record.js';
import type { GrantOwner, GrantStore } from '../stores/grant-store.js';
import type { GrantTokens } from './grant-tokens.js';
import type { Refresher } from './refresher.js';

const POLL_MS = 5_000;
const BATCH = 50;
const CONCURRENCY = 4;
const PATIENCE_MS = 10_000;

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

  // Each grant once in a sweep: rows that stay due (a machine holds them, their key is elsewhere) neither hold up the rows behind them nor are
  // looked at again at once. While the token endpoint is not to be called, one grant of each kind finds that out; a page of nothing else ends
  // the sweep.
  async #sweep(): Promise<{ looked: number; before: number }> {
    const { grants, owner, clock } = this.#options;
    const before = clock.now();
    const looked = new Set<string>();
    const held = new Set<string>();
    for (;;) {
      const limit = looked.size + Math.max(BATCH, looked.size);
      const page = await grants.due(owner, { before, limit });
      const fresh = page.filter(({ key }) => !looked.has(key.subject));
      for (const { key } of fresh) looked.add(key.subject);
      await this.#refreshAll(fresh, held);
      const isLast = page.length < limit || fresh.every(({ kind }) => held.has(kind));
      if (isLast || this.#closed) return { looked: looked.size, before };
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
      const { before } = await this.#sweep();
      const next = await grants.nextDueAt(owner);
      // What is still due after it was looked at is not helped by looking at once.
      if (next !== undefined && next > before) wait = Math.min(pollMs, Math.max(100, next - clock.now()));
    } catch {
      // The store is away: nothing can be refreshed, and the next turn looks again.
    }
    this.#lookIn(wait);
  }

  async #refreshAll(due: readonly GrantRecord[], held: Set<string>): Promise<void> {
    // What an answer may have used up already comes before what is merely due.
    const queue = [...due.filter(({ intent }) => intent), ...due.filter(({ intent }) => !intent)];
    const work = async (): Promise<void> => {
      for (let record = queue.shift(); record && !this.#closed; record = queue.shift())
        if (!held.has(record.kind) && (await this.#refresh(record))) held.add(record.kind);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
  }

  // One grant's trouble is told by events and is not the others': a refresh that hangs goes on without its place. True when it was held back.
  #refresh({ generation, key: { subject } }: GrantRecord): Promise<boolean> {
    const { refresher, tokens, clock } = this.#options;
    return new Promise((resolve) => {
      const patience = clock.after(PATIENCE_MS, () => resolve(false));
      void refresher
        .refresh(subject, { cause: 'scheduled', generation })
        .then(
          ({ grant, held }) => {
            if (tokens.seen(subject)) tokens.remember(grant);
            return held === true;
          },
          () => false,
        )
        .then((isHeld) => {
          patience.cancel();
          resolve(isHeld);
        });
    });
  }
}
