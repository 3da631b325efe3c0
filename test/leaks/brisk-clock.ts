import type { Clock } from '../../src/base/clock.js';
import { hastyClock } from '../http/hasty-clock.js';

// What is longer is no pause between two attempts, but a limit that somebody else is expected to beat.
const LONGEST_PAUSE_MS = 20_000;

/**
 * A clock for peers that are real: pauses take no time, and timers run `haste` times as fast as the machine's,
 * so that a deadline may pass within a test.
 */
export function briskClock(haste: number): Clock {
  const clock = hastyClock();
  return {
    // As the machine's: whole milliseconds.
    now: () => Math.floor(clock.now()),
    monotonic: () => clock.monotonic(),
    after: (ms, run) => clock.after(ms / haste, run),
    sleep: (ms, options = {}) =>
      ms <= LONGEST_PAUSE_MS ? clock.sleep(ms, options) : limit(clock, ms, options),
  };
}

function limit(clock: Clock, ms: number, { signal }: { signal?: AbortSignal | undefined }): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, resolve);
    signal?.addEventListener(
      'abort',
      () => {
        timer.cancel();
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });
}
