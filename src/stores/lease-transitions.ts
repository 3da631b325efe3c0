import type { Failure, TokenWrite } from './grant-record.js';
import { leaseFor, leaseHolderAt } from './grant-row.js';
import type { GrantRow } from './grant-row.js';
import { withTokens } from './grant-transitions.js';
import type { Transition } from './grant-transitions.js';
import type { LeaseStore } from './lease-store.js';

type Options<Step extends keyof LeaseStore> = Parameters<LeaseStore[Step]>[1];

/** The rule of `LeaseStore.claim`. */
export function claimed({ holder, version, leaseMs, deadlineMs }: Options<'claim'>): Transition {
  return (row, time) => {
    if (!row || (row.state !== 'live' && row.state !== 'suspect') || row.version !== version)
      return undefined;
    const other = leaseHolderAt(row, time);
    if (other !== undefined && other !== holder) return undefined;
    return {
      ...row,
      version: row.version + 1,
      fence: row.fence + 1,
      unknown: row.unknown || row.intent !== undefined,
      intent: { holder, sentAt: time.wall, deadline: time.wall + deadlineMs },
      attempts: row.attempts + 1,
      lease: leaseFor(holder, leaseMs, time),
      updatedAt: time.wall,
    };
  };
}

/** The rule of `LeaseStore.renew`. */
export function renewed({ holder, fence, leaseMs }: Options<'renew'>): Transition {
  return (row, time) =>
    row && isHeldAs(row, { holder, fence }) ? { ...row, lease: leaseFor(holder, leaseMs, time) } : undefined;
}

/** The rule of `LeaseStore.release`. */
export function released(lease: Options<'release'>): Transition {
  return (row) => (row && isHeldAs(row, lease) ? { ...row, lease: undefined } : undefined);
}

/** The rule of `LeaseStore.keepCandidate`. */
export function candidateKept({ fence, candidate }: Options<'keepCandidate'>): Transition {
  return (row, time) =>
    row && isStanding(row, fence) ? { ...row, candidate, updatedAt: time.wall } : undefined;
}

/** The rule of `LeaseStore.commit`. */
export function committed({ fence, generation, write }: Options<'commit'>): Transition {
  return (row, time) =>
    row && isStanding(row, fence) && row.generation === generation
      ? { ...withTokens(row, write, time), lease: undefined }
      : undefined;
}

/** The rule of `LeaseStore.rescue`. It names no holder, so whatever lease there is stays. */
export function rescued({ generation, write }: { generation: number; write: TokenWrite }): Transition {
  return (row, time) =>
    row && row.state !== 'deleted' && row.generation === generation
      ? withTokens(row, write, time)
      : undefined;
}

/** The rule of `LeaseStore.bury`. */
export function buried({ fence, version, state, reason, failure, dueAt }: Options<'bury'>): Transition {
  return (row, time) =>
    row && isStanding(row, fence) && row.version === version
      ? {
          ...row,
          state,
          reason,
          failure: plainFailure(failure),
          dueAt: state === 'dead' ? undefined : dueAt,
          version: row.version + 1,
          intent: undefined,
          unknown: false,
          lease: undefined,
          stateSince: row.state === state ? row.stateSince : time.wall,
          updatedAt: time.wall,
        }
      : undefined;
}

/** The rule of `LeaseStore.close`: an intent that covers an earlier unknown outcome stays open. */
export function closed({ fence, failure, dueAt }: Options<'close'>): Transition {
  return (row, time) =>
    row && isStanding(row, fence)
      ? {
          ...row,
          intent: row.unknown ? row.intent : undefined,
          failure: plainFailure(failure),
          dueAt,
          version: row.version + 1,
          lease: undefined,
          updatedAt: time.wall,
        }
      : undefined;
}

/** The rule of `LeaseStore.leave`. */
export function left({ fence, failure, dueAt }: Options<'leave'>): Transition {
  return (row, time) =>
    row && isStanding(row, fence)
      ? { ...row, failure: plainFailure(failure), dueAt, lease: undefined, updatedAt: time.wall }
      : undefined;
}

/** What was announced with this fence still stands: nobody overtook it, and its intent is open. */
function isStanding(row: GrantRow, fence: number): boolean {
  return row.fence === fence && row.intent !== undefined;
}

function isHeldAs(row: GrantRow, { holder, fence }: { holder: string; fence: number }): boolean {
  return row.lease?.holder === holder && row.fence === fence;
}

function plainFailure({ code, at, count, trackingId }: Failure): Failure {
  return trackingId === undefined ? { code, at, count } : { code, at, count, trackingId };
}
