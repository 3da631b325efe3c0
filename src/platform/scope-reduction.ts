import {
  ConfigurationError,
  isWebexAuthError,
  NetworkError,
  RateLimitError,
  ScopeReductionError,
  ServiceUnavailableError,
  TimeoutError,
} from '../errors.js';
import { formatScope, missingScopes, parseScope } from '../oauth/scope.js';
import type { TokenEndpoint } from '../oauth/token-endpoint.js';
import { TokenSet } from '../oauth/token-set.js';

const PASSING = [NetworkError, TimeoutError, RateLimitError, ServiceUnavailableError];

/** What is reduced, and to what. */
export interface ScopeReductionOptions {
  accessToken: string;
  /** Some of the scopes that the access token has, but not all. */
  scope: readonly string[];
  signal?: AbortSignal | undefined;
}

/**
 * Makes a token with fewer scopes out of an access token (webex-facts 3.2; the identity broker's endpoint, without client
 * authentication). No refresh token is kept: reduce again. `ScopeReductionError` unless just that was given.
 */
export async function reduceScope(
  endpoint: TokenEndpoint,
  { accessToken, scope, signal }: ScopeReductionOptions,
): Promise<TokenSet> {
  // The only known client sends them sorted.
  const sorted = formatScope([...scope].sort());
  if (scope.length === 0 || missingScopes(scope, parseScope(sorted)).length > 0) {
    throw new ConfigurationError([
      { setting: 'scope', problem: 'must name at least one scope, each without spaces or quotes' },
    ]);
  }
  const tokenSet = await request(endpoint, { accessToken, sorted, signal });
  const tooMuch = missingScopes(tokenSet.scope ?? [], scope).length > 0;
  if (tooMuch || tokenSet.accessToken === accessToken) {
    throw new ScopeReductionError(
      'The server gave a token with more scopes than were asked for; it is not used',
    );
  }
  return new TokenSet({
    ...tokenSet.toData(),
    scope: tokenSet.scope ?? parseScope(sorted),
    refreshToken: undefined,
    refreshTokenExpiresAt: undefined,
  });
}

async function request(
  endpoint: TokenEndpoint,
  { accessToken, sorted, signal }: { accessToken: string; sorted: string; signal: AbortSignal | undefined },
): Promise<TokenSet> {
  try {
    return await endpoint.request(
      {
        grantType: 'urn:cisco:oauth:grant-type:scope-reduction',
        parameters: { token: accessToken, scope: sorted, self_contained_token: 'true' },
      },
      { purpose: 'refresh', signal },
    );
  } catch (error) {
    signal?.throwIfAborted();
    if (!isWebexAuthError(error) || PASSING.some((type) => error instanceof type)) throw error;
    const { status, trackingId } = error;
    throw new ScopeReductionError(
      'The server gave no token with fewer scopes; ask for scopes that the token has, and not for all of them',
      { status, trackingId, cause: error },
    );
  }
}
