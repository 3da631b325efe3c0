/** A UUID in any case, as part of a regular expression. */
export const UUID = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';

const WHOLE = new RegExp(`^${UUID}$`);
const DECODED = new RegExp(`^ciscospark://[^/]{1,64}/([A-Z_]{1,64})/(${UUID})$`);
const ENCODED = /^[A-Za-z0-9+/_-]{1,512}={0,2}$/;

/** Webex's public id of something: unpadded base64 of `ciscospark://us/<TYPE>/<id>` (webex-facts 7). */
export function publicId(type: string, id: string): string {
  return Buffer.from(`ciscospark://us/${type}/${id}`).toString('base64').replace(/=+$/, '');
}

/** The UUID, in lower case, inside a public id; undefined for anything else, and for another type than the one asked for. */
export function uuidOfPublicId(id: string, type?: string): string | undefined {
  const [, found, uuid] = DECODED.exec(decoded(id)) ?? [];
  return type === undefined || found === type ? uuid?.toLowerCase() : undefined;
}

/**
 * The UUID, in lower case, of an organisation however Webex writes it: plain, as a public id, or as base64 of the plain UUID
 * (the webhook guide's sample).
 */
export function uuidOfOrgId(orgId: unknown): string | undefined {
  if (typeof orgId !== 'string') return undefined;
  const plain = [orgId, decoded(orgId)].find((text) => WHOLE.test(text));
  return plain?.toLowerCase() ?? uuidOfPublicId(orgId, 'ORGANIZATION');
}

/** The id inside the public id of an application, which is its client id (webex-facts 6.2); undefined for anything else. */
export function applicationNamed(id: string | undefined): string | undefined {
  return /^ciscospark:\/\/[^/]{1,64}\/APPLICATION\/([\x21-\x7e]+)$/.exec(decoded(id ?? ''))?.[1];
}

function decoded(id: string): string {
  return ENCODED.test(id) ? Buffer.from(id, 'base64').toString('latin1') : '';
}
