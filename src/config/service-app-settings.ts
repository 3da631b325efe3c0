import type { ConfigurationProblem } from '../errors.js';
import { uuidOfOrgId } from '../platform/public-id.js';
import { bearerOf } from './bearer.js';
import { recordOf } from './record.js';
import { findUnknownSettings } from './unknown-settings.js';

const KNOWN = ['ownerToken', 'applicationId', 'guestOrgId'];

/** What is wrong with the settings of service apps (webex-facts 6.2); nothing when they are undefined. Values are never repeated. */
export function serviceAppProblems(setting: string, value: unknown): readonly ConfigurationProblem[] {
  if (value === undefined) return [];
  const given = recordOf(value);
  const example = "{ ownerToken: async () => (a token of the app's owner) }";
  if (!given) return [{ setting, problem: 'must be an object', example }];
  const { ownerToken, applicationId, guestOrgId } = given;
  const wrong: [string, boolean, string][] = [
    [
      'ownerToken',
      typeof ownerToken !== 'function' && bearerOf(ownerToken) !== ownerToken,
      'must be a bearer token (RFC 6750, 2.1), or a function that gives one',
    ],
    [
      'applicationId',
      !(
        applicationId === undefined ||
        (typeof applicationId === 'string' && /^[\w-]{1,512}={0,2}$/.test(applicationId))
      ),
      'must be the id that the developer portal shows',
    ],
    [
      'guestOrgId',
      guestOrgId !== undefined && uuidOfOrgId(guestOrgId) === undefined,
      'must be the UUID or the public id of an organisation',
    ],
  ];
  return [
    ...findUnknownSettings(given, { path: setting, known: KNOWN }).problems,
    ...wrong
      .filter(([, isWrong]) => isWrong)
      .map(([name, , problem]) => ({ setting: `${setting}.${name}`, problem, example })),
  ];
}
