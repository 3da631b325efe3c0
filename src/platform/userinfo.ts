import type { Clock } from '../base/clock.js';
import type { WholeFetch } from '../base/fetch.js';
import { IdTokenError, ProtocolError } from '../errors.js';
import { errorOfAnswer } from '../oauth/endpoint-error.js';
import { member } from '../oauth/member.js';
import type { Person } from '../oauth/person.js';
import { receiveWithBearer } from './bearer-call.js';
import type { IdTokenClaims } from './id-token.js';
import { isOpenIdSubject, type OpenIdProfile, readOpenIdProfile } from './openid-profile.js';
import { publicId, UUID, uuidOfOrgId } from './public-id.js';

const WHOLE = new RegExp(`^${UUID}$`);

/** What userinfo says about the person whose token it is. Not signed: it counts with an ID token of the same subject only. */
export interface Userinfo extends OpenIdProfile {
  readonly sub: string;
}

/** What asking takes. */
export interface FetchUserinfoOptions {
  fetch: WholeFetch;
  /** Without a slash at the end. */
  apiBase: string;
  accessToken: string;
  signal?: AbortSignal | undefined;
  clock?: Pick<Clock, 'now'> | undefined;
}

/** Asks GET /userinfo, where Webex tells what its ID tokens leave out (OpenID Connect Core, 5.3; webex-facts 7). */
export async function fetchUserinfo(options: FetchUserinfoOptions): Promise<Userinfo> {
  const answer = await receiveWithBearer(options, { method: 'GET', path: '/userinfo' });
  if (answer.status !== 200) throw errorOfAnswer(answer);
  const { body, status, trackingId } = answer;
  const sub = member(body, 'sub');
  if (!isOpenIdSubject(sub))
    throw new ProtocolError('The answer of userinfo names nobody', { status, trackingId });
  return Object.freeze({ ...readOpenIdProfile(body), sub });
}

/**
 * The person that a checked ID token stands for, by the ids that people/me gives: `sub` is the UUID inside them (webex-facts 7).
 * `IdTokenError` when userinfo is about somebody else, whose data must not be used (Core, 5.3.2), or `sub` is no UUID.
 */
export function personFromOpenId({
  claims,
  userinfo,
  orgId,
}: {
  claims: Pick<IdTokenClaims, 'sub'> & OpenIdProfile;
  userinfo?: Userinfo | undefined;
  /** As the token says it, or as people/me does. */
  orgId: string | undefined;
}): Person {
  const { sub } = claims;
  if (userinfo && userinfo.sub !== sub)
    throw new IdTokenError('Userinfo is about another person than the ID token; nothing of it was used');
  if (!WHOLE.test(sub)) throw new IdTokenError('The ID token names no Webex person');
  const org = uuidOfOrgId(orgId);
  const said = userinfo ?? claims;
  return {
    id: publicId('PEOPLE', sub.toLowerCase()),
    orgId: org === undefined ? undefined : publicId('ORGANIZATION', org),
    displayName: said.name ?? claims.name ?? fullName(said) ?? fullName(claims),
    email: goodEmail(said) ?? goodEmail(claims),
  };
}

// Applications find their users by it: one that is known not to be checked is left out.
function goodEmail({ email, emailVerified }: OpenIdProfile): string | undefined {
  return emailVerified === false ? undefined : email;
}

function fullName({ givenName, familyName }: OpenIdProfile): string | undefined {
  return [givenName, familyName].filter((part) => part !== undefined).join(' ') || undefined;
}
