import type { EmulatorContext } from './route.js';

type Status = 400 | 401 | 403 | 404 | 405 | 413 | 415 | 428 | 429 | 500;

/** Error shape A of webex-facts 4.1: that of the API gateway and the public token endpoint. */
export function apiError(
  context: EmulatorContext,
  status: Status,
  message: string,
  description = message,
): Response {
  const trackingId = context.get('trackingId');
  return context.json({ message, errors: [{ description }], trackingId }, status);
}

/** Why the token endpoint refuses (webex-facts 4.2; RFC 6749, 5.2). */
export type TokenRefusal = keyof typeof REFUSALS;

const REFUSALS = {
  not_a_form: [400, 'invalid_request', 'The body must be application/x-www-form-urlencoded.'],
  in_query: [400, 'invalid_request', 'Parameters belong in the body, not in the query.'],
  repeated: [400, 'invalid_request', 'A parameter was sent more than once.'],
  missing: [400, 'invalid_request', 'A required parameter is missing.'],
  client: [401, 'invalid_client', 'Invalid client credentials'],
  two_ways: [400, 'invalid_request', 'The client authenticated in more than one way.'],
  code: [400, 'invalid_grant', 'The authorization code is unknown, used, expired, or not of this client.'],
  redirect_uri: [400, 'invalid_grant', 'The redirect_uri is not that of the authorization request.'],
  code_verifier: [400, 'invalid_grant', 'The code_verifier does not fit the code_challenge.'],
  refresh_token: [
    400,
    'invalid_request',
    'The refresh token provided is expired, revoked, malformed, or invalid.',
  ],
  scope: [400, 'invalid_scope', 'The scope is unknown or more than was granted.'],
  access_token: [400, 'invalid_grant', 'The token is unknown, expired, revoked, or not of this client.'],
  not_less_scope: [400, 'invalid_scope', 'The scope must be a part of that of the token, and not empty.'],
  grant_type: [400, 'unsupported_grant_type', 'The grant type is not supported.'],
  not_this_grant: [400, 'unauthorized_client', 'The client is not authorized to use this grant type.'],
} as const satisfies Record<string, readonly [400 | 401, string, string]>;

// On the public paths these are said by their code, where others have a sentence (webex-facts 2.3).
const CODES_AS_TEXT: readonly string[] = ['unsupported_grant_type', 'unauthorized_client', 'invalid_scope'];

/** The refusal in shape A (public paths) or in shape B, the OAuth one (identity broker). */
export function refuseToken(context: EmulatorContext, refusal: TokenRefusal): Response {
  const [status, error, text] = REFUSALS[refusal];
  if (!context.req.path.startsWith('/idb/')) {
    return apiError(context, status, text, CODES_AS_TEXT.includes(error) ? error : text);
  }
  if (status === 401) context.header('WWW-Authenticate', 'Basic realm="emulator"');
  return context.json({ error, error_description: text }, status);
}
