/** A timer that can be cancelled. */
export interface Timer {
  cancel(): void;
}

/** Time as the library sees it. Inject another one in tests. */
export interface Clock {
  /** Wall clock: milliseconds since the epoch. May jump. */
  now(): number;
  /** Monotonic clock: milliseconds since an arbitrary instant. Never jumps, never goes back. */
  monotonic(): number;
  /** Calls `run` once after `ms` milliseconds (any length), without keeping the process alive. */
  after(ms: number, run: () => void): Timer;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, options?: { signal?: AbortSignal | undefined }): Promise<void>;
}

/** The longest delay Node's timers take; a longer one would fire at once. Milliseconds. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

function startTimer(ms: number, run: () => void, keepAlive: boolean): Timer {
  let handle: NodeJS.Timeout;
  const arm = (left: number): void => {
    const step = Math.min(Math.max(0, left), MAX_TIMER_MS);
    handle = setTimeout(() => (left > step ? arm(left - step) : run()), step);
    if (!keepAlive) handle.unref();
  };
  arm(Number.isNaN(ms) ? 0 : ms);
  return { cancel: () => clearTimeout(handle) };
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => startTimer(ms, run, false),
  sleep: (ms, { signal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const onAbort = (): void => {
        timer.cancel();
        reject(signal?.reason as Error);
      };
      const timer = startTimer(
        ms,
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        true,
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};
