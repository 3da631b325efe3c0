import { createHmac, timingSafeEqual } from 'node:crypto';
import { emulatorError } from './emulator-options.js';
import type { GuestIssuer } from './emulator-options.js';

/** What a guest JWT that was good says. */
export interface GuestClaims {
  issuer: GuestIssuer;
  subject: string;
  /** The display name. */
  name: string | undefined;
}

/** The issuers: those given, or one. Throws EMULATOR_BAD_OPTIONS for one without a name, named twice or with an unsound secret. */
export function knownGuestIssuers(issuers: readonly GuestIssuer[] = [DEFAULT_ISSUER]): GuestIssuer[] {
  for (const { issuer, secret } of issuers) {
    const isUnique = issuers.filter((other) => other.issuer === issuer).length === 1;
    if (issuer === '' || !isUnique || !isBase64(secret)) {
      throw emulatorError(
        'EMULATOR_BAD_OPTIONS',
        'A guest issuer needs an id of its own and a secret in base64. Fix guestIssuers[].',
      );
    }
  }
  return issuers.map((issuer) => ({ ...issuer }));
}

/** Verifies a guest JWT (webex-facts 5.1). `now` in milliseconds. Undefined for anything that is not exactly right. */
export function verifyGuestJwt(
  jwt: string,
  { issuers, now }: { issuers: readonly GuestIssuer[]; now: number },
): GuestClaims | undefined {
  const parts = jwt.split('.');
  const [header = '', payload = '', signature = ''] = parts;
  if (parts.length !== 3) return undefined;
  const { alg, typ, crit } = readPart(header) ?? {};
  if (alg !== 'HS256' || (typ !== undefined && typ !== 'JWT') || crit !== undefined) return undefined;
  const { iss, sub, name, exp } = readPart(payload) ?? {};
  const issuer = issuers.find((known) => known.issuer === iss);
  if (!issuer || !isSigned(`${header}.${payload}`, signature, issuer.secret)) return undefined;
  const end = readExpiry(exp);
  if (end === undefined || end * 1000 <= now) return undefined;
  if (typeof sub !== 'string' || !/^[A-Za-z0-9-]+$/.test(sub)) return undefined;
  if (name !== undefined && typeof name !== 'string') return undefined;
  return { issuer, subject: sub, name };
}

// The key is the decoded secret: to sign with its text is the classic mistake (webex-facts 5.1, 9).
function isSigned(signed: string, signature: string, secret: string): boolean {
  const right = createHmac('sha256', Buffer.from(secret, 'base64')).update(signed).digest();
  const shown = readBase64Url(signature);
  return shown?.length === right.length && timingSafeEqual(shown, right);
}

// Seconds, as a number or as its digits. What lies beyond the year 5000 was meant in milliseconds (webex-facts 9).
function readExpiry(exp: unknown): number | undefined {
  const seconds = typeof exp === 'string' && /^\d+$/.test(exp) ? Number(exp) : exp;
  return typeof seconds === 'number' && seconds > 0 && seconds < 1e11 ? seconds : undefined;
}

function readPart(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(readBase64Url(part)?.toString() ?? '');
    const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function readBase64Url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return text !== '' && bytes.toString('base64url') === text ? bytes : undefined;
}

function isBase64(text: string): boolean {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
}

const DEFAULT_ISSUER: GuestIssuer = {
  // The id that the developer portal shows is the public id of an organisation.
  issuer: Buffer.from('ciscospark://us/ORGANIZATION/fa4e0000-0000-4000-8000-0000000000f1')
    .toString('base64')
    .replace(/=+$/, ''),
  secret: Buffer.from('fa4e5ec2'.repeat(4)).toString('base64'),
};
