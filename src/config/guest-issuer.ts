import type { ConfigurationProblem } from '../errors.js';
import { recordOf } from './record.js';
import { findUnknownSettings, joined } from './unknown-settings.js';

/**
 * What is wrong with a guest issuer's settings; nothing when it is undefined. The secret is base64, as the portal shows it: signing with
 * anything else is refused by Webex without a reason (webex-facts 5.1).
 */
export function guestIssuerProblems(setting: string, value: unknown): readonly ConfigurationProblem[] {
  if (value === undefined) return [];
  const guestIssuer = recordOf(value);
  const example = '{ issuer: the Guest Issuer ID, secret: its shared secret in base64 }';
  if (!guestIssuer) return [{ setting, problem: 'must be an object with issuer and secret', example }];
  const { issuer, secret } = guestIssuer;
  const problems = [
    ...findUnknownSettings(guestIssuer, { path: setting, known: ['issuer', 'secret'] }).problems,
  ];
  const check = (name: string, problem: string | undefined): void => {
    if (problem) problems.push({ setting: joined(setting, name), problem, example });
  };
  check(
    'issuer',
    textProblem(issuer, /^[\x21-\x7e]+$/, 'holds white space or characters that cannot be sent'),
  );
  check('secret', textProblem(secret, /^[A-Za-z0-9+/_-]+={0,2}$/, 'is not base64'));
  return problems;
}

function textProblem(value: unknown, shape: RegExp, otherwise: string): string | undefined {
  if (value === undefined || value === '') return 'is missing';
  if (typeof value !== 'string') return 'must be a string';
  return shape.test(value) ? undefined : otherwise;
}
