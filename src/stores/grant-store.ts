import type { Conditional, GrantKey, GrantRecord, GrantState, TokenWrite } from './grant-record.js';

/** One (tenant, client id). */
export type GrantOwner = Omit<GrantKey, 'subject'>;

/** Keeps the rows. The refresh protocol's own writes are in `LeaseStore`; both work on the same rows. */
export interface GrantStore {
  /** The row, tombstones included. */
  read(key: GrantKey): Promise<GrantRecord | undefined>;

  /**
   * A login: stores a first or a new token set. Needs `generation` and the details' `revision` as expected (0 = no row). Generation + 1 (1 when there was
   * no row), version + 1, state live, intent, unknown, candidate, failure and reason cleared, attempts 0. A live lease stays.
   * `details` replaces the old ones (revision + 1) unless undefined.
   */
  save(
    key: GrantKey,
    write: TokenWrite & { kind: string; details: Uint8Array | undefined },
    expected: { generation: number; revision: number },
  ): Promise<Conditional>;

  /** Replaces the details when their revision is as expected (revision + 1). Moves neither version nor generation. */
  saveDetails(key: GrantKey, details: Uint8Array, expected: { revision: number }): Promise<Conditional>;

  /**
   * Makes the tombstone and returns the row that it replaced (undefined: there was none, or only a tombstone), in one update:
   * state deleted, secrets and due instant gone, intent closed, generation + 1, version + 1.
   */
  disconnect(key: GrantKey): Promise<GrantRecord | undefined>;

  /** Rows in the order of their subjects (by code unit), tombstones only when asked for by state. */
  list(
    owner: GrantOwner,
    page: { state?: GrantState | undefined; after?: string | undefined; limit: number },
  ): Promise<GrantRecord[]>;

  /** Live and suspect rows whose `dueAt` is at or before `before`, earliest first. */
  due(owner: GrantOwner, page: { before: number; limit: number }): Promise<GrantRecord[]>;

  /** The earliest `dueAt` of live and suspect rows. */
  nextDueAt(owner: GrantOwner): Promise<number | undefined>;

  /** The key-check values of this owner: key id → value. */
  keyChecks(owner: GrantOwner): Promise<ReadonlyMap<string, string>>;

  /** Notes a key-check value unless one is there for this id. Returns the one that stands. */
  saveKeyCheck(owner: GrantOwner, check: { keyId: string; value: string }): Promise<string>;
}
