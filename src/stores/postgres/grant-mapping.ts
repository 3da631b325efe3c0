import type { Failure, GrantKey, GrantRecord, GrantState, TokenWrite } from '../grant-record.js';
import type { GrantOwner } from '../grant-store.js';
import { bytes, json, name, number, optional, plainText, text } from './column.js';
import type { PostgresRow } from './column.js';
import type { PostgresValue } from './postgres-connection.js';
import { textKey } from './text-key.js';

/** tenant and client id as the statements take them. */
export function ownerValues({ tenant, clientId }: GrantOwner): [Buffer, Buffer] {
  return [textKey(tenant), textKey(clientId)];
}

/** tenant, client id and subject as the statements take them. */
export function keyValues(key: GrantKey): [Buffer, Buffer, Buffer] {
  return [...ownerValues(key), textKey(key.subject)];
}

/** A token set as the statements take it, after the key. */
export function tokenValues(write: TokenWrite): PostgresValue[] {
  const { tokens, keyId, issuedAt, expiresAt, refreshExpiresAt, dueAt } = write;
  return [tokens, plainText(keyId), issuedAt, expiresAt, refreshExpiresAt, dueAt];
}

/** A failure as it is kept. */
export function failureValue({ code, at, count, trackingId }: Failure): string {
  return JSON.stringify({ code, at, count, trackingId });
}

/** The grant in a row. `owner` is what the query asked for. */
export function grantOf({ tenant, clientId }: GrantOwner, row: PostgresRow): GrantRecord {
  const failure = optional(json, row, 'failure') as Failure | undefined;
  return Object.freeze({
    key: Object.freeze({ tenant, clientId, subject: name(row, 'subject') }),
    kind: text(row, 'kind'),
    state: text(row, 'state') as GrantState,
    version: number(row, 'version'),
    generation: number(row, 'generation'),
    fence: number(row, 'fence'),
    tokens: optional(blob, row, 'tokens'),
    candidate: optional(blob, row, 'candidate'),
    details: optional(blob, row, 'details'),
    detailsRevision: number(row, 'details_revision'),
    keyId: optional(text, row, 'key_id'),
    issuedAt: optional(number, row, 'issued_at'),
    expiresAt: optional(number, row, 'expires_at'),
    refreshExpiresAt: optional(number, row, 'refresh_expires_at'),
    dueAt: optional(number, row, 'due_at'),
    intent: optional(text, row, 'intent_holder') === undefined ? undefined : intentOf(row),
    unknown: number(row, 'unknown') === 1,
    attempts: number(row, 'attempts'),
    leaseHolder: optional(text, row, 'lease_holder'),
    failure: failure && Object.freeze(failure),
    reason: optional(text, row, 'reason'),
    stateSince: number(row, 'state_since'),
    createdAt: number(row, 'created_at'),
    updatedAt: number(row, 'updated_at'),
  });
}

function intentOf(row: PostgresRow): NonNullable<GrantRecord['intent']> {
  return Object.freeze({
    holder: text(row, 'intent_holder'),
    sentAt: number(row, 'intent_sent_at'),
    deadline: number(row, 'intent_deadline'),
  });
}

// Memory of its own: small buffers share a pool.
function blob(row: PostgresRow, column: string): Uint8Array {
  return new Uint8Array(bytes(row, column));
}
