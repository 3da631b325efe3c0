import { member } from '../oauth/member.js';
import { UUID } from './public-id.js';

const LAST_PART = new RegExp(`_(${UUID})$`);
const WHOLE = new RegExp(`^${UUID}$`);

/**
 * The organisation a Webex token or code belongs to, as the token itself says: the last of its three parts, or the
 * claim `realm` of a JWT (webex-facts 7). Unverified: good for routing, not for deciding who may do what.
 */
export function orgIdFromToken(token: string): string | undefined {
  if (!isJwt(token)) return LAST_PART.exec(token)?.[1]?.toLowerCase();
  const realm = claim(token, 'realm');
  return typeof realm === 'string' && WHOLE.test(realm) ? realm.toLowerCase() : undefined;
}

/**
 * Whom a Webex token is for, as its claim `user_type` says: `user`, `machine`, `guest` (webex-facts 7). Undefined for opaque tokens.
 * Unverified, as above.
 */
export function userTypeFromToken(token: string): string | undefined {
  const type = isJwt(token) ? claim(token, 'user_type') : undefined;
  return typeof type === 'string' && /^[\w-]{1,64}$/.test(type) ? type : undefined;
}

// Every JWT begins so: it is `{"` in base64.
function isJwt(token: string): boolean {
  return token.startsWith('eyJ');
}

function claim(jwt: string, name: string): unknown {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(jwt)?.[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return typeof claims === 'object' && claims !== null
      ? member(claims as Readonly<Record<string, unknown>>, name)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whom a guest issuer's JWT is for, with the name and the issuer; what is not there is left out (webex-facts 5.1). Unverified, as above. */
export function guestOfJwt(jwt: string): Readonly<Record<string, string>> {
  const subject = claim(jwt, 'sub');
  const displayName = claim(jwt, 'name');
  const issuer = claim(jwt, 'iss');
  return {
    ...(typeof issuer === 'string' && { issuer }),
    ...(typeof subject === 'string' && { subject }),
    ...(typeof displayName === 'string' && { displayName }),
  };
}
