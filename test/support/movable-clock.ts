import { systemClock, type Clock } from '../../src/base/clock.js';

/** The machine's clock with a wall clock that can be set ahead or back, for peers whose own clock cannot be moved. */
export function movableClock(): Clock & { jump(ms: number): void } {
  let offset = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + offset,
    jump: (ms) => void (offset += ms),
  };
}
