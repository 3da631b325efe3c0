import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { TimeoutError } from '../../src/errors.js';
import { Deadline } from '../../src/http/deadline.js';
import { fakeClock } from '../support/fake-clock.js';

const never = new Promise<never>(() => undefined);
const origin = 'https://webexapis.com';

describe('Deadline', () => {
  it('ends work that does not end by itself, with TimeoutError', async () => {
    const clock = fakeClock();
    const deadline = new Deadline({ clock, ms: 1000, origin });
    const outcome = expect(deadline.race(never)).rejects.toThrow(TimeoutError);
    await clock.advance(999);
    expect(deadline.signal.aborted).toBe(false);
    await clock.advance(1);
    await outcome;
    expect(deadline.signal.reason).toBeInstanceOf(TimeoutError);
  });

  it("gives the caller's own reason back, whatever it is", async () => {
    const caller = new AbortController();
    const deadline = new Deadline({ clock: fakeClock(), ms: 1000, signal: caller.signal, origin });
    const outcome = expect(deadline.race(never)).rejects.toBe('changed my mind');
    caller.abort('changed my mind');
    await outcome;
  });

  it('is over at once when the caller gave up before', async () => {
    const clock = fakeClock();
    const deadline = new Deadline({ clock, ms: 1000, signal: AbortSignal.abort('early'), origin });
    await expect(deadline.race(never)).rejects.toBe('early');
    expect(clock.timers).toBe(0);
  });

  it('hands over a result that comes too late', async () => {
    const clock = fakeClock();
    const deadline = new Deadline({ clock, ms: 10, origin });
    const late = withResolvers<string>();
    const discarded: string[] = [];
    const outcome = expect(deadline.race(late.promise, (value) => discarded.push(value))).rejects.toThrow(
      TimeoutError,
    );
    await clock.advance(10);
    await outcome;
    late.resolve('socket');
    await clock.advance(0);
    expect(discarded).toEqual(['socket']);
  });

  it.each(['end', 'timeout', 'abort'] as const)('leaves no timer and no listener after %s', async (how) => {
    const clock = fakeClock();
    const caller = new AbortController();
    for (let call = 0; call < 20; call++) {
      const deadline = new Deadline({ clock, ms: 10, signal: caller.signal, origin });
      deadline.onStop(() => undefined);
      if (how === 'end') deadline.end();
      // More than ten listeners on one signal would make Node warn of a leak.
      expect(getEventListeners(caller.signal, 'abort').length).toBeLessThanOrEqual(1);
    }
    if (how === 'timeout') await clock.advance(10);
    if (how === 'abort') caller.abort();
    expect(clock.timers).toBe(0);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });
});

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}
