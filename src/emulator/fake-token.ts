import { createHash, createHmac } from 'node:crypto';

const CLUSTER = 'EMUL';
const OPAQUE = /FAKE[A-Za-z0-9]{60}_EMUL_[0-9a-f-]{36}/g;
const JWT = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;

/**
 * An opaque token, `<64 characters>_<cluster>_<orgId>` (webex-facts 7). It is derived from the emulator's key and a
 * label, so that state need not hold it, and begins with FAKE.
 */
export function opaqueToken(key: string, label: string, orgId: string): string {
  const text = createHmac('sha512', key).update(label).digest('base64');
  return `FAKE${text.replaceAll('+', 'p').replaceAll('/', 's').slice(0, 60)}_${CLUSTER}_${orgId}`;
}

/** The claim `user_type` (webex-facts 7). */
export type UserType = 'user' | 'machine' | 'guest';

/** What a self-contained token says. */
export interface FakeClaims {
  label: string;
  orgId: string;
  userId: string | undefined;
  /** Default `user`, or `machine` without `userId`. */
  userType?: UserType | undefined;
  clientId: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** A token shaped like Webex's JWTs (webex-facts 7); the signature is a fake that nothing can verify. */
export function jwtToken(
  key: string,
  { label, orgId, userId, userType, clientId, expiresAt }: FakeClaims,
): string {
  const digest = createHmac('sha256', key).update(label).digest('base64url');
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = {
    cluster: CLUSTER,
    // Of three lengths, so that what follows lies at each of base64's alignments.
    private: `FAKE.${digest}${'-'.repeat(digest.charCodeAt(0) % 3)}`,
    user_type: userType ?? (userId === undefined ? 'machine' : 'user'),
    token_id: `FAKE${digest}`,
    iss: 'https://idbroker.emulator.invalid/idb',
    realm: orgId,
    ...(userId === undefined ? {} : { cis_uuid: userId }),
    token_type: 'Bearer',
    expiry_time: expiresAt,
    client_id: clientId,
  };
  return `${part({ alg: 'RS256' })}.${part(payload)}.${Buffer.from(`FAKE-SIGNATURE-${digest}`).toString('base64url')}`;
}

/** How state refers to a token. */
export function fingerprint(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** A Webex public id: base64 of `ciscospark://us/<TYPE>/<uuid>`, unpadded (webex-facts 7). */
export function publicId(type: string, uuid: string): string {
  return Buffer.from(`ciscospark://us/${type}/${uuid}`).toString('base64').replace(/=+$/, '');
}

/** The text with everything that looks like a token of ours taken out. */
export function withoutTokens(text: string): string {
  return text.replace(OPAQUE, '[token]').replace(JWT, '[token]');
}
