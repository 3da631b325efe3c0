import type { Failure, GrantKey, GrantState } from '../grant-record.js';
import type { GrantRow } from '../grant-row.js';
import { bytes, json, number, optional, text } from './column.js';
import type { SqliteRow, SqliteValue } from './sqlite-driver.js';
import { keyText } from './text-key.js';

/** The values of a grant in the order of the statements' columns. */
export function grantValues(row: GrantRow): SqliteValue[] {
  const { intent, lease, failure } = row;
  const values: (SqliteValue | undefined)[] = [
    row.kind,
    row.state,
    row.version,
    row.generation,
    row.fence,
    row.detailsRevision,
    row.keyId,
    row.issuedAt,
    row.expiresAt,
    row.refreshExpiresAt,
    row.dueAt,
    intent?.holder,
    intent?.sentAt,
    intent?.deadline,
    row.unknown ? 1 : 0,
    row.attempts,
    lease?.holder,
    lease?.boot,
    lease?.since,
    lease?.until,
    failure && JSON.stringify(failure),
    row.reason,
    row.stateSince,
    row.createdAt,
    row.updatedAt,
    row.tokens,
    row.candidate,
    row.details,
  ];
  return values.map((value) => value ?? null);
}

/** The grant in a row. `owner` is what the query asked for. */
export function grantOf({ tenant, clientId }: Omit<GrantKey, 'subject'>, row: SqliteRow): GrantRow {
  return {
    key: { tenant, clientId, subject: keyText(bytes(row, 'subject')) },
    kind: text(row, 'kind'),
    state: text(row, 'state') as GrantState,
    version: number(row, 'version'),
    generation: number(row, 'generation'),
    fence: number(row, 'fence'),
    tokens: optional(bytes, row, 'tokens'),
    candidate: optional(bytes, row, 'candidate'),
    details: optional(bytes, row, 'details'),
    detailsRevision: number(row, 'details_revision'),
    keyId: optional(text, row, 'key_id'),
    issuedAt: optional(number, row, 'issued_at'),
    expiresAt: optional(number, row, 'expires_at'),
    refreshExpiresAt: optional(number, row, 'refresh_expires_at'),
    dueAt: optional(number, row, 'due_at'),
    intent: optional(text, row, 'intent_holder') === undefined ? undefined : intentOf(row),
    unknown: number(row, 'unknown') === 1,
    attempts: number(row, 'attempts'),
    lease: optional(text, row, 'lease_holder') === undefined ? undefined : leaseOf(row),
    failure: optional(json, row, 'failure') as Failure | undefined,
    reason: optional(text, row, 'reason'),
    stateSince: number(row, 'state_since'),
    createdAt: number(row, 'created_at'),
    updatedAt: number(row, 'updated_at'),
  };
}

function intentOf(row: SqliteRow): NonNullable<GrantRow['intent']> {
  return {
    holder: text(row, 'intent_holder'),
    sentAt: number(row, 'intent_sent_at'),
    deadline: number(row, 'intent_deadline'),
  };
}

function leaseOf(row: SqliteRow): NonNullable<GrantRow['lease']> {
  return {
    holder: text(row, 'lease_holder'),
    boot: text(row, 'lease_boot'),
    since: number(row, 'lease_since'),
    until: number(row, 'lease_until'),
  };
}
