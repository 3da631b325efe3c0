import assert from 'node:assert/strict';
import type { Conditional, Failure, GrantKey, GrantRecord, TokenWrite } from '../grant-record.js';
import type { GrantOwner } from '../grant-store.js';
import type { Store } from '../store.js';

/** The owner and the key that most cases work on. */
export const OWNER: GrantOwner = { tenant: 'acme', clientId: 'C0FFEE' };
export const KEY: GrantKey = { ...OWNER, subject: 'user-1' };

/** A lease length and an intent deadline, milliseconds. */
export const LEASE = 15_000;
export const DEADLINE = 120_000;

/** A failure as the refresher notes it. */
export const FAILURE: Failure = { code: 'TIMEOUT', at: 1_767_225_600_123, count: 2, trackingId: 'T-1' };

/** Bytes that no text encoding leaves alone, told apart by `seed`. */
export function blob(seed: number, length = 300): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + seed * 13) % 256);
}

/** A token set to store, told apart by `seed`. */
export function tokenWrite(seed: number, over: Partial<TokenWrite> = {}): TokenWrite {
  return {
    tokens: blob(seed),
    keyId: `key-${seed}`,
    issuedAt: 1_000 + seed,
    expiresAt: 2_000_000 + seed,
    refreshExpiresAt: 9_000_000 + seed,
    dueAt: 1_000_000 + seed,
    ...over,
  };
}

/** Signs the subject in, over whatever is there. */
export async function signIn(
  store: Store,
  { key = KEY, details, ...over }: Partial<TokenWrite> & { key?: GrantKey; details?: Uint8Array } = {},
): Promise<GrantRecord> {
  const before = await store.grants.read(key);
  const written = await store.grants.save(
    key,
    { ...tokenWrite(1, over), kind: 'authorization_code', details },
    { generation: before?.generation ?? 0, revision: before?.detailsRevision ?? 0 },
  );
  return done(written);
}

/** Claims the row as it is now. */
export async function claim(store: Store, holder = 'A', key: GrantKey = KEY): Promise<GrantRecord> {
  const { version } = await present(store, key);
  return done(await store.leases.claim(key, { holder, version, leaseMs: LEASE, deadlineMs: DEADLINE }));
}

/** The row, which must be there. */
export async function present(store: Store, key: GrantKey = KEY): Promise<GrantRecord> {
  const record = await store.grants.read(key);
  assert.ok(record, 'there is no row');
  return record;
}

/** The record of a step that must have been done, and be what is read afterwards. */
export function done(result: Conditional): GrantRecord {
  assert.equal(result.done, true, 'the step was refused');
  assert.ok(result.record);
  return result.record;
}

/** Asserts that the step was refused with the row as it stands, and changed nothing of it. */
export async function assertRefused(
  store: Store,
  step: () => Promise<Conditional>,
  key: GrantKey = KEY,
): Promise<void> {
  const before = await store.grants.read(key);
  const result = await step();
  assert.equal(result.done, false, 'the step was not refused');
  assert.deepEqual(result.record, before);
  assert.deepEqual(await store.grants.read(key), before, 'a refused step changed the row');
}

/** Asserts that exactly these fields changed, in the answer and in the store; `updatedAt` may. */
export async function assertChanged(
  store: Store,
  {
    before,
    after,
    changes,
    key = KEY,
  }: { before: GrantRecord; after: GrantRecord; changes: Partial<GrantRecord>; key?: GrantKey },
): Promise<void> {
  const expected = { ...before, ...changes, updatedAt: 0 };
  assert.deepEqual({ ...after, updatedAt: 0 }, expected);
  assert.deepEqual({ ...(await present(store, key)), updatedAt: 0 }, expected);
}

/** Asserts that an instant is the store's now, give or take five seconds of a real clock. */
export function assertNow(instant: number | undefined, now: number): void {
  assert.ok(instant !== undefined && Math.abs(instant - now) <= 5_000, `${instant} is not about ${now}`);
}
