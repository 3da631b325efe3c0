import assert from 'node:assert/strict';
import type { GrantRecord } from '../grant-record.js';
import type { Store } from '../store.js';
import { contractCases } from './contract-case.js';
import {
  assertChanged,
  assertNow,
  assertRefused,
  blob,
  claim,
  done,
  FAILURE,
  KEY,
  LEASE,
  present,
  signIn,
  tokenWrite,
} from './grant-fixture.js';

const refusal = { failure: FAILURE, dueAt: 777 };
const dead = { state: 'dead' as const, reason: 'refused', failure: FAILURE, dueAt: 777 };

/** The state after a token set was stored in place of `before`. */
function stored(before: GrantRecord, seed: number): Partial<GrantRecord> {
  return {
    ...tokenWrite(seed),
    state: 'live',
    version: before.version + 1,
    generation: before.generation + 1,
    candidate: undefined,
    intent: undefined,
    unknown: false,
    attempts: 0,
    failure: undefined,
    reason: undefined,
  };
}

/** A row whose open intent covers an unknown outcome, held by B. */
async function overtaken(
  store: Store,
  pass: (ms: number) => Promise<void>,
): Promise<[GrantRecord, GrantRecord]> {
  await signIn(store);
  const first = await claim(store, 'A');
  await pass(LEASE + 1);
  return [first, await claim(store, 'B')];
}

/** What may come of a presentation: commit, rescue, candidate, verdict, refusal, nothing known. */
export const outcomeCases = contractCases('outcome', {
  'commit stores the successor, closes the intent and frees the lease in one step': async (store) => {
    await signIn(store, { details: blob(5) });
    const before = await claim(store);
    const after = done(await store.leases.commit(KEY, { ...before, write: tokenWrite(2) }));
    await assertChanged(store, { before, after, changes: { ...stored(before, 2), leaseHolder: undefined } });
    assert.equal((await claim(store, 'B')).unknown, false);
  },

  'commit works after the lease has lapsed, as long as nobody claimed': async (store, subject) => {
    await signIn(store);
    const claimed = await claim(store);
    await subject.passLeaseTime(10 * LEASE);
    done(await store.leases.commit(KEY, { ...claimed, write: tokenWrite(2) }));
  },

  "a bystander's saveDetails does not stop a commit, nor the commit the details": async (store) => {
    await signIn(store);
    const claimed = await claim(store);
    done(await store.grants.saveDetails(KEY, blob(8), { revision: 0 }));
    const after = done(await store.leases.commit(KEY, { ...claimed, write: tokenWrite(2) }));
    assert.deepEqual([after.details, after.detailsRevision], [blob(8), 1]);
  },

  'commit is refused for another fence, another generation, no row': async (store) => {
    const write = tokenWrite(2);
    await assertRefused(store, () => store.leases.commit(KEY, { fence: 0, generation: 0, write }));
    await signIn(store);
    const { fence, generation } = await claim(store);
    for (const wrong of [
      { fence: fence - 1, generation },
      { fence: fence + 1, generation },
      { fence, generation: generation - 1 },
      { fence, generation: generation + 1 },
    ]) {
      await assertRefused(store, () => store.leases.commit(KEY, { ...wrong, write }));
    }
  },

  'commit is refused once the intent is closed: repeated, or after a refusal': async (store) => {
    await signIn(store);
    const first = await claim(store);
    const again = () => store.leases.commit(KEY, { ...first, write: tokenWrite(2) });
    done(await again());
    await assertRefused(store, again);
    const second = await claim(store);
    done(await store.leases.close(KEY, { fence: second.fence, ...refusal }));
    await assertRefused(store, () => store.leases.commit(KEY, { ...second, write: tokenWrite(3) }));
  },

  'commit is refused after overtaking, re-login and disconnect': async (store, subject) => {
    const [first, second] = await overtaken(store, (ms) => subject.passLeaseTime(ms));
    await assertRefused(store, () => store.leases.commit(KEY, { ...first, write: tokenWrite(2) }));
    await signIn(store, tokenWrite(3));
    await assertRefused(store, () => store.leases.commit(KEY, { ...second, write: tokenWrite(2) }));
    const third = await claim(store, 'B');
    await store.grants.disconnect(KEY);
    await assertRefused(store, () => store.leases.commit(KEY, { ...third, write: tokenWrite(2) }));
  },

  'rescue stores a successor over the verdict on its predecessor': async (store, subject) => {
    const [first, second] = await overtaken(store, (ms) => subject.passLeaseTime(ms));
    const before = done(await store.leases.bury(KEY, { ...second, ...dead }));
    const { generation } = first;
    const after = done(await store.leases.rescue(KEY, { generation, write: tokenWrite(2) }));
    assertNow(after.stateSince, subject.now());
    await assertChanged(store, {
      before,
      after,
      changes: { ...stored(before, 2), stateSince: after.stateSince },
    });
  },

  'rescue of a live row leaves the lease with whoever holds it, and ends their announcement': async (
    store,
  ) => {
    await signIn(store);
    const before = await claim(store, 'B');
    const { generation } = before;
    const after = done(await store.leases.rescue(KEY, { generation, write: tokenWrite(2) }));
    await assertChanged(store, { before, after, changes: stored(before, 2) });
    await assertRefused(store, () => store.leases.commit(KEY, { ...before, write: tokenWrite(3) }));
  },

  'rescue is refused for another generation, a tombstone, no row': async (store) => {
    const rescue = (generation: number) => store.leases.rescue(KEY, { generation, write: tokenWrite(2) });
    await assertRefused(store, () => rescue(0));
    const { generation } = await signIn(store);
    for (const wrong of [generation - 1, generation + 1]) await assertRefused(store, () => rescue(wrong));
    await store.grants.disconnect(KEY);
    for (const wrong of [generation, generation + 1]) await assertRefused(store, () => rescue(wrong));
  },

  'keepCandidate keeps the raw answer and moves no counter': async (store) => {
    await signIn(store);
    const before = await claim(store);
    const { fence } = before;
    assert.equal(await store.leases.keepCandidate(KEY, { fence, candidate: blob(4) }), true);
    const after = await present(store);
    await assertChanged(store, { before, after, changes: { candidate: blob(4) } });
    const committed = done(await store.leases.commit(KEY, { ...before, write: tokenWrite(2) }));
    assert.equal(committed.candidate, undefined);
  },

  'keepCandidate is refused for another fence, a closed intent, a tombstone': async (store) => {
    const keep = (fence: number) => store.leases.keepCandidate(KEY, { fence, candidate: blob(4) });
    assert.equal(await keep(0), false);
    await signIn(store);
    assert.equal(await keep(0), false);
    const { fence } = await claim(store);
    assert.equal(await keep(fence + 1), false);
    assert.equal(await keep(fence - 1), false);
    done(await store.leases.close(KEY, { fence, ...refusal }));
    assert.equal(await keep(fence), false);
    await claim(store);
    await store.grants.disconnect(KEY);
    assert.equal(await keep(fence + 1), false);
    assert.equal((await present(store)).candidate, undefined);
  },

  'bury records the verdict; dead is never due, and the tokens stay': async (store, subject) => {
    await signIn(store);
    const before = await claim(store);
    const after = done(await store.leases.bury(KEY, { ...before, ...dead }));
    assertNow(after.stateSince, subject.now());
    await assertChanged(store, {
      before,
      after,
      changes: {
        state: 'dead',
        reason: 'refused',
        failure: FAILURE,
        dueAt: undefined,
        version: before.version + 1,
        intent: undefined,
        unknown: false,
        leaseHolder: undefined,
        stateSince: after.stateSince,
      },
    });
  },

  'bury as suspect keeps a due instant and clears unknown': async (store, subject) => {
    const [, before] = await overtaken(store, (ms) => subject.passLeaseTime(ms));
    const after = done(await store.leases.bury(KEY, { ...before, ...dead, state: 'suspect' }));
    assert.deepEqual([after.state, after.dueAt, after.unknown], ['suspect', 777, false]);
  },

  'bury is refused for another version or fence, after overtaking, re-login, disconnect': async (
    store,
    subject,
  ) => {
    await assertRefused(store, () => store.leases.bury(KEY, { fence: 0, version: 0, ...dead }));
    const [first, second] = await overtaken(store, (ms) => subject.passLeaseTime(ms));
    const { fence, version } = second;
    for (const wrong of [
      first,
      { fence: fence - 1, version },
      { fence, version: version - 1 },
      { fence, version: version + 1 },
    ]) {
      await assertRefused(store, () =>
        store.leases.bury(KEY, { ...dead, fence: wrong.fence, version: wrong.version }),
      );
    }
    await signIn(store, tokenWrite(3));
    await assertRefused(store, () => store.leases.bury(KEY, { fence, version, ...dead }));
    await store.grants.disconnect(KEY);
    await assertRefused(store, () => store.leases.bury(KEY, { fence, version, ...dead }));
  },

  'close ends the announcement: the token was not used': async (store) => {
    await signIn(store);
    const before = await claim(store);
    const after = done(await store.leases.close(KEY, { fence: before.fence, ...refusal }));
    await assertChanged(store, {
      before,
      after,
      changes: { ...refusal, intent: undefined, version: before.version + 1, leaseHolder: undefined },
    });
    assert.equal((await claim(store, 'B')).unknown, false);
  },

  'close leaves an intent open that covers an unknown outcome': async (store, subject) => {
    const [, before] = await overtaken(store, (ms) => subject.passLeaseTime(ms));
    const after = done(await store.leases.close(KEY, { fence: before.fence, ...refusal }));
    await assertChanged(store, {
      before,
      after,
      changes: { ...refusal, version: before.version + 1, leaseHolder: undefined },
    });
    assert.equal(after.unknown, true);
    assert.equal((await claim(store, 'A')).unknown, true);
  },

  'leave notes the failure, frees the lease, keeps the intent and every counter': async (store) => {
    await signIn(store);
    const before = await claim(store);
    const after = done(await store.leases.leave(KEY, { fence: before.fence, ...refusal }));
    await assertChanged(store, { before, after, changes: { ...refusal, leaseHolder: undefined } });
    assert.equal((await claim(store, 'B')).unknown, true);
  },

  'close and leave are refused for another fence, a closed intent, a tombstone, no row': async (store) => {
    for (const step of ['close', 'leave'] as const) {
      const attempt = (fence: number) => store.leases[step](KEY, { fence, ...refusal });
      await assertRefused(store, () => attempt(0));
      await signIn(store);
      const claimed = await claim(store);
      await assertRefused(store, () => attempt(claimed.fence - 1));
      await assertRefused(store, () => attempt(claimed.fence + 1));
      done(await store.leases.commit(KEY, { ...claimed, write: tokenWrite(2) }));
      await assertRefused(store, () => attempt(claimed.fence));
      const again = await claim(store);
      await store.grants.disconnect(KEY);
      await assertRefused(store, () => attempt(again.fence));
      assert.equal(await store.leases.release(KEY, { holder: 'A', fence: again.fence }), true);
    }
  },
});
