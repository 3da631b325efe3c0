import {
  AccessDeniedError,
  AuthorizationPendingError,
  DeviceCodeExpiredError,
  ForbiddenError,
  InvalidClientError,
  InvalidGrantError,
  InvalidRequestError,
  InvalidScopeError,
  ProtocolError,
  RateLimitError,
  ServiceUnavailableError,
  SlowDownError,
  TokenLimitError,
  UnauthorizedClientError,
  UnauthorizedError,
  UnsupportedGrantTypeError,
} from '../errors.js';
import type { ErrorDetails, WebexAuthError } from '../errors.js';
import { member } from './member.js';
import type { EndpointAnswer } from './endpoint-answer.js';

/** The error that an answer without success stands for: by status, and for 400 and 401 by the code of RFC 6749, 5.2 and RFC 8628, 3.5. */
export function errorOfAnswer(answer: EndpointAnswer): WebexAuthError {
  const { status, trackingId, retryAt } = answer;
  if (status === 429) {
    return new RateLimitError('Too many requests; wait until retryAt', { status, trackingId, retryAt });
  }
  if (status >= 500) {
    return new ServiceUnavailableError('The server is unwell; try again later', {
      status,
      trackingId,
      retryAt,
    });
  }
  const details = { status, trackingId };
  if (status === 403) {
    return new ForbiddenError(
      'The server forbids this; check scopes, roles and the authorization of the app',
      details,
    );
  }
  const code = member(answer.body, 'error');
  // 428 has one meaning only, and no code beside it may end a grant.
  if (status === 400 || status === 401 || (status === 428 && code === 'authorization_pending')) {
    const known = typeof code === 'string' ? OAUTH_ERRORS.get(code) : undefined;
    if (known) return known(details);
  }
  if (status === 401) {
    return new UnauthorizedError(
      'The server answered 401 without saying why; check the client secret, then sign in again',
      details,
    );
  }
  if (status === 400) {
    return new ProtocolError('The server refused the request without a known error code', details);
  }
  return new ProtocolError(
    'The answer of the server cannot be understood; something else may be in between',
    details,
  );
}

const OAUTH_ERRORS = new Map<string, (details: ErrorDetails) => WebexAuthError>([
  [
    'invalid_client',
    (details) =>
      new InvalidClientError(
        'The client id or secret was refused; check both, or set the new secret',
        details,
      ),
  ],
  [
    'invalid_grant',
    (details) => new InvalidGrantError('The code or refresh token was refused; sign in again', details),
  ],
  [
    'invalid_request',
    (details) =>
      new InvalidRequestError('The server found the request malformed; check the options', details),
  ],
  [
    'invalid_scope',
    (details) => new InvalidScopeError('A scope was refused; register it on the integration', details),
  ],
  [
    'unauthorized_client',
    (details) =>
      new UnauthorizedClientError(
        'This client may not use this grant type; without a user, use a service app',
        details,
      ),
  ],
  [
    'unsupported_grant_type',
    (details) => new UnsupportedGrantTypeError('The server does not know this grant type', details),
  ],
  [
    'authorization_pending',
    (details) => new AuthorizationPendingError('Nobody has allowed the device yet; ask again later', details),
  ],
  ['slow_down', (details) => new SlowDownError('The device asks too often; wait longer in between', details)],
  [
    'expired_token',
    (details) => new DeviceCodeExpiredError("The device's code has ended; ask for a new one", details),
  ],
  ['access_denied', (details) => new AccessDeniedError('The person or their administrator said no', details)],
  [
    'tokenlimit_reached',
    (details) =>
      new TokenLimitError(
        'The person has as many tokens as the server allows; end older ones, then sign in again',
        details,
      ),
  ],
]);
