import { MissingScopeError, ProtocolError, type ReauthRequiredError } from '../errors.js';
import { missingScopes } from '../oauth/scope.js';
import type { TokenSet } from '../oauth/token-set.js';
import type { AccessToken } from '../oauth/token-source.js';
import type { Grant } from '../vault/grant.js';
import { reauthError } from './reauth.js';

const ENDLESS_PAUSE_MS = 10_000;

/** What a caller gets of a grant whose token is valid. */
export function answer({ tokenSet: { accessToken, expiresAt }, record: { failure } }: Grant): AccessToken {
  return { accessToken, expiresAt, stale: failure !== undefined, lastError: failure?.code };
}

/** The same when the last refresh has just failed. */
export function staleAnswer(grant: Grant, lastError: string): AccessToken {
  return { ...answer(grant), stale: true, lastError };
}

/** The error of a grant that nothing but its person can continue. */
export function reauthRequired({ kind, record, state }: Grant, url?: string): ReauthRequiredError {
  const reason = state === 'dead' ? (record.reason ?? 'revoked') : 'expired';
  return reauthError(kind, {
    reauth: {
      reason,
      since: state === 'dead' ? record.stateSince : (record.expiresAt ?? record.updatedAt),
      url,
    },
  });
}

/** Errors: `MissingScopeError`. */
export function requireScopes({ tokenSet, requestedScope }: Grant, required: readonly string[]): void {
  const granted = tokenSet.scope ?? requestedScope;
  // Bots and imported tokens: nobody knows what they carry, and the API decides.
  if (granted === undefined) return;
  const missing = missingScopes(required, granted);
  if (missing.length > 0) throw new MissingScopeError(missing);
}

/** Whether refreshing again would only bring another token without a life. Instants in milliseconds since the epoch. */
export function endsAtOnce({ lifetime, issuedAt }: TokenSet, now: number): boolean {
  return lifetime !== undefined && lifetime <= 0 && now - issuedAt < ENDLESS_PAUSE_MS;
}

/** The error of a server whose tokens have no life. */
export function endsAtOnceError({ issuedAt }: TokenSet): ProtocolError {
  return new ProtocolError('Webex gives access tokens that end at once', {
    retryAt: issuedAt + ENDLESS_PAUSE_MS,
  });
}
