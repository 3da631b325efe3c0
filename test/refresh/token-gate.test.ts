import { beforeEach, describe, expect, it } from 'vitest';
import { RateLimitError, StoreUnavailableError } from '../../src/errors.js';
import { TokenGate } from '../../src/refresh/token-gate.js';
import { memoryStore } from '../../src/stores/memory-store.js';
import type { Store } from '../../src/stores/store.js';
import { fakeClock, type FakeClock } from '../support/fake-clock.js';
import { owner } from './rig.js';

const HOUR = 3_600_000;
const forever = new AbortController().signal;

describe('the gate before the token endpoint', () => {
  let clock: FakeClock;
  let store: Store;

  beforeEach(() => {
    clock = fakeClock();
    store = memoryStore({ clock });
  });

  const gate = (): TokenGate => {
    const { gates, once } = store;
    return new TokenGate({
      gates,
      once,
      owner,
      clock,
      secrets: 's',
      random: () => 0.5,
      onOpen: () => undefined,
    });
  };
  const limited = (ms: number | undefined): RateLimitError =>
    new RateLimitError('slow', { status: 429, retryAt: ms === undefined ? undefined : clock.now() + ms });
  const isOpen = (one: TokenGate): Promise<boolean> =>
    one.admit().then(
      () => true,
      () => false,
    );

  it.each<[string, number | undefined, number]>([
    ['what it says', 30_000, 30_000],
    ['a minute where it says nothing', undefined, 60_000],
    ['five seconds where it says 0', 0, 5_000],
    ['five seconds where it names the past', -HOUR, 5_000],
    ['a day where it names another year', 9_000 * HOUR, 24 * HOUR],
  ])('G1, G3: a 429 shuts it for %s', async (_name, said, shut) => {
    const one = gate();
    await one.refused(limited(said));
    await expect(one.admit()).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAt: clock.now() + shut });
    await clock.advance(shut - 1);
    expect(await isOpen(one)).toBe(false);
    await clock.advance(1);
    expect(await isOpen(one)).toBe(true);
  });

  it.each<[string, number]>([
    ['back a day', -24 * HOUR],
    ['an hour ahead', HOUR],
  ])('E11: a wall clock that is set %s prolongs nothing and cuts nothing short', async (_name, jump) => {
    const one = gate();
    await one.refused(limited(30_000));
    clock.jump(jump);
    await clock.advance(29_000);
    expect(await isOpen(one)).toBe(false);
    await clock.advance(1_000);
    expect(await isOpen(one)).toBe(true);
    // Nor is a gate that has opened shut again by its note in the store.
    clock.jump(-24 * HOUR);
    await clock.advance(2_000);
    expect(await isOpen(one)).toBe(true);
  });

  it('G5: is shut for the processes that share it, within a second, and for this one while the store is away', async () => {
    const [one, other] = [gate(), gate()];
    expect(await isOpen(other)).toBe(true);
    await one.refused(limited(30_000));
    await clock.advance(1_000);
    expect(await isOpen(other)).toBe(false);
    store.gates.shut = () => Promise.reject(new StoreUnavailableError('away'));
    await one.refused(limited(60_000));
    await clock.advance(40_000);
    expect([await isOpen(one), await isOpen(other)]).toEqual([false, true]);
  });

  it('reads the store at most once a second, however many come', async () => {
    let reads = 0;
    const read = store.gates.read.bind(store.gates);
    store.gates.read = (...parameters) => (reads++, read(...parameters));
    const one = gate();
    await Promise.all(Array.from({ length: 500 }, () => one.admit()));
    for (let count = 0; count < 50; count++) await one.enter('due', forever);
    // The 429's gate, and the breaker's.
    expect(reads).toBe(2);
  });
});
