import assert from 'node:assert/strict';
import { contractCases } from './contract-case.js';
import {
  assertChanged,
  assertNow,
  assertRefused,
  claim,
  DEADLINE,
  done,
  FAILURE,
  KEY,
  LEASE,
  present,
  signIn,
  tokenWrite,
} from './grant-fixture.js';

const terms = { leaseMs: LEASE, deadlineMs: DEADLINE };

/** The lease: who gets it, who keeps it, who frees it. */
export const claimCases = contractCases('lease', {
  'claim takes lease, fence and announcement in one step, and touches nothing else': async (
    store,
    subject,
  ) => {
    const before = await signIn(store, { details: Uint8Array.of(9) });
    const after = await claim(store);
    assertNow(after.intent?.sentAt, subject.now());
    const sentAt = after.intent?.sentAt ?? 0;
    await assertChanged(store, {
      before,
      after,
      changes: {
        leaseHolder: 'A',
        fence: 1,
        version: before.version + 1,
        attempts: 1,
        unknown: false,
        intent: { holder: 'A', sentAt, deadline: sentAt + DEADLINE },
      },
    });
  },

  'claim of a suspect row is granted': async (store) => {
    await signIn(store);
    const { fence, version } = await claim(store);
    const verdict = { fence, version, state: 'suspect' as const, reason: 'doubt', failure: FAILURE };
    done(await store.leases.bury(KEY, { ...verdict, dueAt: 5 }));
    assert.equal((await claim(store)).state, 'suspect');
  },

  'claim is refused while another holds the lease, and granted the moment it has lapsed': async (
    store,
    subject,
  ) => {
    await signIn(store);
    const { version } = await claim(store, 'A');
    const byB = () => store.leases.claim(KEY, { holder: 'B', version, ...terms });
    await assertRefused(store, byB);
    await subject.passLeaseTime(LEASE - 2_000);
    await assertRefused(store, byB);
    await subject.passLeaseTime(2_001);
    assert.equal((await present(store)).leaseHolder, undefined, 'a lapsed lease is still shown as held');
    assert.equal(done(await byB()).leaseHolder, 'B');
  },

  'a lapsed lease with an open intent, taken over, is of unknown outcome': async (store, subject) => {
    await signIn(store);
    const first = await claim(store, 'A');
    await subject.passLeaseTime(LEASE + 1);
    const second = await claim(store, 'B');
    assert.deepEqual(
      [second.unknown, second.fence, second.attempts, second.intent?.holder],
      [true, first.fence + 1, 2, 'B'],
    );
  },

  'the wall clock moves no lease': async (store, subject) => {
    await signIn(store);
    const { version } = await claim(store, 'A');
    await subject.passWallTime(40 * 24 * 3_600_000);
    await assertRefused(store, () => store.leases.claim(KEY, { holder: 'B', version, ...terms }));
  },

  'the same holder may claim again, which counts, and covers the earlier outcome': async (store) => {
    await signIn(store);
    const first = await claim(store, 'A');
    const second = await claim(store, 'A');
    assert.deepEqual(
      [second.fence, second.version, second.attempts, second.unknown],
      [first.fence + 1, first.version + 1, 2, true],
    );
  },

  'claim is refused for a version that is not the current one': async (store) => {
    const { version } = await signIn(store);
    for (const wrong of [version - 1, version + 1, 0]) {
      await assertRefused(store, () => store.leases.claim(KEY, { holder: 'A', version: wrong, ...terms }));
    }
  },

  'claim is refused where there is no row, a tombstone or a dead grant': async (store) => {
    const attempt = (version: number) => store.leases.claim(KEY, { holder: 'A', version, ...terms });
    await assertRefused(store, () => attempt(0));
    await signIn(store);
    const { fence, version } = await claim(store);
    const verdict = { fence, version, state: 'dead' as const, reason: 'refused', failure: FAILURE };
    done(await store.leases.bury(KEY, { ...verdict, dueAt: 5 }));
    await assertRefused(store, () => attempt(version + 1));
    await store.grants.disconnect(KEY);
    await assertRefused(store, () => attempt(version + 2));
  },

  'of 20 claims at once exactly one is granted': async (store) => {
    const { version } = await signIn(store);
    const holders = Array.from({ length: 20 }, (_, at) => `holder-${at}`);
    const results = await Promise.all(
      holders.map((holder) => store.leases.claim(KEY, { holder, version, ...terms })),
    );
    assert.equal(results.filter((result) => result.done).length, 1);
    assert.equal((await present(store)).fence, 1);
  },

  'renew prolongs, from now on, and moves nothing else': async (store, subject) => {
    await signIn(store);
    const before = await claim(store, 'A');
    await subject.passLeaseTime(LEASE - 1_000);
    const lease = { holder: 'A', fence: before.fence, leaseMs: LEASE };
    assert.equal(await store.leases.renew(KEY, lease), true);
    await subject.passLeaseTime(LEASE - 1_000);
    assert.deepEqual(await present(store), before);
    await subject.passLeaseTime(1_001);
    assert.equal((await present(store)).leaseHolder, undefined);
  },

  'renew revives a lapsed lease that nobody took, and none that somebody did': async (store, subject) => {
    await signIn(store);
    const { fence } = await claim(store, 'A');
    const renew = () => store.leases.renew(KEY, { holder: 'A', fence, leaseMs: LEASE });
    await subject.passLeaseTime(LEASE + 1);
    assert.equal(await renew(), true);
    assert.equal((await present(store)).leaseHolder, 'A');
    await subject.passLeaseTime(LEASE + 1);
    await claim(store, 'B');
    assert.equal(await renew(), false);
    assert.equal((await present(store)).leaseHolder, 'B');
  },

  'renew and release compare holder and fence': async (store) => {
    await signIn(store);
    assert.equal(await store.leases.release(KEY, { holder: 'A', fence: 0 }), false);
    const before = await claim(store, 'A');
    const { fence } = before;
    for (const wrong of [
      { holder: 'B', fence },
      { holder: 'A', fence: fence - 1 },
      { holder: 'A', fence: fence + 1 },
    ]) {
      assert.equal(await store.leases.release(KEY, wrong), false);
      assert.equal(await store.leases.renew(KEY, { ...wrong, leaseMs: LEASE }), false);
    }
    assert.deepEqual(await present(store), before);
  },

  'release frees the lease, once, and leaves the intent open': async (store) => {
    await signIn(store);
    const before = await claim(store, 'A');
    const lease = { holder: 'A', fence: before.fence };
    assert.equal(await store.leases.release(KEY, lease), true);
    const after = await present(store);
    await assertChanged(store, { before, after, changes: { leaseHolder: undefined } });
    assert.equal(await store.leases.release(KEY, lease), false);
    assert.equal((await claim(store, 'B')).unknown, true);
  },

  'a late release does not free the successor of the lease': async (store, subject) => {
    await signIn(store);
    const { fence } = await claim(store, 'A');
    await subject.passLeaseTime(LEASE + 1);
    await claim(store, 'A');
    assert.equal(await store.leases.release(KEY, { holder: 'A', fence }), false);
    assert.equal((await present(store)).leaseHolder, 'A');
  },

  'a re-login leaves a live lease with its holder': async (store) => {
    await signIn(store);
    await claim(store, 'A');
    assert.equal((await signIn(store, tokenWrite(2))).leaseHolder, 'A');
  },
});
