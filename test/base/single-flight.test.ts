import { describe, expect, it, vi } from 'vitest';

import { SingleFlight } from '../../src/base/single-flight.js';

function gate<Value>(): {
  promise: Promise<Value>;
  open: (value: Value) => void;
  fail: (error: Error) => void;
} {
  let open!: (value: Value) => void;
  let fail!: (error: Error) => void;
  const promise = new Promise<Value>((resolve, reject) => ([open, fail] = [resolve, reject]));
  return { promise, open, fail };
}

describe('single flight', () => {
  it('runs the work once for all who come while it runs', async () => {
    const flights = new SingleFlight<number>();
    const { promise, open } = gate<number>();
    const work = vi.fn(() => promise);
    const callers = Array.from({ length: 50 }, () => flights.run('a', work));
    expect(flights.size).toBe(1);
    open(7);
    expect(await Promise.all(callers)).toEqual(Array.from({ length: 50 }, () => 7));
    expect(work).toHaveBeenCalledOnce();
    expect(flights.size).toBe(0);
  });

  it('runs again for whoever comes after the outcome is known', async () => {
    const flights = new SingleFlight<number>();
    let runs = 0;
    const work = () => Promise.resolve(++runs);
    expect(await flights.run('a', work)).toBe(1);
    expect(await flights.run('a', work)).toBe(2);
  });

  it('keeps different keys apart, also odd ones', async () => {
    const flights = new SingleFlight<string>();
    const keys = ['a', 'b', '', '__proto__', 'constructor'];
    const results = await Promise.all(keys.map((key) => flights.run(key, () => Promise.resolve(key))));
    expect(results).toEqual(keys);
  });

  it('gives an error to every caller, and does not keep it', async () => {
    const flights = new SingleFlight<number>();
    const { promise, fail } = gate<number>();
    const callers = [flights.run('a', () => promise), flights.run('a', () => promise)];
    const error = new Error('no');
    fail(error);
    expect(await Promise.allSettled(callers)).toEqual([
      { status: 'rejected', reason: error },
      { status: 'rejected', reason: error },
    ]);
    expect(await flights.run('a', () => Promise.resolve(1))).toBe(1);
  });

  it('turns work that throws at once into a rejection and forgets it', async () => {
    const flights = new SingleFlight<number>();
    const thrown = flights.run('a', () => {
      throw new Error('at once');
    });
    await expect(thrown).rejects.toThrow('at once');
    expect(flights.size).toBe(0);
  });

  it('tells when all runs have settled, whatever their outcome', async () => {
    const flights = new SingleFlight<number>();
    const [good, bad] = [gate<number>(), gate<number>()];
    const outcomes = Promise.allSettled([
      flights.run('a', () => good.promise),
      flights.run('b', () => bad.promise),
    ]);
    const settled = vi.fn();
    const all = flights.settled().then(settled);
    good.open(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).not.toHaveBeenCalled();
    bad.fail(new Error('no'));
    await Promise.all([all, outcomes]);
    expect(settled).toHaveBeenCalledOnce();
    await new SingleFlight().settled();
  });
});
