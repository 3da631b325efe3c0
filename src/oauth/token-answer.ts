import { member } from './member.js';
import type { RawTokenResponse } from './grants/renewer.js';
import { parseScope } from './scope.js';
import type { TokenSet, TokenSetData } from './token-set.js';

/** What the members of a token answer are read against. Instants are milliseconds since the epoch. */
export interface TokenAnswerContext {
  /** When the answer arrived. */
  now: number;
  /** The token set that was renewed: what the answer leaves out stays as it was. */
  previous?: TokenSet | undefined;
  /** What was asked for; granted, when the answer does not say otherwise (RFC 6749, 5.1). */
  requestedScope?: readonly string[] | undefined;
  /** The ID token must carry it, else it is dropped. */
  nonce?: string | undefined;
}

const MEMBERS = [
  'access_token',
  'token_type',
  'expires_in',
  'refresh_token',
  'refresh_token_expires_in',
  'scope',
  'id_token',
];
const LONGEST_TOKEN = 16 * 1024;
const LONGEST_LIFETIME_S = 10 * 365.25 * 86_400;

/** The members this library knows, as they came; the rest of an answer is not kept. */
export function knownMembers(body: Readonly<Record<string, unknown>>): RawTokenResponse {
  return Object.fromEntries(
    MEMBERS.map((name) => [name, member(body, name)] as const).filter(
      ([, value]) => typeof value === 'string' || typeof value === 'number',
    ),
  );
}

/** Whether a value is an access token that can go into a header: RFC 6750, 2.1 b64token, at most 16 KiB. */
export function isAccessToken(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_TOKEN && /^[A-Za-z0-9._~+/-]+=*$/.test(value);
}

/** Whether a value is a refresh token: RFC 6749, A.17 visible characters and spaces, at most 16 KiB. */
export function isRefreshToken(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_TOKEN && /^[\x20-\x7e]+$/.test(value);
}

/**
 * When something that lives `seconds` ends. A number or a decimal string, rounded down; negative = at once; at most ten
 * years. Absent, not finite or anything else = not known.
 */
function expiryInstant(seconds: unknown, now: number): number | undefined {
  const value = typeof seconds === 'string' && /^-?\d+(\.\d+)?$/.test(seconds) ? Number(seconds) : seconds;
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return now + Math.floor(Math.min(Math.max(0, value), LONGEST_LIFETIME_S)) * 1000;
}

/** The token set data that an answer with a good access token stands for. */
export function readTokenAnswer(
  body: Readonly<Record<string, unknown>>,
  accessToken: string,
  { now, previous, requestedScope, nonce }: TokenAnswerContext,
): TokenSetData {
  const refreshToken = member(body, 'refresh_token');
  const rotated = isRefreshToken(refreshToken);
  const scope = scopeOf(member(body, 'scope')) ?? previous?.scope ?? requestedScope;
  return {
    accessToken,
    expiresAt: expiryInstant(member(body, 'expires_in'), now),
    refreshToken: rotated ? refreshToken : previous?.refreshToken,
    refreshTokenExpiresAt: rotated
      ? expiryInstant(member(body, 'refresh_token_expires_in'), now)
      : previous?.refreshTokenExpiresAt,
    scope,
    // That of the sign-in was checked; nobody checks one that comes with a refresh.
    idToken: previous
      ? previous.idToken
      : idTokenOf(member(body, 'id_token'), scope ?? requestedScope, nonce),
    issuedAt: now,
  };
}

function scopeOf(value: unknown): readonly string[] | undefined {
  if (typeof value !== 'string' || value.length > LONGEST_TOKEN) return undefined;
  const scopes = parseScope(value);
  return scopes.length > 0 ? scopes : undefined;
}

// Kept for who asked for it, and not trusted: its signature is unchecked, and Webex's issuers differ by region.
function idTokenOf(
  value: unknown,
  scope: readonly string[] | undefined,
  nonce: string | undefined,
): string | undefined {
  if (typeof value !== 'string' || value.length > LONGEST_TOKEN || !scope?.includes('openid'))
    return undefined;
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(value)?.[1];
  if (payload === undefined) return undefined;
  return nonce === undefined || nonceOf(payload) === nonce ? value : undefined;
}

function nonceOf(payload: string): unknown {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return member(claims as Record<string, unknown> | undefined, 'nonce');
  } catch {
    return undefined;
  }
}
