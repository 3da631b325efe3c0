import type { EmulatorPerson } from './emulator-options.js';
import { apiError } from './error-answer.js';
import { findPerson } from './fake-webex.js';
import type { FakeWebex } from './fake-webex.js';
import type { EmulatorContext, Route } from './route.js';

const NOT_VALID = 'The request requires a valid access token set in the Authorization request header.';

/** An API endpoint for a person whose access token carries `scope` (or `spark:all`): else 401 (webex-facts 4.2) or 403. */
export function forPerson(
  webex: FakeWebex,
  scope: string,
  answer: (context: EmulatorContext, person: EmulatorPerson) => Response | Promise<Response>,
): Route['handle'] {
  return (context) => {
    const token = /^bearer +(\S+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
    const access = token === undefined ? undefined : webex.grants.access(token);
    if (!access) return apiError(context, 401, NOT_VALID);
    const { scopes } = access.record;
    if (!scopes.includes(scope) && !scopes.includes('spark:all')) {
      return apiError(context, 403, `The access token lacks the scope ${scope}.`);
    }
    const person = findPerson(webex.users, access.grant.userId ?? '');
    return person
      ? answer(context, person)
      : apiError(context, 403, 'The access token is not that of a person.');
  };
}
