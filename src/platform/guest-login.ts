import { ConfigurationError, InvalidGrantError, ProtocolError } from '../errors.js';
import { errorOfAnswer } from '../oauth/endpoint-error.js';
import { member } from '../oauth/member.js';
import { isAccessToken, readTokenAnswer } from '../oauth/token-answer.js';
import { TokenSet } from '../oauth/token-set.js';
import { receiveWithBearer } from './bearer-call.js';
import type { BearerCall } from './bearer-call.js';

/**
 * Exchanges a guest's JWT for an access token: POST /jwt/login (webex-facts 5.1). There is no refresh token: exchange a JWT again.
 * `InvalidGrantError` when Webex refuses the JWT.
 */
export async function exchangeGuestJwt({
  jwt,
  ...call
}: Omit<BearerCall, 'accessToken'> & { jwt: string }): Promise<TokenSet> {
  if (!isAccessToken(jwt)) {
    throw new ConfigurationError([
      { setting: 'jwt', problem: 'is empty, too long or holds characters that no JWT has' },
    ]);
  }
  const answer = await receiveWithBearer(
    { ...call, accessToken: jwt },
    { method: 'POST', path: '/jwt/login' },
  );
  const { status, trackingId, body, receivedAt: now } = answer;
  if (status === 400 || status === 401) {
    throw new InvalidGrantError(
      "Webex refused the guest's JWT; check the issuer, the secret and the expiry, then make a new one",
      { status, trackingId },
    );
  }
  if (status < 200 || status > 299) throw errorOfAnswer(answer);
  const accessToken = member(body, 'token');
  if (!isAccessToken(accessToken)) {
    throw new ProtocolError('The answer of jwt/login holds no access token', { status, trackingId });
  }
  return new TokenSet(readTokenAnswer({ expires_in: member(body, 'expiresIn') }, accessToken, { now }));
}
