import type { Person } from '../oauth/person.js';
import { missingScopes } from '../oauth/scope.js';
import type { GrantRecord } from '../stores/grant-record.js';
import type { CustomFields } from '../base/custom-fields.js';
import type { Grant } from './grant.js';

/** What may be shown of a grant: never a token. Instants are milliseconds since the epoch. */
export interface GrantSummary {
  readonly subject: string;
  readonly kind: string;
  readonly state: 'live' | 'suspect' | 'dead' | 'deleted';
  readonly generation: number;
  readonly issuedAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly refreshExpiresAt: number | undefined;
  /** When the scheduler looks at it next. */
  readonly dueAt: number | undefined;
  /** Why it is suspect or dead. */
  readonly reason: string | undefined;
  /** Code of the last failure, if the last refresh failed. */
  readonly lastError: string | undefined;
  readonly stateSince: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A summary with what only its key can open. */
export interface GrantDescription extends GrantSummary {
  readonly scope: readonly string[] | undefined;
  /** Asked for and not granted. */
  readonly missingScopes: readonly string[];
  readonly person: Person | undefined;
  readonly custom: CustomFields;
}

/** What a row shows without being opened. */
export function summarize(record: GrantRecord): GrantSummary {
  const { key, kind, state, generation, issuedAt, expiresAt, refreshExpiresAt, dueAt, reason } = record;
  const { failure, stateSince, createdAt, updatedAt } = record;
  return {
    subject: key.subject,
    kind,
    state,
    generation,
    issuedAt,
    expiresAt,
    refreshExpiresAt,
    dueAt,
    reason,
    lastError: failure?.code,
    stateSince,
    createdAt,
    updatedAt,
  };
}

/** What an opened grant shows. */
export function describe(grant: Grant): GrantDescription {
  const { scope } = grant.tokenSet;
  return {
    ...summarize(grant.record),
    scope,
    missingScopes: scope && grant.requestedScope ? missingScopes(grant.requestedScope, scope) : [],
    person: grant.person,
    custom: grant.custom ?? {},
  };
}
