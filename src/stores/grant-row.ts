import type { GrantRecord } from './grant-record.js';

/** The store's time at one instant: wall clock for records, a clock that never jumps for leases. Milliseconds. */
export interface StoreTime {
  readonly wall: number;
  readonly monotonic: number;
  /** The run of the monotonic clock: another run's instants say nothing. */
  readonly boot: string;
}

/** Who may work on a grant, on the lease clock. Its fence is the row's. */
export interface Lease {
  readonly holder: string;
  readonly boot: string;
  readonly since: number;
  readonly until: number;
}

/** A grant as drivers keep it: the record with its lease, lapsed or not. */
export interface GrantRow extends Omit<GrantRecord, 'leaseHolder'> {
  readonly lease: Lease | undefined;
}

/** A lease for `ms` from now on. */
export function leaseFor(holder: string, ms: number, { boot, monotonic }: StoreTime): Lease {
  return { holder, boot, since: monotonic, until: monotonic + ms };
}

/** Who holds the lease now. One from another boot, or that began in the future, has lapsed. */
export function leaseHolderAt(
  { lease }: Pick<GrantRow, 'lease'>,
  { boot, monotonic }: StoreTime,
): string | undefined {
  const held = lease?.boot === boot && lease.since <= monotonic && monotonic < lease.until;
  return held ? lease.holder : undefined;
}

/** The row as callers see it: frozen, with bytes of its own. */
export function recordOf(row: GrantRow, time: StoreTime): GrantRecord {
  const { lease, ...rest } = ownCopy(row);
  return Object.freeze({ ...rest, leaseHolder: leaseHolderAt({ lease }, time) });
}

/** A copy that shares no memory with `row`. */
export function ownCopy(row: GrantRow): GrantRow {
  const { tenant, clientId, subject } = row.key;
  return {
    ...row,
    key: Object.freeze({ tenant, clientId, subject }),
    tokens: row.tokens && new Uint8Array(row.tokens),
    candidate: row.candidate && new Uint8Array(row.candidate),
    details: row.details && new Uint8Array(row.details),
    intent: row.intent && Object.freeze({ ...row.intent }),
    failure: row.failure && Object.freeze({ ...row.failure }),
  };
}
