import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RateLimitError } from '../../src/errors.js';
import type { RateGate } from '../../src/http/rate-gate.js';
import { RateGates, type RateGatesOptions } from '../../src/http/rate-gates.js';
import type { Gate, GateStore } from '../../src/stores/gate-store.js';
import { memoryStore } from '../../src/stores/memory-store.js';
import { type FakeClock, fakeClock } from '../support/fake-clock.js';

const owner = { tenant: 't', clientId: 'c' };
const patient = { maxWaitMs: 30_000, leftMs: 60_000 };
const never = new AbortController().signal;

function rig(options: Partial<RateGatesOptions> = {}) {
  const clock = (options.clock as FakeClock | undefined) ?? fakeClock();
  return { clock, gates: new RateGates({ random: () => 0, ...options, clock }) };
}

/** Waits at the gate; notes its turn, or the code of its refusal. */
function caller(gate: RateGate, clock: FakeClock, notes: [string, number][], name: string, how = patient) {
  return gate.pass(how, never).then(
    () => void notes.push([name, clock.monotonic()]),
    (error: unknown) => void notes.push([`${name} ${(error as RateLimitError).code}`, clock.monotonic()]),
  );
}

describe('a gate', () => {
  it('is there from the first 429 on, and gone a minute after it opened', async () => {
    const { clock, gates } = rig();
    expect(gates.find('ann')).toBeUndefined();
    gates.of('ann').shut(clock.now() + 5_000, '429');
    expect([gates.size, gates.find('bob')]).toEqual([1, undefined]);
    expect(gates.find('ann')?.until()).toBe(clock.now() + 5_000);
    await clock.advance(5_000);
    expect(gates.find('ann')?.until()).toBeUndefined();
    await clock.advance(60_000);
    expect([gates.find('ann'), gates.size]).toEqual([undefined, 0]);
  });

  it('is never shut for less than before, and heeds no clock that jumps', async () => {
    const { clock, gates } = rig();
    const gate = gates.of('ann');
    gate.shut(clock.now() + 9_000, '429');
    gate.shut(clock.now() + 5_000, '429');
    expect(gate.opensInMs()).toBe(9_000);
    clock.jump(3_600_000);
    expect(gate.opensInMs()).toBe(9_000);
    expect(gate.until()).toBe(clock.now() + 9_000);
    await clock.advance(8_999);
    expect(gate.opensInMs()).toBe(1);
  });

  it('G3: of an odd date stays shut for a day, not until the year 9999', async () => {
    const { clock, gates } = rig();
    gates.of('ann').shut(Date.UTC(9999, 0, 1), '429');
    expect(gates.of('ann').opensInMs()).toBe(86_400_000);
    await clock.advance(86_400_000);
    expect(gates.of('ann').until()).toBeUndefined();
  });

  it('G4: releases who waits one by one, in the order they came, 10 a second', async () => {
    const { clock, gates } = rig();
    const gate = gates.of('ann');
    const start = clock.monotonic();
    gate.shut(clock.now() + 2_000, '429');
    const notes: [string, number][] = [];
    const names = Array.from({ length: 12 }, (_, at) => `call ${at}`);
    const calls = names.map((name) => caller(gate, clock, notes, name));
    await clock.advance(1_999);
    expect(notes).toEqual([]);
    // One that comes while others wait goes behind them, also when the gate is open again.
    await clock.advance(101);
    calls.push(caller(gate, clock, notes, 'latecomer'));
    await clock.advance(10_000);
    await Promise.all(calls);
    expect(notes).toEqual([...names, 'latecomer'].map((name, at) => [name, start + 2_000 + at * 100]));
    await gate.pass(patient, never);
    expect(clock.timers).toBe(0);
  });

  it('refuses at once who cannot wait so long, with the time to come back', async () => {
    const { clock, gates } = rig();
    const gate = gates.of('ann');
    gate.shut(clock.now() + 5_000, '429');
    for (const how of [
      { maxWaitMs: 4_999, leftMs: 60_000 },
      { maxWaitMs: 30_000, leftMs: 5_000 },
    ]) {
      expect(gate.admits(how)).toBe(false);
      await expect(gate.pass(how, never)).rejects.toMatchObject({
        code: 'RATE_LIMITED',
        retryAt: clock.now() + 5_000,
      });
    }
    expect(gate.admits(patient)).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it('counts those ahead: nobody waits for a turn that comes after the deadline, and 1,000 wait at most', async () => {
    const { clock, gates } = rig();
    const gate = gates.of('ann');
    gate.shut(clock.now() + 1_000, '429');
    const notes: [string, number][] = [];
    const endless = { maxWaitMs: 30_000, leftMs: Infinity };
    const calls = Array.from({ length: 1_001 }, (_, at) => caller(gate, clock, notes, `${at}`, endless));
    expect(gate.admits({ maxWaitMs: 30_000, leftMs: 60_000 })).toBe(false);
    await clock.advance(0);
    expect(notes).toEqual([['1000 RATE_LIMITED', clock.monotonic()]]);
    await clock.advance(1_000 + 1_000 * 100);
    await Promise.all(calls);
    expect(notes).toHaveLength(1_001);
  });

  it('that is shut again while calls wait keeps the patient ones and refuses the others at once', async () => {
    const { clock, gates } = rig();
    const gate = gates.of('ann');
    const start = clock.monotonic();
    gate.shut(clock.now() + 1_000, '429');
    const notes: [string, number][] = [];
    const calls = [
      caller(gate, clock, notes, 'hasty', { maxWaitMs: 5_000, leftMs: 60_000 }),
      caller(gate, clock, notes, 'patient'),
    ];
    await clock.advance(500);
    gate.shut(clock.now() + 10_000, '429');
    await clock.advance(20_000);
    await Promise.all(calls);
    expect(notes).toEqual([
      ['hasty RATE_LIMITED', start + 500],
      ['patient', start + 10_500],
    ]);
  });

  it('lets a call go when it is aborted, and sleeps for nobody', async () => {
    const { clock, gates } = rig();
    const gate = gates.of('ann');
    gate.shut(clock.now() + 1_000, '429');
    const leaving = new AbortController();
    const left = expect(gate.pass(patient, leaving.signal)).rejects.toBe('enough');
    await clock.advance(0);
    expect(clock.timers).toBe(1);
    leaving.abort('enough');
    await left;
    await clock.advance(0);
    expect(clock.timers).toBe(0);
    await expect(gate.pass(patient, AbortSignal.abort('no'))).rejects.toBe('no');
    const notes: [string, number][] = [];
    const call = caller(gate, clock, notes, 'next');
    await clock.advance(1_000);
    await call;
    expect(notes).toHaveLength(1);
  });

  it('G1, G4: law: nobody passes before the gate opens, and any second sees at most 10 of those who waited', async () => {
    const step = fc.record({ after: fc.nat(1_500), shutFor: fc.option(fc.nat(4_000)), callers: fc.nat(6) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 8 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        async (steps, luck) => {
          const clock = fakeClock();
          const gate = rig({ clock, random: () => luck }).gates.of('ann');
          gate.shut(clock.now() + 1_000, '429');
          let waited = 0;
          const turns: number[] = [];
          const calls: Promise<unknown>[] = [];
          for (const { after, shutFor, callers } of steps) {
            if (shutFor !== null) gate.shut(clock.now() + shutFor, '429');
            for (let count = 0; count < callers; count++) {
              const opensAt = clock.monotonic() + gate.opensInMs();
              if (gate.opensInMs() > 0) waited++;
              const held = gate.opensInMs() > 0;
              calls.push(
                gate.pass({ maxWaitMs: Infinity, leftMs: Infinity }, never).then(() => {
                  expect(gate.opensInMs()).toBe(0);
                  expect(clock.monotonic()).toBeGreaterThanOrEqual(opensAt);
                  if (held) turns.push(clock.monotonic());
                }),
              );
            }
            await clock.advance(after);
          }
          await clock.advance(30_000);
          await Promise.all(calls);
          expect(turns).toHaveLength(waited);
          for (let at = 10; at < turns.length; at++)
            expect(turns[at]! - turns[at - 10]!).toBeGreaterThanOrEqual(999.999);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('gates', () => {
  it('are bounded: who was not limited for longest has to go', () => {
    const { clock, gates } = rig({ maxGates: 100 });
    for (let count = 0; count < 1_000; count++) gates.of(`user ${count}`).shut(clock.now() + 5_000, '429');
    expect(gates.size).toBe(100);
    expect([gates.find('user 899'), gates.find('user 900')?.opensInMs()]).toEqual([undefined, 5_000]);
  });

  it('that have opened make room without being asked for', async () => {
    const { clock, gates } = rig();
    for (let count = 0; count < 50; count++) gates.of(`user ${count}`).shut(clock.now() + 5_000, '429');
    await clock.advance(65_000);
    gates.of('another').shut(clock.now() + 5_000, '429');
    expect(gates.size).toBe(1);
  });

  it.each([{ releasePerSecond: 0 }, { releasePerSecond: NaN }, { maxGates: 0 }])(
    'are not made with %j',
    (options) => {
      expect(() => rig(options)).toThrow('must be numbers above 0');
    },
  );
});

describe('shared gates', () => {
  /** The gates of two processes over one store that counts. */
  function processes(store: GateStore = memoryStore().gates) {
    const clock = fakeClock(Date.now());
    const counts = { reads: 0, writes: [] as [string, Gate][] };
    const counted: GateStore = {
      shut: (whose, name, gate) => (counts.writes.push([name, gate]), store.shut(whose, name, gate)),
      read: (whose, name) => (counts.reads++, store.read(whose, name)),
      open: (whose, name) => store.open(whose, name),
    };
    const make = () => new RateGates({ clock, random: () => 0, shared: { store: counted, owner } });
    return { clock, counts, one: make(), two: make() };
  }

  it('are written on a 429: whole milliseconds, and once for many that meet the same limit', async () => {
    const { clock, counts, one } = processes();
    const gate = one.of('ann');
    for (let call = 0; call < 50; call++) gate.shut(clock.now() + 5_000 + call / 7, '429');
    await clock.advance(0);
    expect(counts.writes.length).toBeLessThanOrEqual(2);
    for (const [name, { until, reason }] of counts.writes) {
      expect([name, reason, Number.isInteger(until)]).toEqual(['rate:ann', '429', true]);
      expect(until).toBeGreaterThanOrEqual(clock.now() + 5_000);
    }
    expect(counts.reads).toBe(0);
  });

  it('are adopted from the answer to the write, where another process knows of a later time', async () => {
    const { clock, one, two } = processes();
    one.of('ann').shut(clock.now() + 20_000, '429');
    await clock.advance(0);
    two.of('ann').shut(clock.now() + 2_000, '429');
    await clock.advance(0);
    expect(two.of('ann').opensInMs()).toBeGreaterThanOrEqual(20_000);
  });

  it('are read at most once a second, and before anybody is released', async () => {
    const { clock, counts, one, two } = processes();
    two.of('ann').shut(clock.now() + 2_000, '429');
    await clock.advance(0);
    const notes: [string, number][] = [];
    const call = caller(two.of('ann'), clock, notes, 'call');
    await clock.advance(1_500);
    const later = clock.monotonic() + 8_000;
    one.of('ann').shut(clock.now() + 8_000, '429');
    await clock.advance(20_000);
    await call;
    expect(notes[0]?.[1]).toBeGreaterThanOrEqual(later);
    counts.reads = 0;
    for (let count = 0; count < 300; count++) {
      await two.find('ann')?.pass(patient, never);
      two.find('bob');
      await clock.advance(10);
    }
    expect(counts.reads).toBeGreaterThanOrEqual(1);
    expect(counts.reads).toBeLessThanOrEqual(4);
  });

  it('G4: are found by who has not met a 429: one read a second for all callers of a principal', async () => {
    const { clock, counts, one, two } = processes();
    one.of('ann').shut(clock.now() + 5_000, '429');
    await clock.advance(0);
    const looks = Array.from({ length: 50 }, async () => two.look('ann'));
    await Promise.all(looks);
    expect(two.find('ann')?.opensInMs()).toBeGreaterThanOrEqual(5_000);
    expect([counts.reads, counts.writes.length]).toEqual([1, 1]);
    for (let count = 0; count < 300; count++) {
      await two.look('bob');
      await clock.advance(10);
    }
    expect(two.find('bob')).toBeUndefined();
    expect([counts.reads, clock.timers]).toEqual([1 + 3, 0]);
    // A principal without a name is known to one process only.
    expect(two.look({})).toBeUndefined();
  });

  it('are not waited for when the store hangs or fails', async () => {
    const hanging = processes({ ...memoryStore().gates, read: () => new Promise<never>(() => undefined) });
    let looked = 0;
    const look = async () => {
      await hanging.two.look('ann');
      looked++;
    };
    const first = [look(), look()];
    await hanging.clock.advance(249);
    expect(looked).toBe(0);
    await hanging.clock.advance(1);
    await Promise.all([...first, look()]);
    await hanging.clock.advance(5_000);
    expect(hanging.two.look('ann')).toBeUndefined();
    expect([looked, hanging.counts.reads, hanging.clock.timers]).toEqual([3, 1, 0]);
    const failing = processes({ ...memoryStore().gates, read: () => Promise.reject(new Error('away')) });
    await failing.two.look('ann');
    expect([failing.two.find('ann'), failing.clock.timers]).toEqual([undefined, 0]);
  });

  it('are asked about again when too many others came between, and no more than those are remembered', async () => {
    const { counts, clock } = processes();
    const store = { ...memoryStore().gates, read: () => (counts.reads++, Promise.resolve(undefined)) };
    const few = new RateGates({ clock, shared: { store, owner }, maxGates: 10 });
    for (let user = 0; user < 100; user++) await few.look(`user ${user}`);
    expect([few.look('user 99'), few.look('user 90'), counts.reads]).toEqual([undefined, undefined, 100]);
    await few.look('user 89');
    expect(counts.reads).toBe(101);
  });

  it.each<[string, () => Promise<never>]>([
    ['fails', () => Promise.reject(new Error('away'))],
    ['hangs', () => new Promise<never>(() => undefined)],
  ])('hold in this process when the store %s', async (_, work) => {
    const { clock, one } = processes({ shut: work, read: work, open: work });
    const gate = one.of('ann');
    const start = clock.monotonic();
    gate.shut(clock.now() + 3_000, '429');
    const notes: [string, number][] = [];
    const calls = [caller(gate, clock, notes, 'a'), caller(gate, clock, notes, 'b')];
    await clock.advance(10_000);
    await Promise.all(calls);
    expect(notes.map(([name]) => name)).toEqual(['a', 'b']);
    expect(notes[0]?.[1]).toBeGreaterThanOrEqual(start + 3_000);
  });

  it('of principals without a name stay in this process', async () => {
    const { clock, counts, one } = processes();
    const someone = {};
    one.of(someone).shut(clock.now() + 3_000, '429');
    await clock.advance(0);
    expect([one.find(someone)?.opensInMs(), counts.writes]).toEqual([3_000, []]);
  });
});
