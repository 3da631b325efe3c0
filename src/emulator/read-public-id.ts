import { publicId } from './fake-token.js';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** What a public id of this type stands for (webex-facts 7); base64 padding may be there or not. Undefined for anything else. */
export function readPublicId(type: string, id: string): string | undefined {
  const bare = id.replace(/={1,2}$/, '');
  if (bare !== id && id.length % 4 !== 0) return undefined;
  const prefix = `ciscospark://us/${type}/`;
  const text = Buffer.from(bare, 'base64').toString();
  const inner = text.slice(prefix.length);
  return text.startsWith(prefix) && inner !== '' && publicId(type, inner) === bare ? inner : undefined;
}

/** The UUID of an organisation, from itself or from its public id. */
export function readOrgId(id: string): string | undefined {
  const uuid = readPublicId('ORGANIZATION', id) ?? id;
  return UUID.test(uuid) ? uuid : undefined;
}
