import type { Assembly } from './assembly.js';
import { refuse, tokenDemands } from './config/call-options.js';
import { checkFlag } from './config/flag-setting.js';
import {
  GrantNotFoundError,
  isWebexAuthError,
  MissingScopeError,
  TokenExpiredError,
  TokenExpiringError,
  TokenRevokedError,
  type AnyWebexAuthError,
  type ErrorCode,
} from './errors.js';
import { missingScopes } from './oauth/scope.js';
import { reauthRequired } from './refresh/answers.js';
import { reauthAction } from './refresh/reauth.js';
import type { Grant } from './vault/grant.js';

/** What a token is held against. */
export interface ValidateOptions {
  /** Scopes that it must carry. */
  requireScope?: readonly string[] | undefined;
  /** Remaining life that it must have, seconds. */
  minTtl?: number | undefined;
  /** Ask Webex as well, which alone knows of revocations; true. */
  remote?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** What came out; nothing was refreshed. */
export interface Validation {
  readonly valid: boolean;
  /** `VALID`, or the code of `error`. */
  readonly code: 'VALID' | ErrorCode;
  readonly error: AnyWebexAuthError | undefined;
  /** As Webex says, else as the token answer said; milliseconds since the epoch, undefined = no known end. */
  readonly expiresAt: number | undefined;
  /** Seconds; undefined = no known end. */
  readonly remaining: number | undefined;
  readonly missingScopes: readonly string[];
}

/**
 * Holds a stored token against what is required, without refreshing it. Each outcome has a code of its own: GRANT_NOT_FOUND,
 * REAUTH_REQUIRED, TOKEN_EXPIRED, SCOPE_MISSING, TOKEN_REVOKED, TOKEN_EXPIRING. Errors: those of the network when Webex cannot be asked.
 */
export async function validateGrant(
  assembly: Assembly,
  subject: string,
  options: ValidateOptions = {},
): Promise<Validation> {
  const { requireScope = [], minTtl = 0, remote = true, signal } = tokenDemands(options);
  refuse(checkFlag('remote', remote));
  const grant = await assembly.tokens.read(subject);
  if (!grant) return outcome(new GrantNotFoundError('Nothing is stored for this subject; sign in first'));
  const now = (): number => assembly.clock.now();
  const granted = grant.tokenSet.scope ?? grant.requestedScope;
  const missing = granted ? missingScopes(requireScope, granted) : [];
  const local = (expiresAt: number | undefined): AnyWebexAuthError | undefined => {
    if (grant.state === 'dead') return reauthRequired(grant, assembly.options.reconnectUrl);
    if (expiresAt !== undefined && expiresAt <= now()) {
      return new TokenExpiredError('The access token is past its end; refresh it, or sign in again');
    }
    return missing.length > 0 ? new MissingScopeError(missing) : undefined;
  };
  let { expiresAt } = grant.tokenSet;
  let error = local(expiresAt);
  if (!error && remote) {
    try {
      expiresAt = (await expiryAtWebex(assembly, grant, signal)) ?? expiresAt;
      error = local(expiresAt);
    } catch (failure) {
      if (!(failure instanceof TokenRevokedError)) throw failure;
      error = failure;
    }
  }
  const remaining = expiresAt === undefined ? undefined : Math.floor((expiresAt - now()) / 1000);
  if (!error && remaining !== undefined && remaining < minTtl) {
    error = new TokenExpiringError(
      `The access token has ${String(remaining)} s left of the ${String(minTtl)} s that were asked for`,
    );
  }
  return { ...outcome(error), expiresAt, remaining, missingScopes: missing };
}

async function expiryAtWebex(
  assembly: Assembly,
  { kind, tokenSet }: Grant,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  try {
    return await (await assembly.network()).tokenExpiry(tokenSet.accessToken, { signal });
  } catch (error) {
    if (error instanceof TokenRevokedError) {
      const { status, trackingId } = error;
      const action = reauthAction(kind);
      throw new TokenRevokedError('Webex refuses the access token, though it is not past its end', {
        status,
        trackingId,
        action,
      });
    }
    // It is known, and may not ask: that is no fault of the token.
    if (isWebexAuthError(error) && error.code === 'FORBIDDEN') return undefined;
    throw error;
  }
}

function outcome(error: AnyWebexAuthError | undefined): Validation {
  return {
    valid: error === undefined,
    code: error?.code ?? 'VALID',
    error,
    expiresAt: undefined,
    remaining: undefined,
    missingScopes: [],
  };
}
