import { createHmac, sign } from 'node:crypto';
import type { EmulatorPerson, IdTokenFault } from './emulator-options.js';
import { unpublishedKey } from './oidc-keys.js';
import type { SigningKey } from './oidc-keys.js';
import type { RegionalHost } from './regional-hosts.js';

/** What the ID token of one sign-in says; `nonce` and `authTime` (seconds) are those of the authorization. */
export interface IdTokenContents {
  clientId: string;
  person: EmulatorPerson;
  nonce: string;
  authTime: number;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Two hours (webex-facts 7). */
const LIFETIME_S = 7200;

/**
 * An ID token of the person's region, RS256 (webex-facts 7), or one that is wrong in exactly one way. Undefined with the
 * fault `missing`. It holds what `openid` gives, whatever else was granted: the rest is at userinfo.
 */
export async function issueIdToken(
  region: RegionalHost,
  contents: IdTokenContents,
  fault?: IdTokenFault,
): Promise<string | undefined> {
  if (fault === 'missing') return undefined;
  const claims = claimsOf(region.issuer, contents, fault);
  const key = await (fault === 'unknown-key' ? unpublishedKey() : region.keys.current());
  if (fault === 'alg-none') return `${part({ alg: 'none', kid: key.kid })}.${part(claims)}.`;
  if (fault === 'hs256') return signedWithPublicKey(key, claims);
  const token = signed(key, claims);
  return fault === 'bad-signature' ? withChangedSignature(token) : token;
}

function claimsOf(
  issuer: string,
  { clientId, person, nonce, authTime, now }: IdTokenContents,
  fault: IdTokenFault | undefined,
): object {
  const issued = Math.floor(now / 1000) - (fault === 'expired' ? 2 * LIFETIME_S : 0);
  return {
    // Another client, and an issuer that begins like the true one.
    aud: fault === 'wrong-audience' ? `${clientId}0` : clientId,
    sub: person.id,
    auth_time: Math.min(authTime, issued),
    iss: fault === 'wrong-issuer' ? `${issuer}-elsewhere` : issuer,
    exp: issued + LIFETIME_S,
    iat: issued,
    nonce: fault === 'wrong-nonce' ? `${nonce}0` : nonce,
  };
}

function signed({ kid, privateKey }: SigningKey, claims: object): string {
  const input = `${part({ alg: 'RS256', kid })}.${part(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}

// The classic confusion: a verifier that trusts `alg` takes the public key for an HMAC secret.
function signedWithPublicKey({ kid, publicKey }: SigningKey, claims: object): string {
  const input = `${part({ alg: 'HS256', kid })}.${part(claims)}`;
  const secret = publicKey.export({ type: 'spki', format: 'pem' });
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

function withChangedSignature(token: string): string {
  const at = token.lastIndexOf('.') + 1;
  const signature = Buffer.from(token.slice(at), 'base64url');
  signature.writeUInt8(signature.readUInt8(20) ^ 1, 20);
  return `${token.slice(0, at)}${signature.toString('base64url')}`;
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
