import { parseRetryAfter } from '../base/retry-after.js';
import {
  ApiError,
  BadRequestError,
  ConflictError,
  ForbiddenError,
  LegalReasonsError,
  LockedError,
  NotFoundError,
  RateLimitError,
  ServiceUnavailableError,
  UnauthorizedError,
  type WebexAuthError,
} from '../errors.js';
import { headerValue } from './header-fields.js';
import { missingScopesOf } from './missing-scopes.js';
import type { ResponseHeaders } from './transport.js';

/** A response of 400 or more, read to its end. */
export interface FailedAnswer {
  /** Method, origin and path: no query. */
  what: string;
  status: number;
  headers: ResponseHeaders;
  trackingId?: string | undefined;
  /** The bearer: a server that echoes it must not get it into the error. */
  sent: string;
  body: unknown;
  /** Milliseconds since the epoch. */
  now: number;
  cause?: unknown;
}

/** The typed error for a status of 400 or more (facts 4.2). Its message holds nothing that the server wrote, but names of scopes. */
export function apiError({
  what,
  status,
  headers,
  trackingId,
  sent,
  body,
  now,
  cause,
}: FailedAnswer): WebexAuthError {
  const wait = parseRetryAfter(headerValue(headers, 'retry-after'), {
    date: headerValue(headers, 'date'),
    now,
  });
  const details = {
    status,
    trackingId,
    retryAt: wait === undefined ? undefined : now + wait,
    cause,
  };
  const said = `${what} was answered with ${status}`;
  if (status === 401)
    return new UnauthorizedError(`${said}: the access token was refused; sign in again`, details);
  if (status === 403) {
    const missingScopes = missingScopesOf({
      challenge: headerValue(headers, 'www-authenticate'),
      body,
      sent,
    });
    return missingScopes.length > 0
      ? new ForbiddenError(
          `${said}: Webex names ${missingScopes.join(', ')}; add what is missing to the integration and to the scopes that are asked for, then have the person sign in again: older tokens keep their scopes`,
          { ...details, missingScopes, action: 'sign_in_again' },
        )
      : new ForbiddenError(
          `${said}: a scope, a role or the organisation's consent is missing; ask the admin`,
          details,
        );
  }
  if (status === 429) return new RateLimitError(`${said}: too many requests; wait until retryAt`, details);
  if (status >= 500) return new ServiceUnavailableError(`${said}: Webex is unwell; try again later`, details);
  const withBody = { ...details, body };
  switch (status) {
    case 400:
      return new BadRequestError(`${said}: the request is wrong; its body property says how`, withBody);
    case 404:
      return new NotFoundError(
        `${said}: there is nothing there, or nothing this principal may see`,
        withBody,
      );
    case 409:
      return new ConflictError(`${said}: the request contradicts what is there`, withBody);
    case 423:
      return new LockedError(`${said}: it is locked for now; try again later`, withBody);
    case 451:
      return new LegalReasonsError(`${said}: not available for legal reasons`, withBody);
    default:
      return new ApiError(`${said}; its body property holds the reason`, withBody);
  }
}
