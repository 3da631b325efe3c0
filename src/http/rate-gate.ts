import type { Clock } from '../base/clock.js';
import { onAbort } from '../base/on-abort.js';
import { RateLimitError } from '../errors.js';
import type { Gate } from '../stores/gate-store.js';

// No limit of Webex is near a day (webex-facts 4.2: 4 s, 60 s, an hour); an odd date must not lock anyone out for years.
const LONGEST_SHUT_MS = 86_400_000;
const MOST_WAITING = 1_000;
const LOOK_EVERY_MS = 1_000;

/** The same gate as other processes see it. */
export interface SharedGate {
  shut(gate: Gate): Promise<Gate>;
  read(): Promise<Gate | undefined>;
}

/** What a gate needs. */
export interface RateGateOptions {
  clock: Clock;
  random: () => number;
  /** Between two calls that are released, milliseconds; a jitter of up to half of it comes on top. */
  paceMs: number;
  shared: SharedGate | undefined;
}

/** How long a call may be held, milliseconds. */
export interface Patience {
  /** Until the gate opens. */
  maxWaitMs: number;
  /** Until it is the call's turn: what is left of its deadline. */
  leftMs: number;
}

interface Waiting {
  /** The latest opening that it accepts, and the latest turn; monotonic milliseconds. */
  latestOpening: number;
  latestTurn: number;
  go(): void;
  refuse(error: RateLimitError): void;
}

/** One principal's gate: shut by a 429 until an instant. Calls wait in the order they came and are released one by one. */
export class RateGate {
  readonly #options: RateGateOptions;
  readonly #waiting = new Set<Waiting>();
  // Monotonic milliseconds.
  #opensAt = -Infinity;
  #nextTurn = -Infinity;
  #lookedAt = -Infinity;
  // What the store was told last: milliseconds since the epoch.
  #written = -Infinity;
  #releasing = false;
  #looking: Promise<void> | undefined;
  #sleep: AbortController | undefined;

  constructor(options: RateGateOptions) {
    this.#options = options;
  }

  /** When it opens, milliseconds since the epoch; undefined while it is open. */
  until(): number | undefined {
    const left = this.opensInMs();
    return left > 0 ? Math.ceil(this.#options.clock.now() + left) : undefined;
  }

  /** How long until it opens, milliseconds; 0 while it is open. */
  opensInMs(): number {
    return Math.max(0, this.#opensAt - this.#options.clock.monotonic());
  }

  /** How long it has been open with nobody waiting, milliseconds; 0 while it is in use. */
  idleMs(): number {
    return this.#waiting.size > 0 ? 0 : Math.max(0, this.#options.clock.monotonic() - this.#opensAt);
  }

  /** Shuts it until an instant (milliseconds since the epoch), never shorter than before; here at once, elsewhere through the store. */
  shut(until: number, reason: string): void {
    const { shared, clock } = this.#options;
    const bounded = Math.min(Math.ceil(until), clock.now() + LONGEST_SHUT_MS);
    this.#adopt(bounded);
    // Whole seconds: fifty calls that meet the same limit at once write once or twice, and nobody is let through early.
    const written = Math.ceil(bounded / 1000) * 1000;
    if (!shared || written <= this.#written) return;
    this.#written = written;
    this.#lookedAt = clock.monotonic();
    // A store that is away must not fail calls: this process knows the gate anyway.
    shared.shut({ until: written, reason }).then(
      (standing) => void (standing.until > written && this.#adopt(standing.until)),
      () => undefined,
    );
  }

  /** Another process knows that it is shut until an instant (milliseconds since the epoch). */
  learn(until: number): void {
    this.#lookedAt = this.#options.clock.monotonic();
    this.#adopt(until);
  }

  /** Whether a call of this patience would be let wait now. */
  admits(patience: Patience): boolean {
    return this.#isAdmitted(this.#waitingOf(patience), this.#waiting.size);
  }

  /** Waits for the call's turn. Rejects with `RateLimitError` when that would be too late, or with the signal's reason. */
  async pass(patience: Patience, signal: AbortSignal): Promise<void> {
    void this.#look();
    if (this.opensInMs() === 0 && this.#waiting.size === 0) return;
    const waiting = this.#waitingOf(patience);
    if (!this.#isAdmitted(waiting, this.#waiting.size)) throw this.#refusal();
    let leave: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        waiting.go = resolve;
        waiting.refuse = reject;
        this.#waiting.add(waiting);
        leave = onAbort(signal, () => reject(signal.reason as Error));
        if (!this.#releasing) void this.#release();
      });
    } finally {
      leave?.();
      this.#waiting.delete(waiting);
      if (this.#waiting.size === 0) this.#sleep?.abort();
    }
  }

  async #release(): Promise<void> {
    const { clock, random, paceMs } = this.#options;
    this.#releasing = true;
    while (this.#waiting.size > 0) {
      const wait = this.#nextTurn - clock.monotonic();
      if (wait > 0) {
        await this.#rest(wait);
        continue;
      }
      await this.#lookBriefly();
      // Meanwhile another process may have met a 429, or everybody have left.
      if (this.#nextTurn > clock.monotonic()) continue;
      const [first] = this.#waiting;
      if (!first) continue;
      this.#waiting.delete(first);
      this.#nextTurn = clock.monotonic() + paceMs * (1 + random() / 2);
      first.go();
    }
    this.#releasing = false;
  }

  // Keeps the process alive, as a call on its way does; ends when nobody waits any more.
  async #rest(ms: number): Promise<void> {
    const sleep = (this.#sleep = new AbortController());
    await this.#options.clock.sleep(ms, { signal: sleep.signal }).catch(() => undefined);
    this.#sleep = undefined;
  }

  async #lookBriefly(): Promise<void> {
    const looking = this.#look();
    if (!looking) return;
    const enough = new AbortController();
    const pause = this.#options.clock.sleep(LOOK_EVERY_MS, { signal: enough.signal }).catch(() => undefined);
    await Promise.race([looking, pause]);
    enough.abort();
  }

  // What other processes know, at most once a second.
  #look(): Promise<void> | undefined {
    const { shared, clock } = this.#options;
    if (!shared || this.#looking) return this.#looking;
    const now = clock.monotonic();
    if (now - this.#lookedAt < LOOK_EVERY_MS) return undefined;
    this.#lookedAt = now;
    return (this.#looking = shared
      .read()
      .then(
        (gate) => gate && this.#adopt(gate.until),
        () => undefined,
      )
      .finally(() => (this.#looking = undefined)));
  }

  #adopt(until: number): void {
    const { clock, random, paceMs } = this.#options;
    const opensAt = clock.monotonic() + Math.min(until - clock.now(), LONGEST_SHUT_MS);
    if (!(opensAt > this.#opensAt)) return;
    this.#opensAt = opensAt;
    // Several processes wait for the same instant.
    this.#nextTurn = Math.max(this.#nextTurn, opensAt + (random() * paceMs) / 2);
    let ahead = 0;
    for (const waiting of this.#waiting) {
      if (this.#isAdmitted(waiting, ahead)) ahead++;
      else {
        this.#waiting.delete(waiting);
        waiting.refuse(this.#refusal());
      }
    }
  }

  #waitingOf({ maxWaitMs, leftMs }: Patience): Waiting {
    const now = this.#options.clock.monotonic();
    return {
      latestOpening: now + maxWaitMs,
      latestTurn: now + leftMs,
      go: () => undefined,
      refuse: () => undefined,
    };
  }

  #isAdmitted({ latestOpening, latestTurn }: Waiting, ahead: number): boolean {
    const now = this.#options.clock.monotonic();
    const turn = Math.max(this.#nextTurn, now) + ahead * this.#options.paceMs * 1.5;
    return ahead < MOST_WAITING && this.#opensAt <= latestOpening && turn < latestTurn;
  }

  #refusal(): RateLimitError {
    return new RateLimitError(
      'Nothing was sent: Webex asked this principal to wait; try again after retryAt',
      {
        retryAt:
          this.until() ?? Math.ceil(this.#options.clock.now() + this.#options.paceMs * this.#waiting.size),
      },
    );
  }
}
