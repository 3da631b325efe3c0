import { member } from '../oauth/member.js';
import { printable } from './person-text.js';

/** What OpenID Connect says about a person (Core, 5.1), where it was said well. */
export interface OpenIdProfile {
  readonly name?: string | undefined;
  readonly givenName?: string | undefined;
  readonly familyName?: string | undefined;
  readonly email?: string | undefined;
  /** Undefined without an email, or where nobody said so. */
  readonly emailVerified?: boolean | undefined;
}

/** Reads the members of an ID token or of a userinfo answer. Names are made printable. */
export function readOpenIdProfile(body: Readonly<Record<string, unknown>> | undefined): OpenIdProfile {
  const email = member(body, 'email');
  const known = isEmail(email) ? email : undefined;
  return {
    name: printable(member(body, 'name'), 256),
    givenName: printable(member(body, 'given_name'), 256),
    familyName: printable(member(body, 'family_name'), 256),
    email: known,
    emailVerified: known === undefined ? undefined : yesOrNo(member(body, 'email_verified')),
  };
}

/** Whether a value can be a subject: visible ASCII, at most 255 characters (OpenID Connect Core, 2). */
export function isOpenIdSubject(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value);
}

// People are found by a verified address: it is taken as it is or not at all.
function isEmail(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 320 && printable(value, 320) === value;
}

// Userinfo says it as a string (webex-facts 7).
function yesOrNo(value: unknown): boolean | undefined {
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : undefined;
}
