import { member } from '../member.js';
import { isAccessToken, isRefreshToken, readTokenAnswer } from '../token-answer.js';
import { TokenSet } from '../token-set.js';
import type { RawTokenResponse } from './renewer.js';

/**
 * What can be made of an answer that was kept because it failed validation: a token set when both its tokens are
 * usable, whatever else was wrong with it; else nothing. `now` is when the answer arrived.
 */
export function tokenSetFromCandidate(
  raw: RawTokenResponse,
  { previous, now }: { previous?: TokenSet | undefined; now: number },
): TokenSet | undefined {
  const accessToken = member(raw, 'access_token');
  const type = member(raw, 'token_type') ?? 'Bearer';
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return undefined;
  if (!isAccessToken(accessToken) || !isRefreshToken(member(raw, 'refresh_token'))) return undefined;
  return new TokenSet(readTokenAnswer(raw, accessToken, { previous, now }));
}
