import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TurnQueue, type Urgency } from '../../src/refresh/turn-queue.js';
import { fakeClock } from '../support/fake-clock.js';

const forever = new AbortController().signal;

function opened() {
  const clock = fakeClock();
  const turns = new TurnQueue({ clock, random: () => 0.5 });
  turns.opened(0);
  const gone: { urgency: Urgency; at: number }[] = [];
  const start = clock.monotonic();
  const join = (urgency: Urgency, signal = forever): Promise<unknown> =>
    Promise.resolve(turns.turn(urgency, signal)).then(
      (turn) => turn !== false && gone.push({ urgency, at: clock.monotonic() - start }),
    );
  return { clock, turns, gone, join };
}

describe('refreshes after a gate has opened', () => {
  it('make nobody wait where no gate was shut, nor a minute after one opened', async () => {
    const clock = fakeClock();
    const turns = new TurnQueue({ clock, random: Math.random });
    expect(turns.turn('due', forever)).toBeUndefined();
    turns.opened(5_000);
    await clock.advance(55_001);
    expect(turns.turn('due', forever)).toBeUndefined();
  });

  it('G4: begin a second later than sign-ins, the ambiguous first, then the awaited, then the due', async () => {
    const { clock, gone, join } = opened();
    for (const urgency of ['due', 'awaited', 'due', 'ambiguous', 'awaited', 'ambiguous'] as const)
      void join(urgency);
    await clock.advance(1_000);
    expect(gone).toEqual([]);
    await clock.advance(2_000);
    expect(gone.map(({ urgency }) => urgency)).toEqual([
      'ambiguous',
      'ambiguous',
      'awaited',
      'awaited',
      'due',
      'due',
    ]);
  });

  it('G4: never go faster than ten a second, whoever comes when, and all of them go', async () => {
    const arrivals = fc.array(
      fc.record({
        urgency: fc.constantFrom<Urgency>('ambiguous', 'awaited', 'due'),
        afterMs: fc.integer({ min: 0, max: 300 }),
      }),
      { minLength: 1, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(arrivals, async (list) => {
        const { clock, gone, join } = opened();
        for (const { urgency, afterMs } of list) {
          void join(urgency);
          await clock.advance(afterMs);
        }
        await clock.advance(10_000);
        expect(gone).toHaveLength(list.length);
        for (const [index, { at }] of gone.entries()) {
          expect(at).toBeGreaterThanOrEqual(1_000);
          expect(at - (gone[index - 1]?.at ?? -Infinity)).toBeGreaterThanOrEqual(100);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('K5: ends with the minute, however many come', async () => {
    const { clock, turns, gone, join } = opened();
    for (let second = 0; second < 70; second++) {
      for (let count = 0; count < 20; count++) void join('due');
      await clock.advance(1_000);
    }
    expect(turns.turn('due', forever)).toBeUndefined();
    expect(gone.length).toBeGreaterThan(1_000);
  });

  it('lets those go that give up, and the rest keep their turns', async () => {
    const { clock, gone, join } = opened();
    const bored = new AbortController();
    const given = join('ambiguous', bored.signal);
    void join('due');
    bored.abort(new Error('bored'));
    await expect(given).rejects.toThrow('bored');
    await clock.advance(3_000);
    expect(gone.map(({ urgency }) => urgency)).toEqual(['due']);
  });

  it('K5: are refused beyond a thousand that wait', () => {
    const { turns } = opened();
    for (let count = 0; count < 1_000; count++) void turns.turn('due', forever);
    expect(turns.turn('ambiguous', forever)).toBe(false);
  });
});
