import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { MAX_TIMER_MS, systemClock } from '../../src/base/clock.js';

const DAY = 86_400_000;

describe('the time of the machine', () => {
  it('has a wall clock, and a monotonic one that never goes back', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
    let last = systemClock.monotonic();
    for (let turn = 0; turn < 1_000; turn++) {
      const next = systemClock.monotonic();
      expect(next).toBeGreaterThanOrEqual(last);
      last = next;
    }
  });

  it('does not keep the process alive with after(), but does with sleep()', () => {
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const timer = systemClock.after(60_000, () => undefined);
    const counted = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    expect(counted).toBe(before);
    timer.cancel();
    const abort = new AbortController();
    const slept = systemClock.sleep(60_000, { signal: abort.signal });
    const sleeping = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    expect(sleeping).toBe(before + 1);
    abort.abort();
    return expect(slept).rejects.toThrow();
  });
});

describe('timers of the machine', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it.each([
    ['nothing', 0],
    ['a second', 1_000],
    ['the longest delay Node takes', MAX_TIMER_MS],
    ['one millisecond more', MAX_TIMER_MS + 1],
    ['90 days', 90 * DAY],
    ['2^32 + 5 ms, which Node would cut to 5', 2 ** 32 + 5],
  ])('fire after %s, once, and not a millisecond earlier', async (_, ms) => {
    const run = vi.fn();
    systemClock.after(ms, run);
    if (ms > 0) await vi.advanceTimersByTimeAsync(ms - 1);
    expect(run).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(run).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([-1, -Infinity, NaN])('fire soon after %d milliseconds', async (ms) => {
    const run = vi.fn();
    systemClock.after(ms, run);
    await vi.advanceTimersByTimeAsync(1);
    expect(run).toHaveBeenCalledOnce();
  });

  it('never fire after Infinity', async () => {
    const run = vi.fn();
    const timer = systemClock.after(Infinity, run);
    await vi.advanceTimersByTimeAsync(400 * DAY);
    expect(run).not.toHaveBeenCalled();
    timer.cancel();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('can be cancelled before, between two stretches, and after firing', async () => {
    const run = vi.fn();
    systemClock.after(10, run).cancel();
    const long = systemClock.after(60 * DAY, run);
    await vi.advanceTimersByTimeAsync(40 * DAY);
    long.cancel();
    await vi.advanceTimersByTimeAsync(40 * DAY);
    expect(run).not.toHaveBeenCalled();
    const short = systemClock.after(1, run);
    await vi.advanceTimersByTimeAsync(1);
    short.cancel();
    expect(run).toHaveBeenCalledOnce();
  });

  it('sleep resolves when the time is over and lets go of the signal', async () => {
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, 'removeEventListener');
    const slept = systemClock.sleep(50, { signal });
    await vi.advanceTimersByTimeAsync(50);
    await expect(slept).resolves.toBeUndefined();
    expect(remove).toHaveBeenCalledWith('abort', expect.any(Function));
  });

  it('sleep ends at once when its signal aborts, with the reason, and leaves no timer', async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    const slept = systemClock.sleep(60 * DAY, { signal: abort.signal });
    abort.abort(reason);
    await expect(slept).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
    await expect(systemClock.sleep(1, { signal: abort.signal })).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });
});
