import fc from 'fast-check';
import { expect } from 'vitest';
import type { Conditional, GrantKey, GrantRecord } from '../../src/stores/grant-record.js';
import { blob, FAILURE, tokenWrite } from '../../src/stores/contract/grant-fixture.js';
import type { Store } from '../../src/stores/store.js';
import { memorySubject } from './store-subjects.js';
import type { DisposableSubject } from './store-subjects.js';

const LEASE_MS = 100;
const STEPS = [
  'login',
  'details',
  'disconnect',
  'claim',
  'renew',
  'release',
  'candidate',
  'commit',
  'rescue',
  'bury',
  'suspect',
  'close',
  'leave',
  'pass',
] as const;

interface Step {
  readonly do: (typeof STEPS)[number];
  readonly holder: 'A' | 'B';
  readonly subject: string;
  /** Added to what the holder remembers, so that some steps come with counters that are off. */
  readonly off: number;
  readonly seed: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom(...STEPS),
  holder: fc.constantFrom('A', 'B'),
  subject: fc.constantFrom('x', 'x\u0301'),
  off: fc.constantFrom(0, 0, 0, 0, 0, -1, 1),
  seed: fc.nat(255),
});

/** A store, and what its two holders remember of the rows that they claimed. */
class Player {
  readonly #store: Store;
  readonly #subject: DisposableSubject;
  readonly #tenant: string;
  readonly #memory = new Map<string, GrantRecord>();

  constructor(store: Store, { subject, tenant }: { subject: DisposableSubject; tenant: string }) {
    this.#store = store;
    this.#subject = subject;
    this.#tenant = tenant;
  }

  keyOf({ subject }: Step): GrantKey {
    return { tenant: this.#tenant, clientId: 'c', subject };
  }

  read(one: Step): Promise<GrantRecord | undefined> {
    return this.#store.grants.read(this.keyOf(one));
  }

  async play(one: Step): Promise<unknown> {
    const { grants, leases } = this.#store;
    const { holder, off, seed } = one;
    const key = this.keyOf(one);
    const row = await grants.read(key);
    const known = this.#memory.get(holder + one.subject) ?? row;
    const fence = (known?.fence ?? 0) + off;
    const generation = (known?.generation ?? 0) + off;
    const version = (known?.version ?? 0) + off;
    const write = tokenWrite(seed);
    const due = { failure: FAILURE, dueAt: seed };
    const login = { generation: (row?.generation ?? 0) + off, revision: row?.detailsRevision ?? 0 };
    switch (one.do) {
      case 'login':
        return grants.save(key, { ...write, kind: 'k', details: seed % 2 ? blob(seed) : undefined }, login);
      case 'details':
        return grants.saveDetails(key, blob(seed), { revision: (row?.detailsRevision ?? 0) + off });
      case 'disconnect':
        return grants.disconnect(key);
      case 'claim': {
        const terms = { holder, version: (row?.version ?? 0) + off, leaseMs: LEASE_MS, deadlineMs: 1_000 };
        const claimed = await leases.claim(key, terms);
        if (claimed.done) this.#memory.set(holder + one.subject, claimed.record);
        return claimed;
      }
      case 'renew':
        return leases.renew(key, { holder, fence, leaseMs: LEASE_MS });
      case 'release':
        return leases.release(key, { holder, fence });
      case 'candidate':
        return leases.keepCandidate(key, { fence, candidate: blob(seed) });
      case 'commit':
        return leases.commit(key, { fence, generation, write });
      case 'rescue':
        return leases.rescue(key, { generation, write });
      case 'bury':
        return leases.bury(key, { fence, version, state: 'dead', reason: 'r', ...due });
      case 'suspect':
        return leases.bury(key, { fence, version, state: 'suspect', reason: 's', ...due });
      case 'close':
        return leases.close(key, { fence, ...due });
      case 'leave':
        return leases.leave(key, { fence, ...due });
      case 'pass':
        return this.#subject.passLeaseTime(seed);
    }
  }
}

function assertLawful(
  one: Step,
  {
    before,
    after,
    result,
  }: { before: GrantRecord | undefined; after: GrantRecord | undefined; result: unknown },
): void {
  if (!before || !after) return;
  for (const count of ['version', 'generation', 'fence', 'detailsRevision'] as const) {
    expect(after[count], count).toBeGreaterThanOrEqual(before[count]);
    expect(after[count] - before[count], count).toBeLessThanOrEqual(1);
  }
  expect(after.createdAt).toBeGreaterThanOrEqual(before.createdAt);
  // The token set changes with its generation, and only then.
  if (after.generation === before.generation) expect(after.tokens).toEqual(before.tokens);
  if (after.fence > before.fence) expect(one.do).toBe('claim');
  if (after.state === 'deleted') {
    expect([after.tokens, after.candidate, after.details, after.intent, after.dueAt]).toEqual(
      Array(5).fill(undefined),
    );
  }
  if (before.state === 'deleted' && after.state !== 'deleted') expect(one.do).toBe('login');
  if (before.leaseHolder && after.leaseHolder) expect(after.leaseHolder).toBe(before.leaseHolder);
  if (
    typeof result === 'object' &&
    result !== null &&
    !(result as Conditional).done &&
    one.do !== 'disconnect'
  ) {
    expect(after).toEqual(before);
  }
}

/** Plays random histories on a store and on the one in memory: same answers, same rows, and the laws kept. */
export async function assertPlaysAsMemory(subject: DisposableSubject, runs = 40): Promise<void> {
  const model = memorySubject();
  const [memory, store] = [await model.open(), await subject.open()];
  let tenants = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (history) => {
      const tenant = `run-${tenants++}`;
      const one = new Player(memory, { subject: model, tenant });
      const two = new Player(store, { subject, tenant });
      for (const at of history) {
        const before = await two.read(at);
        const [expected, result] = [await one.play(at), await two.play(at)];
        expect(result).toEqual(expected);
        const after = await two.read(at);
        expect(after).toEqual(await one.read(at));
        assertLawful(at, { before, after, result });
      }
    }),
    { numRuns: runs },
  );
  await model.dispose();
}
