import { findAccount } from './account.js';
import type { EmulatorAccount } from './account.js';
import type { AccessRecord, GrantRecord } from './emulator-state.js';
import { apiError } from './error-answer.js';
import type { FakeWebex } from './fake-webex.js';
import type { EmulatorContext, Route } from './route.js';

const NOT_VALID = 'The request requires a valid access token set in the Authorization request header.';

/** The live access token behind a request. `account` is absent where a client acts for itself. */
export interface BearerAccess {
  grant: GrantRecord;
  record: AccessRecord;
  account: EmulatorAccount | undefined;
}

/** An API endpoint for any live access token: else 401 (webex-facts 4.2). Scopes are for the endpoint to check. */
export function forBearer(
  webex: FakeWebex,
  answer: (context: EmulatorContext, access: BearerAccess) => Response | Promise<Response>,
): Route['handle'] {
  return (context) => {
    const token = /^bearer +(\S+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
    const access = token === undefined ? undefined : webex.grants.access(token);
    if (!access) return apiError(context, 401, NOT_VALID);
    return answer(context, { ...access, account: findAccount(webex, access.grant.userId) });
  };
}

/**
 * An API endpoint for an account (person, guest, bot or machine) whose access token carries `scope` (or `spark:all`):
 * else 401 (webex-facts 4.2) or 403.
 */
export function forPerson(
  webex: FakeWebex,
  scope: string,
  answer: (context: EmulatorContext, account: EmulatorAccount) => Response | Promise<Response>,
): Route['handle'] {
  return forBearer(webex, (context, { record: { scopes }, account }) => {
    if (!scopes.includes(scope) && !scopes.includes('spark:all')) {
      return apiError(context, 403, `The access token lacks the scope ${scope}.`);
    }
    return account
      ? answer(context, account)
      : apiError(context, 403, 'The access token is not that of a person.');
  });
}
