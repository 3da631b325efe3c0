import { formatScope } from '../scope.js';
import type { TokenEndpoint, TokenPurpose } from '../token-endpoint.js';
import { TokenSet } from '../token-set.js';

/**
 * Asks for a token of the client itself (RFC 6749, 4.4). No refresh token is kept from the answer: the client just asks again
 * (4.4.3). Ordinary integrations get `UnauthorizedClientError` (webex-facts 6.1).
 */
export async function requestClientCredentials(
  endpoint: TokenEndpoint,
  options: {
    /** Empty = what the server gives by default. */
    scope: readonly string[];
    /** More form fields (`self_contained_token`); the grant's own win. */
    parameters?: Readonly<Record<string, string>> | undefined;
    purpose: TokenPurpose;
    signal?: AbortSignal | undefined;
  },
): Promise<TokenSet> {
  const { scope, parameters, purpose, signal } = options;
  const asked = scope.length > 0;
  const tokenSet = await endpoint.request(
    {
      grantType: 'client_credentials',
      parameters: { ...parameters, ...(asked && { scope: formatScope(scope) }) },
    },
    { purpose, signal, requestedScope: asked ? scope : undefined },
  );
  return new TokenSet({ ...tokenSet.toData(), refreshToken: undefined, refreshTokenExpiresAt: undefined });
}
