import type { Clock } from '../base/clock.js';

/** The emulator's clock: another clock, moved ahead at will. */
export interface OffsetClock extends Clock {
  /** Moves wall and monotonic time ahead; milliseconds. Timers under way are not shortened. */
  advance(ms: number): void;
  /** How far it runs ahead; milliseconds. */
  offset: number;
}

/** Puts an offset on `base`. */
export function offsetClock(base: Clock, offset = 0): OffsetClock {
  const clock: OffsetClock = {
    offset,
    now: () => base.now() + clock.offset,
    monotonic: () => base.monotonic() + clock.offset,
    after: (ms, run) => base.after(ms, run),
    sleep: (ms, options) => base.sleep(ms, options),
    advance: (ms) => void (clock.offset += ms),
  };
  return clock;
}
