import { echoes } from '../base/tracking-id.js';

// Families and spelling of Webex's scopes (webex-facts 6.4). Tokens hold digits, or capitals in odd places, long before a word ends.
const FAMILY =
  'spark(?:-admin|-compliance)?|meeting|[iI]dentity|cjp|cjds|cloud-contact-center|guest-(?:issuer|meeting)|application|' +
  'analytics|audit|webex-?squared?|wxc-dedicateduc';
const SCOPE = new RegExp(
  `(?<![\\w:-])(?:(?:${FAMILY}):[a-z]{1,20}(?:_[a-z]{1,20}){0,7}|[iI]dentity:(?:SCIM|(?:OAuth)?[A-Z][a-z]{2,15}))(?![\\w:-])`,
  'g',
);
const LONGEST_SCOPE = 64;
// RFC 6750, 3: auth-params of a challenge, in any order.
const INSUFFICIENT = /[\s,]error\s*=\s*"?insufficient_scope\b/i;
const SCOPE_PARAMETER = /[\s,]scope\s*=\s*"([^"]*)"/i;

const MOST_CHARACTERS = 4_096;
const MOST_DETAILS = 20;
const MOST_SCOPES = 10;

/** The answer to a call that was forbidden. */
export interface Forbidden {
  /** The field `WWW-Authenticate`. */
  challenge: string | undefined;
  /** JSON parsed, or anything else. */
  body: unknown;
  /** The bearer, of which nothing is taken for a scope. */
  sent: string;
}

/**
 * The scopes that Webex names in a 403: those of an `insufficient_scope` challenge (RFC 6750, 3.1), else those in the texts of the
 * body (webex-facts 4.1). Only names of known families, ten at most: what a server echoes does not pass.
 */
export function missingScopesOf({ challenge, body, sent }: Forbidden): readonly string[] {
  const demanded = scopesIn([demandOf(challenge)], sent);
  return demanded.length > 0 ? demanded : scopesIn(textsOf(body), sent);
}

function demandOf(challenge: string | undefined): string {
  const field = challenge?.slice(0, MOST_CHARACTERS) ?? '';
  return INSUFFICIENT.test(field) ? (SCOPE_PARAMETER.exec(field)?.[1] ?? '') : '';
}

function textsOf(body: unknown): readonly string[] {
  const { message, error_description, errors } = membersOf(body);
  const details = Array.isArray(errors) ? (errors as unknown[]).slice(0, MOST_DETAILS) : [];
  const descriptions = details.map((one) => membersOf(one)['description']);
  return [message, error_description, ...descriptions].filter((text) => typeof text === 'string');
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function scopesIn(texts: readonly string[], sent: string): readonly string[] {
  const found = texts.flatMap((text) => text.slice(0, MOST_CHARACTERS).match(SCOPE) ?? []);
  const ours = found.filter((scope) => scope.length <= LONGEST_SCOPE && !echoes(scope, sent));
  return [...new Set(ours)].slice(0, MOST_SCOPES);
}
