import { timingSafeEqual } from 'node:crypto';
import { backoffDelay } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { Emitter } from '../base/emitter.js';
import { StoreUnavailableError } from '../errors.js';
import type { WebexAuthEvents } from '../events.js';
import type { Conditional, GrantRecord, TokenWrite } from '../stores/grant-record.js';
import type { GrantStore } from '../stores/grant-store.js';
import type { LeaseStore } from '../stores/lease-store.js';

const RETRY = { base: 100, cap: 5_000 };
const OVERTAKER_POLL_MS = 250;
const OVERTAKER_PATIENCE_MS = 150_000;
const CLOSING_PATIENCE_MS = 10_000;

/** What became of a successor: `stored` by us, `lost` to a newer one that is adopted, or its grant is `deleted`. */
export type SuccessorFate =
  { fate: 'stored'; record: GrantRecord } | { fate: 'lost'; record: GrantRecord } | { fate: 'deleted' };

/** What storing needs: the claimed row and the sealed successor of its generation. */
export interface SuccessorOptions {
  grants: GrantStore;
  leases: LeaseStore;
  emitter: Emitter<WebexAuthEvents>;
  clock: Clock;
  record: GrantRecord;
  write: TokenWrite;
  /** Aborted when the process is about to end: waiting then has a limit. */
  closing: AbortSignal;
}

/**
 * Stores a successor by (fence, intent open, generation). While the store is away it is kept here and tried again. Overtaken, it
 * is kept until the overtaker's outcome is recorded: dropped for a newer token set, stored over a verdict on its predecessor.
 */
export async function storeSuccessor(options: SuccessorOptions): Promise<SuccessorFate> {
  const { grants, leases, clock, record, write } = options;
  const { key, generation, fence } = record;
  const committed = await untilStoreAnswers(options, () => leases.commit(key, { fence, generation, write }));
  if (isOurs(committed, write)) return { fate: 'stored', record: committed.record };
  const overtakenAt = clock.monotonic();
  for (;;) {
    const row = await untilStoreAnswers(options, () => grants.read(key));
    if (!row || row.state === 'deleted') return { fate: 'deleted' };
    if (row.generation !== generation) return { fate: 'lost', record: row };
    const waited = clock.monotonic() - overtakenAt;
    // By then the overtaker's own request has ended, and nobody else is at it.
    const over = waited >= OVERTAKER_PATIENCE_MS && row.leaseHolder === undefined;
    if (!row.intent || over) {
      const rescued = await untilStoreAnswers(options, () => leases.rescue(key, { generation, write }));
      if (isOurs(rescued, write)) return { fate: 'stored', record: rescued.record };
      continue;
    }
    if (options.closing.aborted && waited >= CLOSING_PATIENCE_MS) return { fate: 'lost', record: row };
    await clock.sleep(OVERTAKER_POLL_MS);
  }
}

// The answer of a write may have been lost: a row that holds our very ciphertext is our write, done.
function isOurs(result: Conditional, write: TokenWrite): result is Conditional & { record: GrantRecord } {
  if (result.done) return true;
  const stored = result.record?.tokens;
  return stored?.length === write.tokens.length && timingSafeEqual(stored, write.tokens);
}

/** Repeats `work` while the store is away; once the process is closing, for 10 s at most. */
export async function untilStoreAnswers<Result>(
  { clock, emitter, closing }: Pick<SuccessorOptions, 'clock' | 'emitter' | 'closing'>,
  work: () => Promise<Result>,
): Promise<Result> {
  let closingSince: number | undefined;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      if (attempt === 0) {
        const message = 'A refreshed token set waits in memory until the store is back';
        emitter.emit('degraded', { reason: error.code, message });
      }
      if (closing.aborted) closingSince ??= clock.monotonic();
      if (closingSince !== undefined && clock.monotonic() - closingSince >= CLOSING_PATIENCE_MS) throw error;
      await clock.sleep(backoffDelay(attempt, RETRY));
    }
  }
}
