/** The key of a grant. One `WebexAuth` is one (tenant, client id). */
export interface GrantKey {
  readonly tenant: string;
  readonly clientId: string;
  readonly subject: string;
}

/** `deleted` is a tombstone: the row stays, without secrets, so that version, generation and fence never restart. */
export type GrantState = 'live' | 'suspect' | 'dead' | 'deleted';

/** The durable note that a refresh token is about to be presented. Instants are milliseconds since the epoch. */
export interface Intent {
  readonly holder: string;
  readonly sentAt: number;
  readonly deadline: number;
}

/** What went wrong last. */
export interface Failure {
  readonly code: string;
  readonly at: number;
  /** Failures in a row. */
  readonly count: number;
  readonly trackingId?: string | undefined;
}

/**
 * One subject's row as a store keeps it: ciphertext, instants (milliseconds since the epoch, store's time) and counters.
 * Stores know no OAuth and no keys.
 */
export interface GrantRecord {
  readonly key: GrantKey;
  /** What sort of grant: `authorization_code`, `guest`, `bot`, … Opaque to stores. */
  readonly kind: string;
  readonly state: GrantState;
  /** +1 with each of the protocol's own writes: claim, commit, bury, close, disconnect, save. */
  readonly version: number;
  /** +1 per token set stored and per disconnect; moved by nothing else. First token set: 1. */
  readonly generation: number;
  /** Fence of the last claim; grows for ever. */
  readonly fence: number;
  /** Sealed token set; undefined in a tombstone. */
  readonly tokens: Uint8Array | undefined;
  /** Sealed raw answer of a presentation that could not be committed at once. */
  readonly candidate: Uint8Array | undefined;
  /** Sealed person and custom fields; they have a revision of their own and survive refreshes. */
  readonly details: Uint8Array | undefined;
  readonly detailsRevision: number;
  /** Id of the key that sealed `tokens`. */
  readonly keyId: string | undefined;
  readonly issuedAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly refreshExpiresAt: number | undefined;
  /** When the scheduler should look at it; undefined = never. */
  readonly dueAt: number | undefined;
  readonly intent: Intent | undefined;
  /** The open intent covers an earlier presentation whose outcome nobody learned. */
  readonly unknown: boolean;
  /** Announcements for this generation. */
  readonly attempts: number;
  /** Who holds the lease now by the store's clock; undefined = free or lapsed. */
  readonly leaseHolder: string | undefined;
  readonly failure: Failure | undefined;
  /** Why it is suspect or dead. */
  readonly reason: string | undefined;
  readonly stateSince: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A token set to be stored: ciphertext and what the store may know of it. */
export interface TokenWrite {
  readonly tokens: Uint8Array;
  readonly keyId: string;
  readonly issuedAt: number;
  readonly expiresAt: number | undefined;
  readonly refreshExpiresAt: number | undefined;
  readonly dueAt: number | undefined;
}

/** The outcome of a conditional update. `record` is the row after it, or the row that refused it (if any). */
export type Conditional =
  | { readonly done: true; readonly record: GrantRecord }
  | { readonly done: false; readonly record: GrantRecord | undefined };
