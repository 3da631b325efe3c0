import { ConfigurationError, ProtocolError } from '../errors.js';
import { errorOfAnswer } from '../oauth/endpoint-error.js';
import { member } from '../oauth/member.js';
import type { Person } from '../oauth/person.js';
import { isAccessToken, readTokenAnswer } from '../oauth/token-answer.js';
import { TokenSet } from '../oauth/token-set.js';
import { receiveWithBearer } from './bearer-call.js';
import type { BearerCall } from './bearer-call.js';
import { isIdentifier, isOneLine, printable } from './person-text.js';
import { publicId } from './public-id.js';
import { orgIdFromToken } from './token-anatomy.js';

/** What a guest of a service app is made of. `accessToken` is the service app's, with scope `guest-issuer:write`. */
export interface GuestTokenOptions extends BearerCall {
  /** The same subject is the same guest. */
  subject: string;
  /** Another name than before renames the guest. */
  displayName: string;
}

/**
 * Asks for a guest's token: POST /guests/token (webex-facts 5.2). There is no refresh token; asking again gives one more token
 * and ends none.
 */
export async function requestGuestToken({
  subject,
  displayName,
  ...call
}: GuestTokenOptions): Promise<{ tokenSet: TokenSet; person: Person }> {
  const problems = Object.entries({ subject, displayName })
    .filter(([, text]) => !isOneLine(text))
    .map(([name]) => ({ setting: `guest.${name}`, problem: 'must be one line of 1 to 256 characters' }));
  if (problems.length > 0) throw new ConfigurationError(problems);
  const json = { subject, displayName };
  const answer = await receiveWithBearer(call, { method: 'POST', path: '/guests/token', json });
  const { status, trackingId, body, receivedAt: now } = answer;
  if (status < 200 || status > 299) throw errorOfAnswer(answer);
  const accessToken = member(body, 'accessToken');
  const id = member(body, 'id');
  if (!isAccessToken(accessToken) || !isIdentifier(id)) {
    throw new ProtocolError('The answer of guests/token holds no guest with a token', { status, trackingId });
  }
  const realm = orgIdFromToken(accessToken);
  return {
    tokenSet: new TokenSet(readTokenAnswer({ expires_in: member(body, 'expiresIn') }, accessToken, { now })),
    person: {
      id,
      // As people/me writes it, so that both name the same identity.
      orgId: realm && publicId('ORGANIZATION', realm),
      displayName: printable(member(body, 'displayName'), 256) ?? printable(displayName, 256),
      email: printable(member(body, 'email'), 320),
      type: 'appuser',
    },
  };
}

/** How many guests the organisation has: GET /guests/count, a number as text (webex-facts 5.2). Scope `guest-issuer:read`. */
export async function countGuests(call: BearerCall): Promise<number> {
  let text = '';
  const fetch: BearerCall['fetch'] = async (url, init) => {
    const response = await call.fetch(url, init);
    text = await response.text();
    return { status: response.status, headers: response.headers, text: () => text };
  };
  const answer = await receiveWithBearer(
    { ...call, fetch },
    { method: 'GET', path: '/guests/count', accept: 'text/plain' },
  );
  const { status, trackingId } = answer;
  if (status !== 200) throw errorOfAnswer(answer);
  if (!/^\s*\d{1,15}\s*$/.test(text)) {
    throw new ProtocolError('The answer of guests/count is no number', { status, trackingId });
  }
  return Number(text);
}
