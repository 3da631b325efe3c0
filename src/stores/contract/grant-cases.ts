import assert from 'node:assert/strict';
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
  OWNER,
  present,
  signIn,
  tokenWrite,
} from './grant-fixture.js';

const first = { generation: 0, revision: 0 };
const login = (seed: number, details?: Uint8Array) => ({ ...tokenWrite(seed), kind: 'bot', details });

/** Logins, details, disconnecting, and what is remembered for ever. */
export const grantCases = contractCases('grants', {
  'a first login makes the row': async (store, subject) => {
    assert.equal(await store.grants.read(KEY), undefined);
    const made = done(await store.grants.save(KEY, login(1, blob(2)), first));
    assertNow(made.createdAt, subject.now());
    assert.deepEqual(made, {
      ...tokenWrite(1),
      key: KEY,
      kind: 'bot',
      state: 'live',
      version: 1,
      generation: 1,
      fence: 0,
      candidate: undefined,
      details: blob(2),
      detailsRevision: 1,
      intent: undefined,
      unknown: false,
      attempts: 0,
      leaseHolder: undefined,
      failure: undefined,
      reason: undefined,
      stateSince: made.createdAt,
      createdAt: made.createdAt,
      updatedAt: made.createdAt,
    });
    assert.deepEqual(await store.grants.read(KEY), made);
  },

  'save is refused unless generation and revision are the current ones': async (store) => {
    await assertRefused(store, () => store.grants.save(KEY, login(1), { generation: 1, revision: 0 }));
    await assertRefused(store, () => store.grants.save(KEY, login(1), { generation: 0, revision: 1 }));
    done(await store.grants.save(KEY, login(1, blob(2)), first));
    for (const expected of [
      first,
      { generation: 1, revision: 0 },
      { generation: 0, revision: 1 },
      { generation: 2, revision: 1 },
      { generation: 1, revision: 2 },
    ]) {
      await assertRefused(store, () => store.grants.save(KEY, login(3), expected));
    }
  },

  'of 20 first logins at once exactly one is stored': async (store) => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, seed) => store.grants.save(KEY, login(seed), first)),
    );
    const winners = results.filter((result) => result.done);
    assert.equal(winners.length, 1);
    assert.deepEqual(await store.grants.read(KEY), winners[0]?.record);
  },

  'a re-login settles everything about the former grant': async (store, subject) => {
    await signIn(store, { details: blob(7) });
    const claimed = await claim(store);
    await store.leases.keepCandidate(KEY, { fence: claimed.fence, candidate: blob(4) });
    await subject.passLeaseTime(LEASE + 1);
    const { fence, version } = await claim(store);
    const verdict = { fence, version, state: 'suspect' as const, reason: 'doubt', failure: FAILURE };
    const before = done(await store.leases.bury(KEY, { ...verdict, dueAt: 5 }));
    const { generation, detailsRevision: revision } = before;
    const after = done(await store.grants.save(KEY, login(3), { generation, revision }));
    await assertChanged(store, {
      before,
      after,
      changes: {
        ...tokenWrite(3),
        kind: 'bot',
        state: 'live',
        stateSince: after.stateSince,
        version: before.version + 1,
        generation: generation + 1,
        candidate: undefined,
        attempts: 0,
        failure: undefined,
        reason: undefined,
      },
    });
  },

  'createdAt and stateSince tell since when there is this grant, and this state': async (store, subject) => {
    const first = await signIn(store);
    const assertSince = async (created: number, since: number): Promise<void> => {
      const { createdAt, stateSince } = await present(store);
      assertNow(createdAt, created);
      assertNow(stateSince, since);
    };
    await subject.passWallTime(60_000);
    await signIn(store, tokenWrite(2));
    await assertSince(first.createdAt, first.stateSince);
    const { fence, version } = await claim(store);
    const verdict = { fence, version, state: 'dead' as const, reason: 'refused', failure: FAILURE };
    done(await store.leases.bury(KEY, { ...verdict, dueAt: undefined }));
    await assertSince(first.createdAt, subject.now());
    await subject.passWallTime(60_000);
    await signIn(store, tokenWrite(3));
    await assertSince(first.createdAt, subject.now());
    await subject.passWallTime(60_000);
    await store.grants.disconnect(KEY);
    await assertSince(first.createdAt, subject.now());
    await subject.passWallTime(60_000);
    await signIn(store, tokenWrite(4));
    await assertSince(subject.now(), subject.now());
  },

  'a re-login during an unknown outcome closes the intent': async (store, subject) => {
    await signIn(store);
    await claim(store, 'A');
    await subject.passLeaseTime(LEASE + 1);
    await claim(store, 'B');
    const after = await signIn(store, tokenWrite(2));
    assert.deepEqual([after.intent, after.unknown, after.attempts], [undefined, false, 0]);
  },

  'details are replaced under their revision and move nothing else': async (store) => {
    await assertRefused(store, () => store.grants.saveDetails(KEY, blob(1), { revision: 0 }));
    const before = await signIn(store);
    const after = done(await store.grants.saveDetails(KEY, blob(1), { revision: 0 }));
    await assertChanged(store, { before, after, changes: { details: blob(1), detailsRevision: 1 } });
    for (const revision of [0, 2]) {
      await assertRefused(store, () => store.grants.saveDetails(KEY, blob(2), { revision }));
    }
  },

  'disconnect returns what it replaced and leaves a tombstone without secrets': async (store) => {
    await signIn(store, { details: blob(7) });
    const { fence } = await claim(store);
    await store.leases.keepCandidate(KEY, { fence, candidate: blob(4) });
    const before = await present(store);
    assert.deepEqual(await store.grants.disconnect(KEY), before);
    const tombstone = await present(store);
    assert.equal(tombstone.state, 'deleted');
    assert.deepEqual(
      [tombstone.version, tombstone.generation, tombstone.fence],
      [before.version + 1, before.generation + 1, before.fence],
    );
    const {
      tokens,
      candidate,
      details,
      keyId,
      expiresAt,
      refreshExpiresAt,
      issuedAt,
      dueAt,
      intent,
      failure,
    } = tombstone;
    for (const gone of [
      tokens,
      candidate,
      details,
      keyId,
      expiresAt,
      refreshExpiresAt,
      issuedAt,
      dueAt,
      intent,
      failure,
    ])
      assert.equal(gone, undefined);
    assert.equal(tombstone.unknown, false);
  },

  'disconnect is idempotent and moves a tombstone no further': async (store) => {
    assert.equal(await store.grants.disconnect(KEY), undefined);
    assert.equal(await store.grants.read(KEY), undefined);
    await signIn(store);
    await store.grants.disconnect(KEY);
    const tombstone = await present(store);
    assert.equal(await store.grants.disconnect(KEY), undefined);
    assert.deepEqual(await present(store), tombstone);
  },

  'of 20 disconnects at once exactly one gets the row': async (store) => {
    const row = await signIn(store);
    const results = await Promise.all(Array.from({ length: 20 }, () => store.grants.disconnect(KEY)));
    assert.deepEqual(
      results.filter((result) => result !== undefined),
      [row],
    );
  },

  'a login over a tombstone goes on counting': async (store) => {
    await signIn(store, { details: blob(7) });
    const claimed = await claim(store);
    await store.grants.disconnect(KEY);
    const tombstone = await present(store);
    await assertRefused(store, () => store.grants.save(KEY, login(2), first));
    await assertRefused(store, () =>
      store.grants.saveDetails(KEY, blob(2), { revision: tombstone.detailsRevision }),
    );
    const after = await signIn(store, tokenWrite(2));
    assert.deepEqual(
      [after.state, after.version, after.generation, after.fence, after.details],
      ['live', tombstone.version + 1, tombstone.generation + 1, claimed.fence, undefined],
    );
    await assertRefused(store, () => store.leases.commit(KEY, { ...claimed, write: tokenWrite(3) }));
    assert.equal(await store.leases.release(KEY, { holder: 'A', fence: claimed.fence }), true);
    assert.equal((await claim(store, 'B')).fence, claimed.fence + 1);
  },

  'details that were read before a disconnect cannot come back after the next login': async (store) => {
    const before = await signIn(store, { details: blob(7) });
    await store.grants.disconnect(KEY);
    await signIn(store, tokenWrite(2));
    const revision = before.detailsRevision;
    await assertRefused(store, () => store.grants.saveDetails(KEY, blob(7), { revision }));
  },

  'version, generation, fence and revision never go back': async (store, subject) => {
    let last = [0, 0, 0, 0];
    const assertGrown = async (): Promise<void> => {
      const { version, generation, fence, detailsRevision } = await present(store);
      const now = [version, generation, fence, detailsRevision];
      assert.ok(
        now.every((count, at) => count >= (last[at] ?? 0)),
        `${now.join()} after ${last.join()}`,
      );
      last = now;
    };
    for (let round = 0; round < 4; round++) {
      await signIn(store, { ...tokenWrite(round), details: blob(round) });
      await assertGrown();
      const claimed = await claim(store);
      await assertGrown();
      if (round % 2) await store.leases.commit(KEY, { ...claimed, write: tokenWrite(round) });
      await assertGrown();
      await store.grants.disconnect(KEY);
      await assertGrown();
      await subject.passLeaseTime(LEASE + 1);
    }
  },

  'returned records are frozen copies, and so is what was given': async (store) => {
    const tokens = blob(1);
    const made = done(await store.grants.save(KEY, { ...login(1, blob(2)), tokens }, first));
    tokens.fill(0);
    assert.ok(Object.isFrozen(made) && Object.isFrozen(made.key));
    made.tokens?.fill(0);
    (await present(store)).details?.fill(0);
    for (const listed of await store.grants.list(OWNER, { limit: 1 })) listed.tokens?.fill(0);
    const read = await present(store);
    assert.deepEqual([read.tokens, read.details], [blob(1), blob(2)]);
    assert.ok(Object.isFrozen(await claim(store)));
  },

  'every byte comes back as it was given, none and many': async (store) => {
    for (const bytes of [
      Uint8Array.of(),
      Uint8Array.of(0),
      blob(0, 256),
      blob(3, 100_000),
      Uint8Array.of(0, 0xff, 0),
    ]) {
      await signIn(store, { tokens: bytes, details: bytes });
      const { fence } = await claim(store);
      assert.equal(await store.leases.keepCandidate(KEY, { fence, candidate: bytes }), true);
      const { tokens, details, candidate } = await present(store);
      assert.deepEqual([tokens, details, candidate], [bytes, bytes, bytes]);
    }
  },

  'instants come back as given: fractions, far ones, none': async (store) => {
    const write = {
      issuedAt: 0.5,
      expiresAt: 8.64e15,
      refreshExpiresAt: undefined,
      dueAt: 1_767_225_600_000.25,
    };
    await signIn(store, write);
    const { issuedAt, expiresAt, refreshExpiresAt, dueAt } = await present(store);
    assert.deepEqual({ issuedAt, expiresAt, refreshExpiresAt, dueAt }, write);
  },

  'all of it is there for the next process': async (store, subject) => {
    if (!subject.reopen) return;
    await signIn(store, { details: blob(7) });
    const { fence } = await claim(store);
    await store.leases.keepCandidate(KEY, { fence, candidate: blob(4) });
    await store.leases.leave(KEY, { fence, failure: FAILURE, dueAt: 4 });
    await claim(store, 'B');
    await store.grants.saveKeyCheck(OWNER, { keyId: 'k1', value: 'v1' });
    const before = await present(store);
    const again = await subject.reopen();
    assert.deepEqual(await present(again), before);
    assert.deepEqual([...(await again.grants.keyChecks(OWNER))], [['k1', 'v1']]);
  },
});
