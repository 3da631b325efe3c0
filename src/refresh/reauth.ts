import { ReauthRequiredError, type ErrorAction, type ErrorDetails, type Reauth } from '../errors.js';

interface Ending {
  action: ErrorAction;
  message: string;
}

const OF_PERSON: Ending = {
  action: 'sign_in_again',
  message: 'The grant has ended; the person must sign in again',
};
const OF_TOKEN: Ending = {
  action: 'replace_token',
  message: 'Webex no longer accepts this token; replace it by a new one',
};
const OF_GUEST: Ending = {
  action: 'renew_guest',
  message: 'The guest has ended and could not be renewed; create the guest again',
};

/** Who can bring an ended grant back, by its kind. People are the rule. */
const ENDINGS = new Map<string, Ending>([
  ['bot', OF_TOKEN],
  ['access_token', OF_TOKEN],
  ['guest_jwt', OF_GUEST],
  ['guest', OF_GUEST],
  [
    'service_app',
    {
      action: 'ask_admin',
      message: 'The service app is no longer authorized; an administrator of the organisation must do it',
    },
  ],
  [
    'client_credentials',
    {
      action: 'fix_client_secret',
      message: 'The client is no longer given tokens of its own; check its id and secret',
    },
  ],
]);

/** What must be done about a grant of this kind that has ended. */
export function reauthAction(kind: string): ErrorAction {
  return (ENDINGS.get(kind) ?? OF_PERSON).action;
}

/** The error of a grant of this kind that has ended. `reauth.url` is told where it is a person who can go there. */
export function reauthError(
  kind: string,
  { reauth, ...details }: ErrorDetails & { reauth: Reauth },
): ReauthRequiredError {
  const { action, message } = ENDINGS.get(kind) ?? OF_PERSON;
  const { reason, since, url } = reauth;
  const isPerson = action === 'sign_in_again' && url !== undefined;
  return new ReauthRequiredError(message, {
    ...details,
    reauth: { reason, since, ...(isPerson && { url }) },
    action,
  });
}
