import type { GrantOwner } from './grant-store.js';

/** Something that happened to a grant; never holds a secret. */
export interface AuditEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly subject: string;
  /** Event name, as in `events.ts`, or `grant:disconnected`. */
  readonly event: string;
  readonly detail: Readonly<Record<string, string | number | boolean>>;
}

/** The history of grants: appended to, read, never changed. */
export interface AuditLog {
  /** Appends entries in their order, all or none. */
  append(owner: GrantOwner, entries: readonly AuditEntry[]): Promise<void>;
  /** Newest first. */
  list(owner: GrantOwner, page: { subject?: string | undefined; limit: number }): Promise<AuditEntry[]>;
}
