const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const LAST_PART = new RegExp(`_(${UUID})$`, 'i');
const WHOLE = new RegExp(`^${UUID}$`, 'i');

/**
 * The organisation a Webex token or code belongs to, as the token itself says: the last of its three parts, or the
 * claim `realm` of a JWT (webex-facts 7). Unverified: good for routing, not for deciding who may do what.
 */
export function orgIdFromToken(token: string): string | undefined {
  return token.startsWith('eyJ') ? realmOf(token) : LAST_PART.exec(token)?.[1]?.toLowerCase();
}

function realmOf(jwt: string): string | undefined {
  const parts = jwt.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString());
    if (typeof claims !== 'object' || claims === null || !('realm' in claims)) return undefined;
    const { realm } = claims;
    return typeof realm === 'string' && WHOLE.test(realm) ? realm.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}
