import { systemClock, type Clock } from '../../src/base/clock.js';

/** The machine's clock, on which sleeping takes no time: both clocks jump ahead by as much. For peers that are real. */
export function hastyClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  let offset = 0;
  return {
    slept,
    now: () => systemClock.now() + offset,
    monotonic: () => systemClock.monotonic() + offset,
    after: (ms, run) => systemClock.after(ms, run),
    sleep: async (ms, { signal } = {}) => {
      signal?.throwIfAborted();
      slept.push(ms);
      offset += ms;
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
  };
}
