import type { Conditional, Failure, GrantKey, TokenWrite } from './grant-record.js';

/**
 * The refresh protocol's conditional updates, each one statement (or one transaction) on the grant's row. Leases run on a clock
 * that no wall-clock jump can move. The answer of any of these may be lost: repeat it and let the predicate decide.
 */
export interface LeaseStore {
  /**
   * Lease + read + announcement in one. Needs: state live or suspect, `version` as seen, lease free, lapsed, or already `holder`'s.
   * Sets the lease (holder, expiry), fence + 1, unknown := was an intent open (or unknown already set), intent open (holder, sentAt now,
   * deadline), attempts + 1, version + 1. `record` has the new fence.
   */
  claim(
    key: GrantKey,
    claim: { holder: string; version: number; leaseMs: number; deadlineMs: number },
  ): Promise<Conditional>;

  /** Prolongs a lease that is still held with this fence, lapsed or not, as long as nobody took it. */
  renew(key: GrantKey, lease: { holder: string; fence: number; leaseMs: number }): Promise<boolean>;

  /** Keeps the sealed raw answer. Needs: fence as announced, intent open. Moves no counter. */
  keepCandidate(key: GrantKey, candidate: { fence: number; candidate: Uint8Array }): Promise<boolean>;

  /**
   * Stores the successor. Needs: fence as announced, intent open, generation as claimed. Generation + 1, version + 1, intent,
   * unknown, candidate, failure and reason cleared, attempts 0, state live, lease freed.
   */
  commit(
    key: GrantKey,
    commit: { fence: number; generation: number; write: TokenWrite },
  ): Promise<Conditional>;

  /**
   * Stores a successor whose announcement was overtaken, or whose commit the store could not take: over a verdict on its predecessor.
   * Needs: generation as presented, not deleted. Same effects as commit; a lease that another holds stays.
   */
  rescue(key: GrantKey, rescue: { generation: number; write: TokenWrite }): Promise<Conditional>;

  /**
   * Records a verdict on the presented token. Needs: version and fence as claimed. State and reason set, failure set, intent
   * and unknown cleared, version + 1, lease freed. Dead rows are never due.
   */
  bury(
    key: GrantKey,
    verdict: {
      fence: number;
      version: number;
      state: 'dead' | 'suspect';
      reason: string;
      failure: Failure;
      dueAt: number | undefined;
    },
  ): Promise<Conditional>;

  /**
   * The server refused for reasons of its own (client, rate, outage). Needs: fence as announced, intent open. Closes the intent unless `unknown`
   * is set, sets failure and dueAt, version + 1, lease freed.
   */
  close(
    key: GrantKey,
    refusal: { fence: number; failure: Failure; dueAt: number | undefined },
  ): Promise<Conditional>;

  /**
   * The outcome is not known. Needs: fence as announced, intent open. The intent stays open for whoever comes next; sets failure and dueAt, lease freed;
   * moves no counter.
   */
  leave(
    key: GrantKey,
    unknown: { fence: number; failure: Failure; dueAt: number | undefined },
  ): Promise<Conditional>;

  /** Frees the lease if holder and fence are still these. */
  release(key: GrantKey, lease: { holder: string; fence: number }): Promise<boolean>;
}
