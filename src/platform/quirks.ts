import { member } from '../oauth/member.js';
import type { AnswerNormaliser, EndpointAnswer } from '../oauth/endpoint-answer.js';

// Written out: the module that has it loads the protocol library, which a cold start does without.
const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

// RFC 6749, 5.2 and RFC 8628, 3.5, with Webex's own tokenlimit_reached (Login with Webex guide, device token; webex-facts 2.3). No
// sentence of Webex's is known for those of the device grant: where they sit in the text, the text is the code itself.
const OAUTH_CODES = [
  'access_denied',
  'authorization_pending',
  'expired_token',
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'slow_down',
  'tokenlimit_reached',
  'unauthorized_client',
  'unsupported_grant_type',
];

/** What Webex says in words where RFC 6749 has a code: the words, the code, who has seen them. */
const REFUSAL_TEXTS: readonly { text: string; error: string; source: string }[] = [
  {
    text: 'the refresh token provided is expired, revoked, malformed, or invalid',
    error: 'invalid_grant',
    source: 'webex-js-sdk PR #855 (webex-facts 4.2)',
  },
  {
    text: 'invalid client credentials',
    error: 'invalid_client',
    source: 'OpenAPI description of /applications/{id}/token (webex-facts 4.2)',
  },
  {
    text: 'the provided clientsecret is invalid',
    error: 'invalid_client',
    source: 'OpenAPI description of /applications/{id}/token (webex-facts 4.2)',
  },
  {
    text: 'client id is invalid',
    error: 'invalid_client',
    source: 'Login with Webex guide, device authorization (webex-facts 2.3)',
  },
];

/** Answers of 2016–17 have no token_type; they mean Bearer (webex-facts 3.3). */
const missingTokenTypeIsBearer: AnswerNormaliser = (answer) => {
  const { status, body } = answer;
  const applies = status >= 200 && status < 300 && body && (member(body, 'token_type') ?? '') === '';
  return applies ? { ...answer, body: { ...body, token_type: 'Bearer' } } : answer;
};

/**
 * The API gateway answers in its own shape, {message, errors: [{description}], trackingId}, where the OAuth code, or a
 * sentence in its place, sits in the text (webex-facts 4.1 shape A, 2.3).
 */
const gatewayTextIsCode: AnswerNormaliser = (answer) => {
  if (!isBareRefusal(answer)) return answer;
  for (const text of gatewayTexts(answer)) {
    const said = text.trim().replace(/\.$/, '').toLowerCase();
    const error =
      OAUTH_CODES.find((code) => said === code) ?? REFUSAL_TEXTS.find((known) => known.text === said)?.error;
    if (error !== undefined) return withError(answer, error);
  }
  return answer;
};

/**
 * The identity broker calls an expired or revoked refresh token `invalid_request` (webex-js-sdk PR #855 and its event
 * `client:InvalidRequestError`; webex-facts 4.2). Of a code exchange the same code means what it says.
 */
const refusedRefreshIsInvalidGrant: AnswerNormaliser = (answer, { grantType }) =>
  grantType === 'refresh_token' && answer.status === 400 && member(answer.body, 'error') === 'invalid_request'
    ? withError(answer, 'invalid_grant')
    : answer;

/**
 * A code exchange that the API gateway refuses with 400 in its own words: the code is used or expired, or the redirect
 * URI is another than at its start (webex-facts 9, Login with Webex). Nothing but starting again helps.
 */
const refusedCodeIsInvalidGrant: AnswerNormaliser = (answer, { grantType }) =>
  grantType === 'authorization_code' &&
  answer.status === 400 &&
  isBareRefusal(answer) &&
  gatewayTexts(answer).length > 0
    ? withError(answer, 'invalid_grant')
    : answer;

/**
 * A device's poll that is answered with 428 has to go on, whatever the body says (Login with Webex guide, device token; three
 * clients go by the status alone: webex-facts 2.3). A 429 there stays what it is everywhere, with its Retry-After, and slows the
 * polling down as slow_down does: as CLI-GO reads it.
 */
const preconditionIsPending: AnswerNormaliser = (answer, { grantType }) =>
  grantType === DEVICE_CODE_GRANT && answer.status === 428
    ? withError(answer, 'authorization_pending')
    : answer;

/**
 * A device authorization that is refused with a word about redirect_uri: the integration does not list the redirect URIs that the
 * device grant goes through (CLI-GO; webex-facts 2.3). The client is not set up for this grant, which has a code of its own.
 */
const redirectUriIsUnauthorizedClient: AnswerNormaliser = (answer, { grantType }) =>
  grantType === DEVICE_CODE_GRANT &&
  answer.status === 400 &&
  [...gatewayTexts(answer), member(answer.body, 'error_description')].some(
    (text) => typeof text === 'string' && text.includes('redirect_uri'),
  )
    ? withError(answer, 'unauthorized_client')
    : answer;

/** Webex's quirks in the order in which they build on each other. */
export const webexNormaliser: AnswerNormaliser = (answer, context) =>
  [
    missingTokenTypeIsBearer,
    gatewayTextIsCode,
    refusedRefreshIsInvalidGrant,
    refusedCodeIsInvalidGrant,
    preconditionIsPending,
    redirectUriIsUnauthorizedClient,
  ].reduce((normalised, quirk) => quirk(normalised, context), answer);

function isBareRefusal({ status, body }: EndpointAnswer): boolean {
  return (status === 400 || status === 401) && body !== undefined && member(body, 'error') === undefined;
}

function withError(answer: EndpointAnswer, error: string): EndpointAnswer {
  return { ...answer, body: { ...answer.body, error } };
}

function gatewayTexts({ body }: EndpointAnswer): readonly string[] {
  const errors = member(body, 'errors');
  const descriptions: unknown[] = Array.isArray(errors)
    ? errors.slice(0, 10).map((one: unknown) => (isObject(one) ? member(one, 'description') : undefined))
    : [];
  return [member(body, 'message'), ...descriptions].filter((text) => typeof text === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
