import type { Clock } from '../base/clock.js';
import type { Emitter } from '../base/emitter.js';
import type { RefreshMessage, TracedWork } from '../base/tracing.js';
import type { WebexAuthError } from '../errors.js';
import type { WebexAuthEvents } from '../events.js';
import type { Renewable, Renewer } from '../oauth/grants/renewer.js';
import type { Outcome } from '../oauth/outcome.js';
import type { GrantStore } from '../stores/grant-store.js';
import type { LeaseStore } from '../stores/lease-store.js';
import type { Grant } from '../vault/grant.js';
import type { Vault } from '../vault/vault.js';
import type { TokenGate } from './token-gate.js';

/** Lease of one refresh, by the store's clock; renewed while its holder works. Milliseconds. */
export const LEASE_MS = 15_000;

/** How long a presented refresh token may stay unanswered. Milliseconds. */
export const PRESENTATION_DEADLINE_MS = 120_000;

/** Where a refresh stands, named for tests that stop a process there. */
export type TracePoint = 'claimed' | 'presenting' | 'answered' | 'committing' | 'committed' | 'announced';

/** What a refresh needs; renewers and the error classifier come as values. */
export interface RefresherOptions {
  vault: Vault;
  grants: GrantStore;
  leases: LeaseStore;
  /** Stands before the token endpoint. */
  gate: TokenGate;
  /** How this grant gets its next token set; undefined = it cannot. */
  renewerOf(grant: Renewable): Renewer | undefined;
  outcomeOf(error: unknown): Outcome;
  /** Ends a successor whose grant was disconnected while it was minted. */
  revokeOrphan(refreshToken: string): Promise<void>;
  emitter: Emitter<WebexAuthEvents>;
  /** Hears of a grant that was stored anew before anybody else does, so that whoever is told finds it. */
  onStored?: ((grant: Grant) => void) | undefined;
  clock: Clock;
  /** Where people sign in again. */
  reconnectUrl?: string | undefined;
  /** Random and unique per process. */
  holder: string;
  random?: () => number;
  leaseMs?: number;
  /** Where each refresh is told of. */
  refreshes?: TracedWork<RefreshMessage> | undefined;
  trace?: ((point: TracePoint, subject: string) => void | Promise<void>) | undefined;
}

/** How a refresh ended. */
export interface RefreshResult {
  /** The grant as it is now stored. */
  grant: Grant;
  /** Whether this process stored a new token set. */
  refreshed: boolean;
  /** Why there is no new token set, where that is a failure. */
  error?: WebexAuthError | undefined;
  /** Nothing was tried: the token endpoint is not to be called now, for any grant. */
  held?: true | undefined;
}
