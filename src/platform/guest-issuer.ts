import { createHmac, randomUUID } from 'node:crypto';
import { Secret } from '../base/secret.js';
import { ConfigurationError } from '../errors.js';
import type { ConfigurationProblem } from '../errors.js';
import { isIdentifier, isOneLine } from './person-text.js';

const BASE64 = /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/;
const SHORTEST_KEY_BYTES = 16;
const SUBJECT = /^[A-Za-z0-9-]{1,256}$/;
// With this cap an instant (seconds or milliseconds since the epoch) cannot pass for a lifetime.
const LONGEST_LIFETIME_S = 10 * 365 * 86_400;
const TIMESPAN =
  /^(\d{1,12}(?:\.\d{1,3})?) ?(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:eeks?)?)?$/i;
const UNIT_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** What a guest's JWT is made of. */
export interface GuestJwtOptions {
  /** The Guest Issuer ID of the developer portal. */
  issuer: string;
  /** As the portal shows it: base64 of the key. */
  secret: string | Secret;
  /** The same subject is the same guest. Letters, digits and hyphens; a new random one by default. */
  subject?: string | undefined;
  displayName?: string | undefined;
  /** How long the JWT may be exchanged: seconds, or a time span such as `90m` or `2d`. One hour by default. */
  expiresIn?: number | string | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * Makes the JWT with which a guest signs in (webex-facts 5.1): HS256 with the decoded secret. `ConfigurationError` names every
 * setting that is wrong; Webex itself would say no more than 401.
 */
export function createGuestJwt({
  issuer,
  secret,
  subject,
  displayName,
  expiresIn = 3600,
  now,
}: GuestJwtOptions): string {
  const key = keyOf(secret);
  const lifetime = secondsOf(expiresIn);
  const problems: ConfigurationProblem[] = [];
  const demand = (good: boolean, setting: string, problem: string): void => {
    if (!good) problems.push({ setting: `guestIssuer.${setting}`, problem });
  };
  demand(isIdentifier(issuer), 'issuer', 'is not a Guest Issuer ID; copy it from the developer portal');
  demand(
    key !== undefined,
    'secret',
    `is not base64 of at least ${SHORTEST_KEY_BYTES} bytes; copy it from the developer portal as it is`,
  );
  demand(
    subject === undefined || isSubject(subject),
    'subject',
    'may hold letters, digits and hyphens only, at most 256 of them',
  );
  demand(
    displayName === undefined || isOneLine(displayName),
    'displayName',
    'must be one line of 1 to 256 characters',
  );
  demand(
    lifetime !== undefined,
    'expiresIn',
    'must be a positive number of whole seconds, or a time span such as 90m, of at most ten years',
  );
  if (key === undefined || lifetime === undefined || problems.length > 0) {
    throw new ConfigurationError(problems);
  }
  const uuid = randomUUID();
  const iat = Math.floor(now / 1000);
  const content = [
    { alg: 'HS256', typ: 'JWT' },
    {
      sub: subject ?? `guest-user-${uuid}`,
      iss: issuer,
      name: displayName ?? `Guest User - ${uuid}`,
      iat,
      exp: iat + lifetime,
    },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${content}.${createHmac('sha256', key).update(content).digest('base64url')}`;
}

function isSubject(value: unknown): value is string {
  return typeof value === 'string' && SUBJECT.test(value);
}

function keyOf(secret: unknown): Buffer | undefined {
  const text = secret instanceof Secret ? secret.reveal() : secret;
  if (typeof text !== 'string' || !BASE64.test(text)) return undefined;
  const key = Buffer.from(text, 'base64');
  return key.length >= SHORTEST_KEY_BYTES ? key : undefined;
}

// A bare number in a string means seconds here; in webex-js-sdk it meant milliseconds, which nobody expected.
function secondsOf(value: unknown): number | undefined {
  const [, amount, unit = 's'] = (typeof value === 'string' && TIMESPAN.exec(value)) || [];
  const seconds =
    amount === undefined
      ? value
      : Math.round(Number(amount) * (UNIT_S[unit.charAt(0).toLowerCase()] ?? 1) * 1000) / 1000;
  return typeof seconds === 'number' &&
    Number.isInteger(seconds) &&
    seconds > 0 &&
    seconds <= LONGEST_LIFETIME_S
    ? seconds
    : undefined;
}
