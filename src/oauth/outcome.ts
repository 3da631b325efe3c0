import {
  AccessDeniedError,
  AuthorizationPendingError,
  ConfigurationError,
  DeviceCodeExpiredError,
  ForbiddenError,
  InvalidClientError,
  InvalidGrantError,
  InvalidRequestError,
  InvalidScopeError,
  NetworkError,
  OriginNotAllowedError,
  ProtocolError,
  RateLimitError,
  ServiceAppNotAuthorizedError,
  ServiceUnavailableError,
  SlowDownError,
  TokenLimitError,
  UnauthorizedClientError,
  UnauthorizedError,
  UnsupportedGrantTypeError,
} from '../errors.js';

/** What an error of the token endpoint says about the refresh token that was presented; see `outcomeOf`. */
export type Outcome = 'verdict' | 'client' | 'refused' | 'not-sent' | 'unknown';

const REFUSALS = [
  AccessDeniedError,
  AuthorizationPendingError,
  DeviceCodeExpiredError,
  ForbiddenError,
  InvalidRequestError,
  InvalidScopeError,
  RateLimitError,
  ServiceAppNotAuthorizedError,
  SlowDownError,
  TokenLimitError,
  UnauthorizedClientError,
  UnsupportedGrantTypeError,
];

/**
 * Whether the presented token may have been used up.
 *
 * | outcome | errors | meaning |
 * |---|---|---|
 * | verdict | InvalidGrantError | this very token is refused |
 * | client | InvalidClientError, UnauthorizedError (a lone 401) | the client is refused; nothing is said of the token |
 * | refused | 403, 429, 5xx except 502 and 504, other 4xx and 3xx, the codes of RFC 8628, 3.5 | the server did not process it |
 * | not-sent | NetworkError that is certain of it, OriginNotAllowedError, ConfigurationError | nothing left this machine |
 * | unknown | lost or late answers, 502, 504, a 2xx that cannot be read, and whatever is not listed | it may be rotated |
 */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof InvalidGrantError) return 'verdict';
  if (error instanceof InvalidClientError || error instanceof UnauthorizedError) return 'client';
  if (error instanceof NetworkError) return error.maybeProcessed ? 'unknown' : 'not-sent';
  if (error instanceof OriginNotAllowedError || error instanceof ConfigurationError) return 'not-sent';
  if (error instanceof ServiceUnavailableError) {
    return error.status === 502 || error.status === 504 ? 'unknown' : 'refused';
  }
  if (error instanceof ProtocolError) return (error.status ?? 0) >= 300 ? 'refused' : 'unknown';
  return REFUSALS.some((refusal) => error instanceof refusal) ? 'refused' : 'unknown';
}
