import {
  ForbiddenError,
  InvalidClientError,
  InvalidRequestError,
  InvalidScopeError,
  NetworkError,
  ProtocolError,
  RateLimitError,
  ServiceAppNotAuthorizedError,
  ServiceUnavailableError,
  TimeoutError,
  UnauthorizedClientError,
  UnauthorizedError,
  UnsupportedGrantTypeError,
  type WebexAuthError,
} from '../errors.js';
import type { Failure } from '../stores/grant-record.js';

/** The error of a refresh that failed earlier, perhaps in another process, and is not to be repeated before `retryAt`. */
export function errorOfFailure(failure: Failure, retryAt: number | undefined): WebexAuthError {
  const details = { trackingId: failure.trackingId, retryAt };
  const text = `The last refresh failed with ${failure.code}; the next attempt is not due yet`;
  switch (failure.code) {
    case 'INVALID_CLIENT':
      return new InvalidClientError(text, details);
    case 'RATE_LIMITED':
      return new RateLimitError(text, details);
    case 'TIMEOUT':
      return new TimeoutError(text, details);
    case 'NETWORK_ERROR':
      return new NetworkError(text, { ...details, reason: 'other', maybeProcessed: true });
    case 'UNAUTHORIZED':
      return new UnauthorizedError(text, details);
    case 'FORBIDDEN':
      return new ForbiddenError(text, details);
    case 'INVALID_REQUEST':
      return new InvalidRequestError(text, details);
    case 'INVALID_SCOPE':
      return new InvalidScopeError(text, details);
    case 'SERVICE_APP_NOT_AUTHORIZED':
      return new ServiceAppNotAuthorizedError(text, details);
    case 'UNAUTHORIZED_CLIENT':
      return new UnauthorizedClientError(text, details);
    case 'UNSUPPORTED_GRANT_TYPE':
      return new UnsupportedGrantTypeError(text, details);
    case 'PROTOCOL_ERROR':
      return new ProtocolError(text, details);
    default:
      return new ServiceUnavailableError(text, details);
  }
}
