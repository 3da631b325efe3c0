import { member } from '../oauth/member.js';
import type { AnswerNormaliser, EndpointAnswer } from '../oauth/endpoint-answer.js';

const OAUTH_CODES = [
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
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

/** Webex's quirks in the order in which they build on each other. */
export const webexNormaliser: AnswerNormaliser = (answer, context) =>
  [
    missingTokenTypeIsBearer,
    gatewayTextIsCode,
    refusedRefreshIsInvalidGrant,
    refusedCodeIsInvalidGrant,
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
