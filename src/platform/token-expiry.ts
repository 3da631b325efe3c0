import { ProtocolError, TokenRevokedError } from '../errors.js';
import { errorOfAnswer } from '../oauth/endpoint-error.js';
import { member } from '../oauth/member.js';
import { receiveWithBearer } from './bearer-call.js';
import type { BearerCall } from './bearer-call.js';

// As milliseconds all below is before March 1973, as seconds all of it up to the year 5138: no token's end is in both.
const FIRST_MILLISECONDS = 100_000_000_000;
const LAST_INSTANT = 8_640_000_000_000_000;

/**
 * When the access token ends, as Webex itself says: GET /authorizations/tokenExpiry (webex-facts 1.1). Milliseconds since the
 * epoch; undefined when the answer does not tell. `TokenRevokedError` when Webex refuses the token.
 */
export async function fetchTokenExpiry(call: BearerCall): Promise<number | undefined> {
  const answer = await receiveWithBearer(call, { method: 'GET', path: '/authorizations/tokenExpiry' });
  const { status, trackingId, body } = answer;
  if (status === 401) {
    throw new TokenRevokedError('Webex refuses the access token: it is revoked, replaced or past its end', {
      status,
      trackingId,
    });
  }
  if (status !== 200) throw errorOfAnswer(answer);
  if (body === undefined) {
    throw new ProtocolError('The answer of authorizations/tokenExpiry is no JSON object', {
      status,
      trackingId,
    });
  }
  return instantOf(member(body, 'exp'));
}

// Documented as milliseconds. Everywhere else `exp` means seconds (RFC 7519, 4.1.4), so that is understood too.
function instantOf(exp: unknown): number | undefined {
  const value = typeof exp === 'string' && /^\d{1,16}$/.test(exp) ? Number(exp) : exp;
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return undefined;
  const instant = Math.floor(value < FIRST_MILLISECONDS ? value * 1000 : value);
  return instant <= LAST_INSTANT ? instant : undefined;
}
