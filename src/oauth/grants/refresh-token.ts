import { InvalidGrantError } from '../../errors.js';
import type { TokenEndpoint } from '../token-endpoint.js';
import type { TokenSet } from '../token-set.js';
import type { RenewOptions } from './renewer.js';

/** Renews by presenting the refresh token (RFC 6749, 6). What the answer leaves out stays as it was. */
export async function presentRefreshToken(
  endpoint: TokenEndpoint,
  current: TokenSet,
  options: RenewOptions = {},
): Promise<TokenSet> {
  if (!current.refreshToken) {
    throw new InvalidGrantError('There is no refresh token to present; sign in again');
  }
  return endpoint.request(
    { grantType: 'refresh_token', parameters: { refresh_token: current.refreshToken } },
    { ...options, purpose: 'refresh', previous: current },
  );
}
