import { systemClock, type Clock } from '../../src/base/clock.js';

/** A clock that runs by itself and can be moved. */
export interface MovableClock extends Clock {
  /** Sets the wall clock alone ahead or back. */
  jump(ms: number): void;
  /** Lets time pass on both clocks, as a machine that was suspended would see it; timers are not hastened. */
  skip(ms: number): void;
}

/** The machine's clock, movable, for peers whose own clock cannot be moved. */
export function movableClock(): MovableClock {
  let wall = 0;
  let monotonic = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + wall,
    monotonic: () => systemClock.monotonic() + monotonic,
    jump: (ms) => void (wall += ms),
    skip: (ms) => {
      wall += ms;
      monotonic += ms;
    },
  };
}
