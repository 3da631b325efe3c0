import { isWebexAuthError } from '../errors.js';
import type { ErrorAction, ErrorCode } from '../errors.js';

/** An error as the outside sees it: a status, a stable code, and words for the person. Nothing of the error's own text. */
export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly advice: string;
  readonly retryable: boolean;
  readonly action?: ErrorAction | undefined;
  readonly trackingId?: string | undefined;
  /** Earliest sensible retry, milliseconds since the epoch. */
  readonly retryAt?: number | undefined;
}

type Words = readonly [status: number, title: string, advice: string];

const START_AGAIN = 'Nothing was changed. Sign in again from this browser.';
const TELL_OPERATOR =
  'This is a fault of the site, not yours. Tell the people who run it, with the code below.';
const LATER = 'This is usually over in a moment. Wait a little, then sign in again.';

const OPERATOR: Words = [500, 'This site is not set up correctly', TELL_OPERATOR];
const UPSTREAM: Words = [502, 'Webex did not answer as expected', LATER];
const UNKNOWN: Words = [500, 'Something went wrong here', TELL_OPERATOR];

const WORDS: Readonly<Partial<Record<ErrorCode, Words>>> = {
  STATE_MISMATCH: [400, 'This sign-in was not started in this browser', START_AGAIN],
  STATE_EXPIRED: [400, 'This sign-in took too long', START_AGAIN],
  STATE_USED: [409, 'This sign-in was already used', START_AGAIN],
  STARTER_MISMATCH: [403, 'Someone else started this sign-in', START_AGAIN],
  PERSON_MISMATCH: [
    409,
    'This account is connected to someone else at Webex',
    'Nothing was changed. Disconnect the present Webex account first, then sign in again.',
  ],
  ISSUER_MISMATCH: [400, 'The answer did not come from Webex', START_AGAIN],
  AUTHORIZATION_RESPONSE_INVALID: [400, 'The answer from Webex is not valid', START_AGAIN],
  INVALID_GRANT: [400, 'Webex no longer accepts this sign-in', START_AGAIN],
  ID_TOKEN_INVALID: [400, 'Webex did not prove who signed in', START_AGAIN],
  TOKEN_LIMIT_REACHED: [
    409,
    'You are signed in at this app too many times',
    'End older sign-ins on the page of your Webex account, then sign in again.',
  ],
  ACCESS_DENIED: [
    403,
    'Access was not allowed',
    'You, or your administrator, said no. Nothing was stored. To go on, sign in again and allow access.',
  ],
  LOGIN_REQUIRED: [401, 'You are not signed in to Webex', 'Sign in again to go on.'],
  FORBIDDEN: [
    403,
    'Your account may not do this',
    'Ask your Webex administrator to allow this app, then sign in again.',
  ],
  AUTHORIZATION_SERVER_ERROR: [502, 'Webex could not sign you in', LATER],
  UNAUTHORIZED: UPSTREAM,
  API_ERROR: UPSTREAM,
  PROTOCOL_ERROR: UPSTREAM,
  RESPONSE_TOO_LARGE: UPSTREAM,
  NETWORK_ERROR: [502, 'Webex cannot be reached', LATER],
  TIMEOUT: [504, 'Webex took too long to answer', LATER],
  RATE_LIMITED: [503, 'Too many sign-ins at the moment', LATER],
  SERVICE_UNAVAILABLE: [503, 'Webex is not available', LATER],
  STORE_UNAVAILABLE: [503, 'This site is busy', LATER],
  CLOSED: [503, 'This site is shutting down', LATER],
  CONFIGURATION_INVALID: OPERATOR,
  INVALID_CLIENT: OPERATOR,
  INVALID_REQUEST: OPERATOR,
  INVALID_SCOPE: OPERATOR,
  UNAUTHORIZED_CLIENT: OPERATOR,
  UNSUPPORTED_GRANT_TYPE: OPERATOR,
  ORIGIN_NOT_ALLOWED: OPERATOR,
};

/** Turns anything thrown into what may be shown. Errors that are not this library's become `INTERNAL_ERROR`. */
export function failureOf(error: unknown): Failure {
  if (!isWebexAuthError(error)) return failure('INTERNAL_ERROR', UNKNOWN);
  return {
    ...failure(error.code, WORDS[error.code] ?? UNKNOWN),
    retryable: error.retryable,
    action: error.action,
    trackingId: error.trackingId,
    retryAt: error.retryAt,
  };
}

/** A request that is refused before anything is done. */
export const NOT_FOUND = failure('NOT_FOUND', [
  404,
  'There is no such page',
  'Check the address, or sign in.',
]);
/** The path is known, the method is not. */
export const METHOD_NOT_ALLOWED = failure('METHOD_NOT_ALLOWED', [
  405,
  'This does not work this way',
  'Go back and use the buttons of the page.',
]);
/** No proof that a page of this site sent it. */
export const CROSS_SITE = failure('CROSS_SITE_REQUEST', [
  403,
  'This did not come from this site',
  'Nothing was changed. Go to the site itself and try there.',
]);

function failure(code: string, [status, title, advice]: Words): Failure {
  return { status, code, title, advice, retryable: false };
}
