import type { MovableClock } from './movable-clock.js';

/** A clock that only moves when told. `jump` moves the wall clock alone. */
export interface FakeClock extends MovableClock {
  /** Moves both clocks, runs the timers that come due in their order, and lets promises settle in between. */
  advance(ms: number): Promise<void>;
  readonly timers: number;
}

export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let wall = start;
  let mono = 1_000;
  let timers: { at: number; run: () => void }[] = [];
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const after = (ms: number, run: () => void) => {
    const timer = { at: mono + Math.max(0, ms), run };
    timers.push(timer);
    return { cancel: () => void (timers = timers.filter((one) => one !== timer)) };
  };
  return {
    now: () => wall,
    monotonic: () => mono,
    after,
    sleep: (ms, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error);
        const leave = (): void => {
          timer.cancel();
          reject(signal?.reason as Error);
        };
        const timer = after(ms, () => {
          signal?.removeEventListener('abort', leave);
          resolve();
        });
        signal?.addEventListener('abort', leave, { once: true });
      }),
    async advance(ms) {
      const end = mono + ms;
      await settle();
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((one) => one !== next);
        wall += Math.max(0, next.at - mono);
        mono = Math.max(mono, next.at);
        next.run();
        await settle();
      }
      wall += end - mono;
      mono = end;
      await settle();
    },
    jump: (ms) => void (wall += ms),
    skip: (ms) => {
      wall += ms;
      mono += ms;
    },
    get timers() {
      return timers.length;
    },
  };
}
