import { backoffDelay } from '../../base/backoff.js';
import { systemClock } from '../../base/clock.js';
import { StoreUnavailableError } from '../../errors.js';
import { isBusy, sqliteFailure } from './sqlite-failure.js';

/** How long to go on while others hold the lock, milliseconds. */
export interface BusyLimit {
  readonly path: string;
  readonly busyTimeoutMs: number;
}

/**
 * Runs `work`, and again as long as SQLite says that another process is busy. The waiting is done here, jittered, and not by
 * SQLite, so that the event loop goes on. It runs on the real clock: so do the other processes.
 */
export async function whenFree<Result>(
  work: () => Result,
  { path, busyTimeoutMs }: BusyLimit,
): Promise<Result> {
  const end = systemClock.monotonic() + busyTimeoutMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error)) throw sqliteFailure(error, path);
    }
    if (systemClock.monotonic() >= end) {
      throw new StoreUnavailableError(
        `The vault ${path} is unavailable: other processes kept it locked for ${busyTimeoutMs} ms`,
      );
    }
    await systemClock.sleep(backoffDelay(attempt, { base: 0.5, cap: 20 }));
  }
}
