import type { AuthorizationTransaction } from '../authorization-request.js';
import type { TokenEndpoint } from '../token-endpoint.js';
import type { TokenSet } from '../token-set.js';

/** Exchanges the code of a checked redirect (RFC 6749, 4.1.3) together with the PKCE verifier of its transaction. */
export function exchangeAuthorizationCode(
  endpoint: Pick<TokenEndpoint, 'request'>,
  options: {
    code: string;
    transaction: AuthorizationTransaction;
    /** More form fields (`self_contained_token`, `user_info`); the grant's own win. */
    parameters?: Readonly<Record<string, string>> | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<TokenSet> {
  const { code, transaction, parameters, signal } = options;
  const { redirectUri, codeVerifier, scope, nonce } = transaction;
  return endpoint.request(
    {
      grantType: 'authorization_code',
      parameters: { ...parameters, code, redirect_uri: redirectUri, code_verifier: codeVerifier },
    },
    { purpose: 'sign-in', signal, requestedScope: scope, nonce },
  );
}
