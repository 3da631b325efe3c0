import type { AuditLog } from './audit-log.js';
import type { GateStore } from './gate-store.js';
import type { GrantStore } from './grant-store.js';
import type { LeaseStore } from './lease-store.js';
import type { OnceStore } from './once-store.js';
import type { SessionStore } from './session-store.js';

/** What a store can do, stated by itself so that nobody above asks which driver it is. */
export interface StoreAbilities {
  /** Survives the process. */
  readonly durable: boolean;
  /** Several processes may share it. */
  readonly shared: boolean;
}

/** A store: the six contracts over one database. Errors: `StoreUnavailableError`, `StoreCorruptError`, `StoreSchemaError`. */
export interface Store {
  /** Driver name, for messages. */
  readonly name: string;
  readonly abilities: StoreAbilities;
  readonly grants: GrantStore;
  readonly leases: LeaseStore;
  readonly gates: GateStore;
  readonly once: OnceStore;
  readonly sessions: SessionStore;
  readonly audit: AuditLog;
  /** Connects and migrates; safe to call twice and from many processes at once. */
  open(): Promise<void>;
  /** Lets go of everything; idempotent. */
  close(): Promise<void>;
}
