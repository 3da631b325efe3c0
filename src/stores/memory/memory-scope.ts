import type { Clock } from '../../base/clock.js';
import { ClosedError } from '../../errors.js';
import type { StoreTime } from '../grant-row.js';
import type { GrantOwner } from '../grant-store.js';

/** What the parts of one memory store share: its clock and whether it is closed. */
export class MemoryScope {
  readonly clock: Clock;
  #closed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The time now. Errors: `ClosedError`. */
  time(): StoreTime {
    if (this.#closed) throw new ClosedError('The memory store is closed; make a new one');
    return { wall: this.clock.now(), monotonic: this.clock.monotonic(), boot: 'memory' };
  }

  close(): void {
    this.#closed = true;
  }
}

/** A map key that no other combination of parts shares, lone surrogates and NUL included. */
export function jointKey(...parts: string[]): string {
  return JSON.stringify(parts);
}

/** The map key of an owner. */
export function ownerKey({ tenant, clientId }: GrantOwner): string {
  return jointKey(tenant, clientId);
}
