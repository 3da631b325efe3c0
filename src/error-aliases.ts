import {
  ApiError,
  BadRequestError,
  ConflictError,
  ForbiddenError,
  InvalidClientError,
  InvalidGrantError,
  InvalidRequestError,
  InvalidScopeError,
  isWebexAuthError,
  NetworkError,
  NotFoundError,
  OAuthError,
  RateLimitError,
  ServiceUnavailableError,
  UnauthorizedClientError,
  UnauthorizedError,
  UnsupportedGrantTypeError,
  type WebexAuthError,
} from './errors.js';

/** The spelling of webex-js-sdk. */
export const UnsupportGrantTypeError = UnsupportedGrantTypeError;

/** webex-js-sdk's name for the network's errors. */
export const NetworkOrCORSError = NetworkError;

/** webex-js-sdk's name for 429. */
export const TooManyRequests = RateLimitError;

/** webex-js-sdk's names for statuses, as properties of `WebexHttpError` there. */
export const Unauthorized = UnauthorizedError;
/** 403. */
export const Forbidden = ForbiddenError;
/** 400 of the API. */
export const BadRequest = BadRequestError;
/** 404. */
export const NotFound = NotFoundError;
/** 409. */
export const Conflict = ConflictError;
/** 500 and above. */
export const InternalServerError = ServiceUnavailableError;

/** A class of errors. */
type ErrorClass = abstract new (...parameters: never[]) => WebexAuthError;

const GRANT_ERRORS = new Map<string, ErrorClass>([
  ['invalid_request', InvalidRequestError],
  ['invalid_client', InvalidClientError],
  ['invalid_grant', InvalidGrantError],
  ['unauthorized_client', UnauthorizedClientError],
  ['unsupported_grant_type', UnsupportedGrantTypeError],
  ['invalid_scope', InvalidScopeError],
]);

/** `grantErrors.select('invalid_grant')`: the class for a code of RFC 6749, 5.2; `OAuthError` for others. The classes by name, too. */
export const grantErrors = {
  OAuthError,
  InvalidRequestError,
  InvalidClientError,
  InvalidGrantError,
  UnauthorizedClientError,
  UnsupportGrantTypeError,
  InvalidScopeError,
  select: (code: string): ErrorClass => GRANT_ERRORS.get(code) ?? OAuthError,
};

const HTTP_ERRORS = new Map<number, ErrorClass>([
  [0, NetworkError],
  [400, BadRequestError],
  [401, UnauthorizedError],
  [403, ForbiddenError],
  [404, NotFoundError],
  [409, ConflictError],
  [429, RateLimitError],
]);

/**
 * `WebexHttpError.select(404)`: the class for an HTTP status of the API; 0 = no answer. `instanceof WebexHttpError`: an error of this
 * library that has an HTTP status, or came of the network.
 */
export const WebexHttpError = {
  NetworkOrCORSError,
  BadRequest,
  Unauthorized,
  Forbidden,
  NotFound,
  Conflict,
  TooManyRequests,
  InternalServerError,
  select: (status: number): ErrorClass =>
    HTTP_ERRORS.get(status) ?? (status >= 500 ? ServiceUnavailableError : ApiError),
  [Symbol.hasInstance]: (value: unknown): boolean =>
    isWebexAuthError(value) && (value.status !== undefined || value instanceof NetworkError),
};
