import { readFileSync } from 'node:fs';

/** The clock of leases: it never jumps, and all processes that share the file read the same. */
export interface LeaseClock {
  /** Which run of the clock this is; leases of another run have lapsed. */
  readonly boot: string;
  /** Milliseconds since an arbitrary instant of this run. */
  monotonic(): number;
}

/**
 * The system's monotonic clock (on Linux CLOCK_MONOTONIC, one for all processes) with the kernel's boot id. Where there is no
 * boot id the run is called `unknown`: after a restart of the machine a lease can then seem held for at most its own length.
 */
export function systemLeaseClock(): LeaseClock {
  return { boot: bootId(), monotonic: () => Number(process.hrtime.bigint()) / 1e6 };
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return 'unknown';
  }
}
