import type { Clock, Timer } from '../base/clock.js';
import type { GrantKey } from '../stores/grant-record.js';
import type { LeaseStore } from '../stores/lease-store.js';

/** What a held lease is made of. */
export interface LeaseOptions {
  leases: LeaseStore;
  clock: Clock;
  key: GrantKey;
  holder: string;
  fence: number;
  leaseMs: number;
  /** Monotonic instant from before the claim was sent, milliseconds. */
  claimedAt: number;
}

/** A lease in the holder's hands: renewed every third of its length until stopped. */
export class Lease {
  readonly #options: LeaseOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#renewLater();
  }

  /** Whether less than half of the lease has passed since it was asked for: only then may a refresh token be sent. */
  isCertain(): boolean {
    const { clock, claimedAt, leaseMs } = this.#options;
    return clock.monotonic() - claimedAt < leaseMs / 2;
  }

  /** Stops renewing. The lease itself is freed by the write that records the outcome. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #renewLater(): void {
    const { clock, leaseMs } = this.#options;
    this.#timer = clock.after(leaseMs / 3, () => {
      void this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const { leases, key, holder, fence, leaseMs } = this.#options;
    // A renewal that fails is tried again at the next third; a lease that was taken stays taken, and the commit will say so.
    const held = await leases.renew(key, { holder, fence, leaseMs }).catch(() => true);
    if (held && !this.#stopped) this.#renewLater();
  }
}
