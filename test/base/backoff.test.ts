import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { backoffDelay } from '../../src/base/backoff.js';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const shape = fc.record({
  base: fc.integer({ min: 1, max: 60_000 }),
  cap: fc.integer({ min: 1, max: 3_600_000 }),
});

describe('a backoff', () => {
  it('lies between the half and the whole of min(cap, base * 2^attempt)', () => {
    fc.assert(
      fc.property(fc.nat(100), shape, random, (attempt, { base, cap }, drawn) => {
        const delay = backoffDelay(attempt, { base, cap, random: () => drawn });
        const whole = Math.min(cap, base * 2 ** attempt);
        expect(delay).toBeGreaterThanOrEqual(whole / 2);
        expect(delay).toBeLessThanOrEqual(whole);
      }),
    );
  });

  it('never gets shorter with more attempts, for one draw', () => {
    fc.assert(
      fc.property(fc.nat(100), shape, random, (attempt, { base, cap }, drawn) => {
        const at = (n: number): number => backoffDelay(n, { base, cap, random: () => drawn });
        expect(at(attempt + 1)).toBeGreaterThanOrEqual(at(attempt));
      }),
    );
  });

  it('is finite for any attempt, and spreads callers by itself', () => {
    expect(backoffDelay(Number.MAX_SAFE_INTEGER, { base: 1, cap: 1e6 })).toBeLessThanOrEqual(1e6);
    expect(backoffDelay(Infinity, { base: 1, cap: 1e6 })).toBeLessThanOrEqual(1e6);
    const drawn = Array.from({ length: 100 }, () => backoffDelay(3, { base: 1_000, cap: 60_000 }));
    expect(new Set(drawn).size).toBeGreaterThan(50);
  });

  it.each([
    [0, 0, 50],
    [0, 0.5, 75],
    [3, 0, 400],
    [3, 0.5, 600],
    [20, 0, 5_000],
  ])('attempt %d with a draw of %d waits %d ms (base 100, cap 10,000)', (attempt, drawn, ms) => {
    expect(backoffDelay(attempt, { base: 100, cap: 10_000, random: () => drawn })).toBe(ms);
  });
});
