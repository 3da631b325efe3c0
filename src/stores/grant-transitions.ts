import type { GrantKey, TokenWrite } from './grant-record.js';
import type { GrantRow, StoreTime } from './grant-row.js';

/** What becomes of a row; undefined = the predicate refused and nothing changes. */
export type Transition = (row: GrantRow | undefined, time: StoreTime) => GrantRow | undefined;

/** The rule of `GrantStore.save`. */
export function saved(
  key: GrantKey,
  write: TokenWrite & { kind: string; details: Uint8Array | undefined },
  expected: { generation: number; revision: number },
): Transition {
  return (found, time) => {
    const row = found ?? emptyRow(key, time);
    if (row.generation !== expected.generation || row.detailsRevision !== expected.revision) return undefined;
    return {
      ...withTokens(row, write, time),
      kind: write.kind,
      details: write.details ?? row.details,
      detailsRevision: row.detailsRevision + (write.details ? 1 : 0),
      createdAt: row.state === 'deleted' ? time.wall : row.createdAt,
    };
  };
}

/** The rule of `GrantStore.saveDetails`. */
export function detailsSaved(details: Uint8Array, expected: { revision: number }): Transition {
  return (row, time) => {
    if (!row || row.state === 'deleted' || row.detailsRevision !== expected.revision) return undefined;
    return { ...row, details, detailsRevision: row.detailsRevision + 1, updatedAt: time.wall };
  };
}

/** The rule of `GrantStore.disconnect`. The lease stays with its holder, who learns of the tombstone at its next write. */
export const disconnected: Transition = (row, time) => {
  if (!row || row.state === 'deleted') return undefined;
  return {
    ...emptyRow(row.key, time),
    kind: row.kind,
    version: row.version + 1,
    generation: row.generation + 1,
    fence: row.fence,
    // The details are gone, so a write that was prepared against them must not bring them back.
    detailsRevision: row.detailsRevision + 1,
    lease: row.lease,
    createdAt: row.createdAt,
  };
};

/** The row with a token set newly stored: everything about the former one is settled. */
export function withTokens(row: GrantRow, write: TokenWrite, time: StoreTime): GrantRow {
  return {
    ...row,
    state: 'live',
    version: row.version + 1,
    generation: row.generation + 1,
    tokens: write.tokens,
    candidate: undefined,
    keyId: write.keyId,
    issuedAt: write.issuedAt,
    expiresAt: write.expiresAt,
    refreshExpiresAt: write.refreshExpiresAt,
    dueAt: write.dueAt,
    intent: undefined,
    unknown: false,
    attempts: 0,
    failure: undefined,
    reason: undefined,
    stateSince: row.state === 'live' ? row.stateSince : time.wall,
    updatedAt: time.wall,
  };
}

function emptyRow(key: GrantKey, { wall }: StoreTime): GrantRow {
  return {
    key,
    kind: '',
    state: 'deleted',
    version: 0,
    generation: 0,
    fence: 0,
    tokens: undefined,
    candidate: undefined,
    details: undefined,
    detailsRevision: 0,
    keyId: undefined,
    issuedAt: undefined,
    expiresAt: undefined,
    refreshExpiresAt: undefined,
    dueAt: undefined,
    intent: undefined,
    unknown: false,
    attempts: 0,
    lease: undefined,
    failure: undefined,
    reason: undefined,
    stateSince: wall,
    createdAt: wall,
    updatedAt: wall,
  };
}
