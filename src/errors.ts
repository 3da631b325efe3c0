/** What a person or operator can do about an error. */
export type ErrorAction =
  | 'sign_in_again'
  | 'fix_configuration'
  | 'fix_client_secret'
  | 'ask_admin'
  | 'provide_key'
  | 'restore_store'
  | 'replace_token'
  | 'renew_guest'
  | 'retry_later';

/** What every error may carry besides its code. Nothing in it is ever a secret. */
export interface ErrorDetails {
  /** HTTP status of the answer that led here. */
  status?: number | undefined;
  /** Webex's tracking id of that answer. */
  trackingId?: string | undefined;
  /** Earliest sensible retry, milliseconds since the epoch. */
  retryAt?: number | undefined;
  /** Only errors of this library, or others without secrets in them. */
  cause?: unknown;
}

/** Base of every error this library throws. Switch on `code`; print it anywhere: it holds no secret. */
export abstract class WebexAuthError extends Error {
  abstract readonly code: string;
  /** Whether the same call may succeed later without anyone doing anything. */
  readonly retryable: boolean = false;
  readonly action: ErrorAction | undefined;
  readonly status: number | undefined;
  readonly trackingId: string | undefined;
  readonly retryAt: number | undefined;

  constructor(message: string, { status, trackingId, retryAt, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.status = status;
    this.trackingId = trackingId;
    this.retryAt = retryAt;
  }
}

/** One thing that is wrong with the configuration. */
export interface ConfigurationProblem {
  /** Name of the option or environment variable. */
  setting: string;
  problem: string;
  example?: string;
}

/** The configuration is wrong; every problem found is listed. */
export class ConfigurationError extends WebexAuthError {
  readonly code = 'CONFIGURATION_INVALID';
  override readonly action = 'fix_configuration';
  readonly problems: readonly ConfigurationProblem[];

  constructor(problems: readonly ConfigurationProblem[]) {
    super(
      problems
        .map(
          ({ setting, problem, example }) => `${setting}: ${problem}${example ? ` (e.g. ${example})` : ''}`,
        )
        .join('; '),
    );
    this.problems = problems;
  }
}

/** Base of the errors that RFC 6749, 5.2 and its family name. What the server wrote beside the code is not kept: it may echo secrets. */
export abstract class OAuthError extends WebexAuthError {
  /** The code as the server says it. */
  abstract readonly error: string;
}

/** Webex refused the client id or secret (RFC 6749, 5.2 `invalid_client`). No grant is touched by it. */
export class InvalidClientError extends OAuthError {
  readonly code = 'INVALID_CLIENT';
  readonly error = 'invalid_client';
  override readonly action = 'fix_client_secret';
}

/** The authorization code or refresh token was refused (RFC 6749, 5.2 `invalid_grant`). */
export class InvalidGrantError extends OAuthError {
  readonly code = 'INVALID_GRANT';
  readonly error = 'invalid_grant';
  override readonly action = 'sign_in_again';
}

/** The server found the request malformed (RFC 6749, 5.2 `invalid_request`). */
export class InvalidRequestError extends OAuthError {
  readonly code = 'INVALID_REQUEST';
  readonly error = 'invalid_request';
}

/** A scope is not registered on the integration, or not allowed for this person (RFC 6749 `invalid_scope`). */
export class InvalidScopeError extends OAuthError {
  readonly code = 'INVALID_SCOPE';
  readonly error = 'invalid_scope';
  override readonly action = 'fix_configuration';
}

/** The client may not use this grant type (RFC 6749 `unauthorized_client`). */
export class UnauthorizedClientError extends OAuthError {
  readonly code = 'UNAUTHORIZED_CLIENT';
  readonly error = 'unauthorized_client';
  override readonly action = 'fix_configuration';
}

/** The server does not know this grant type (RFC 6749 `unsupported_grant_type`). */
export class UnsupportedGrantTypeError extends OAuthError {
  readonly code = 'UNSUPPORTED_GRANT_TYPE';
  readonly error = 'unsupported_grant_type';
}

/** The device was not allowed yet: keep polling (RFC 8628, 3.5 `authorization_pending`; Webex answers 428). */
export class AuthorizationPendingError extends OAuthError {
  readonly code = 'AUTHORIZATION_PENDING';
  readonly error = 'authorization_pending';
  override readonly retryable = true;
}

/** The device polls too often: wait 5 s longer from now on (RFC 8628, 3.5 `slow_down`). */
export class SlowDownError extends OAuthError {
  readonly code = 'SLOW_DOWN';
  readonly error = 'slow_down';
  override readonly retryable = true;
}

/** Nobody allowed the device in time (RFC 8628, 3.5 `expired_token`): ask for a new code. */
export class DeviceCodeExpiredError extends OAuthError {
  readonly code = 'DEVICE_CODE_EXPIRED';
  readonly error = 'expired_token';
  override readonly action = 'sign_in_again';
}

/** The person has as many tokens of this integration as Webex allows (webex-facts 2.3 `tokenlimit_reached`). */
export class TokenLimitError extends OAuthError {
  readonly code = 'TOKEN_LIMIT_REACHED';
  readonly error = 'tokenlimit_reached';
}

/** The person, or their administrator, said no (RFC 6749, 4.1.2.1 `access_denied`). */
export class AccessDeniedError extends OAuthError {
  readonly code = 'ACCESS_DENIED';
  readonly error = 'access_denied';
  override readonly action = 'sign_in_again';
}

/** `prompt=none` was asked and nobody is signed in at Webex (OpenID Connect Core, 3.1.2.6). */
export class LoginRequiredError extends WebexAuthError {
  readonly code = 'LOGIN_REQUIRED';
  override readonly action = 'sign_in_again';
}

/** The authorization server reported a failure of its own on the redirect (RFC 6749, 4.1.2.1). */
export class AuthorizationServerError extends WebexAuthError {
  readonly code = 'AUTHORIZATION_SERVER_ERROR';
  override readonly retryable = true;
}

/** The redirect back is malformed: a parameter is missing, repeated or mixed. Nothing was exchanged. */
export class AuthorizationResponseError extends WebexAuthError {
  readonly code = 'AUTHORIZATION_RESPONSE_INVALID';
}

/** `state` is not the one of a login started here. Nothing was exchanged. */
export class StateMismatchError extends WebexAuthError {
  readonly code = 'STATE_MISMATCH';
  override readonly action = 'sign_in_again';
}

/** The login took too long. Nothing was exchanged. */
export class StateExpiredError extends WebexAuthError {
  readonly code = 'STATE_EXPIRED';
  override readonly action = 'sign_in_again';
}

/** This redirect was already used. Nothing was exchanged a second time. */
export class StateUsedError extends WebexAuthError {
  readonly code = 'STATE_USED';
  override readonly action = 'sign_in_again';
}

/** The answer came from another issuer than the one asked (RFC 9207, 2.4). Nothing was exchanged. */
export class IssuerMismatchError extends WebexAuthError {
  readonly code = 'ISSUER_MISMATCH';
}

/** The person who finishes the login is not the one who started it. Nothing was exchanged. */
export class StarterMismatchError extends WebexAuthError {
  readonly code = 'STARTER_MISMATCH';
  override readonly action = 'sign_in_again';
}

/** This subject belongs to another Webex person already: disconnect it first, or keep this one under a subject of its own. */
export class PersonMismatchError extends WebexAuthError {
  readonly code = 'PERSON_MISMATCH';
}

/** The ID token is missing, or not one that Webex signed for this client and this sign-in (OpenID Connect Core, 3.1.3.7). Nothing was stored. */
export class IdTokenError extends WebexAuthError {
  readonly code = 'ID_TOKEN_INVALID';
  override readonly action = 'sign_in_again';
}

/** No full administrator has authorized the service app in that organisation (webex-facts 6.2). */
export class ServiceAppNotAuthorizedError extends WebexAuthError {
  readonly code = 'SERVICE_APP_NOT_AUTHORIZED';
  override readonly action = 'ask_admin';
}

/** A token with fewer scopes could not be had. The full one is never given in its place. */
export class ScopeReductionError extends WebexAuthError {
  readonly code = 'SCOPE_REDUCTION_FAILED';
}

/** The webhook's `X-Spark-Signature` is missing or not made with the webhook's secret (webex-facts 8). Nothing was done. */
export class WebhookSignatureError extends WebexAuthError {
  readonly code = 'WEBHOOK_SIGNATURE_INVALID';
}

/** 401 without a body that says which part was refused: client, grant or access token. */
export class UnauthorizedError extends WebexAuthError {
  readonly code = 'UNAUTHORIZED';
}

/** 403: the token is good, but lacks a scope (`missingScopes`, if Webex names it), a role, or the organisation's consent. */
export class ForbiddenError extends WebexAuthError {
  readonly code = 'FORBIDDEN';
  /** `sign_in_again` where Webex names a scope: a token keeps the scopes that it was issued with. */
  override readonly action: ErrorAction;
  readonly missingScopes: readonly string[];

  constructor(
    message: string,
    {
      missingScopes = [],
      action = 'ask_admin',
      ...details
    }: ErrorDetails & { missingScopes?: readonly string[]; action?: ErrorAction } = {},
  ) {
    super(message, details);
    this.missingScopes = missingScopes;
    this.action = action;
  }
}

/** The answer cannot be understood: not JSON, no access token, wrong types. */
export class ProtocolError extends WebexAuthError {
  readonly code = 'PROTOCOL_ERROR';
  override readonly retryable = true;
}

/** Where a connection failed. */
export type NetworkFailure = 'dns' | 'refused' | 'reset' | 'tls' | 'other';

/** No answer: the connection failed. */
export class NetworkError extends WebexAuthError {
  readonly code = 'NETWORK_ERROR';
  override readonly retryable = true;
  readonly reason: NetworkFailure;
  /** False when it is certain that the server never saw the request. */
  readonly maybeProcessed: boolean;

  constructor(
    message: string,
    {
      reason,
      maybeProcessed,
      ...details
    }: ErrorDetails & { reason: NetworkFailure; maybeProcessed: boolean },
  ) {
    super(message, details);
    this.reason = reason;
    this.maybeProcessed = maybeProcessed;
  }
}

/** No complete answer within the deadline. The server may have processed the request. */
export class TimeoutError extends WebexAuthError {
  readonly code = 'TIMEOUT';
  override readonly retryable = true;
}

/** 429, or a gate that an earlier 429 shut. `retryAt` says when it opens. */
export class RateLimitError extends WebexAuthError {
  readonly code = 'RATE_LIMITED';
  override readonly retryable = true;
  override readonly action = 'retry_later';
}

/** 5xx: Webex is unwell. */
export class ServiceUnavailableError extends WebexAuthError {
  readonly code = 'SERVICE_UNAVAILABLE';
  override readonly retryable = true;
}

/** The body is larger than allowed. */
export class ResponseTooLargeError extends WebexAuthError {
  readonly code = 'RESPONSE_TOO_LARGE';
}

/** The bearer may not go to this origin; nothing was sent. */
export class OriginNotAllowedError extends WebexAuthError {
  readonly code = 'ORIGIN_NOT_ALLOWED';
  override readonly action = 'fix_configuration';
}

/** Base of the errors for statuses that say what is wrong in their body. `body` holds its JSON or text and is never printed. */
export abstract class ApiStatusError extends WebexAuthError {
  readonly #body: unknown;

  constructor(message: string, { body, ...details }: ErrorDetails & { body?: unknown } = {}) {
    super(message, details);
    this.#body = body;
  }

  get body(): unknown {
    return this.#body;
  }
}

/** 400: the Webex API found the request wrong; `body` says what. */
export class BadRequestError extends ApiStatusError {
  readonly code = 'BAD_REQUEST';
}

/** 404: there is nothing there, or nothing that this principal may see (webex-facts 4.2). */
export class NotFoundError extends ApiStatusError {
  readonly code = 'NOT_FOUND';
}

/** 409: the request contradicts what is there. */
export class ConflictError extends ApiStatusError {
  readonly code = 'CONFLICT';
}

/** 423: locked for now, such as a file that is being scanned (webex-facts 4.2); `retryAt` when Webex says so. */
export class LockedError extends ApiStatusError {
  readonly code = 'LOCKED';
  override readonly retryable = true;
}

/** 451: not available for legal reasons, where this principal is (webex-facts 4.2). Nothing helps from here. */
export class LegalReasonsError extends ApiStatusError {
  readonly code = 'UNAVAILABLE_FOR_LEGAL_REASONS';
}

/** The Webex API answered with another error status. */
export class ApiError extends ApiStatusError {
  readonly code = 'API_ERROR';
}

/** No service of this name is known: neither in the catalog nor in the built-in table. */
export class ServiceNotFoundError extends WebexAuthError {
  readonly code = 'SERVICE_NOT_FOUND';
}

/** Nothing is stored for this subject. */
export class GrantNotFoundError extends WebexAuthError {
  readonly code = 'GRANT_NOT_FOUND';
  override readonly action = 'sign_in_again';
}

/** Why a grant needs its person again. */
export interface Reauth {
  reason: string;
  /** Milliseconds since the epoch. */
  since: number;
  /** Where the person signs in again, when the login handler's address is known. */
  url?: string | undefined;
}

/** The grant has ended and its access token is used up: the person must sign in again. */
export class ReauthRequiredError extends WebexAuthError {
  readonly code = 'REAUTH_REQUIRED';
  /** By kind of grant: a person signs in again, a bot's token is replaced, a service app needs its admin. */
  override readonly action: ErrorAction;
  readonly reauth: Reauth;

  constructor(
    message: string,
    { reauth, action = 'sign_in_again', ...details }: ErrorDetails & { reauth: Reauth; action?: ErrorAction },
  ) {
    super(message, details);
    this.reauth = reauth;
    this.action = action;
  }
}

/** Validation: the access token is past its end. */
export class TokenExpiredError extends WebexAuthError {
  readonly code = 'TOKEN_EXPIRED';
}

/** Validation: the access token is valid, but not for as long as was asked for. */
export class TokenExpiringError extends WebexAuthError {
  readonly code = 'TOKEN_EXPIRING';
}

/** Validation: Webex refuses the access token before its end: revoked, replaced, or never good. */
export class TokenRevokedError extends WebexAuthError {
  readonly code = 'TOKEN_REVOKED';
  override readonly action: ErrorAction;

  constructor(
    message: string,
    { action = 'sign_in_again', ...details }: ErrorDetails & { action?: ErrorAction } = {},
  ) {
    super(message, details);
    this.action = action;
  }
}

/** The grant does not carry a scope that was required. */
export class MissingScopeError extends WebexAuthError {
  readonly code = 'SCOPE_MISSING';
  override readonly action = 'sign_in_again';
  readonly missingScopes: readonly string[];

  constructor(missingScopes: readonly string[]) {
    super(`The grant lacks ${missingScopes.join(' ')}; sign in again asking for it`);
    this.missingScopes = missingScopes;
  }
}

/** Data was sealed with a key this process does not have. Nothing was changed. */
export class KeyUnavailableError extends WebexAuthError {
  readonly code = 'KEY_UNAVAILABLE';
  override readonly action = 'provide_key';
}

/** A key with a known id, but not the one the vault was made with. Nothing was changed. */
export class WrongKeyError extends WebexAuthError {
  readonly code = 'KEY_WRONG';
  override readonly action = 'provide_key';
}

/** Sealed data was altered, moved or replayed. It says nothing about the grant itself; nothing was changed. */
export class IntegrityError extends WebexAuthError {
  readonly code = 'INTEGRITY_FAILURE';
  override readonly action = 'restore_store';
}

/** The store cannot be reached or is busy for too long. */
export class StoreUnavailableError extends WebexAuthError {
  readonly code = 'STORE_UNAVAILABLE';
  override readonly retryable = true;
}

/** The store's file is damaged or no vault at all. Nothing was changed. */
export class StoreCorruptError extends WebexAuthError {
  readonly code = 'STORE_CORRUPT';
  override readonly action = 'restore_store';
}

/** The store was written by a newer release that this one cannot read. Nothing was changed. */
export class StoreSchemaError extends WebexAuthError {
  readonly code = 'STORE_SCHEMA_TOO_NEW';
}

/** `close()` was called before. */
export class ClosedError extends WebexAuthError {
  readonly code = 'CLOSED';
}

/** Every error of this library: `switch (error.code)` narrows it. */
export type AnyWebexAuthError =
  | ConfigurationError
  | InvalidClientError
  | InvalidGrantError
  | InvalidRequestError
  | InvalidScopeError
  | UnauthorizedClientError
  | UnsupportedGrantTypeError
  | AuthorizationPendingError
  | SlowDownError
  | DeviceCodeExpiredError
  | TokenLimitError
  | AccessDeniedError
  | LoginRequiredError
  | AuthorizationServerError
  | AuthorizationResponseError
  | StateMismatchError
  | StateExpiredError
  | StateUsedError
  | IssuerMismatchError
  | StarterMismatchError
  | PersonMismatchError
  | IdTokenError
  | ServiceAppNotAuthorizedError
  | ScopeReductionError
  | WebhookSignatureError
  | UnauthorizedError
  | ForbiddenError
  | ProtocolError
  | NetworkError
  | TimeoutError
  | RateLimitError
  | ServiceUnavailableError
  | ResponseTooLargeError
  | OriginNotAllowedError
  | BadRequestError
  | NotFoundError
  | ConflictError
  | LockedError
  | LegalReasonsError
  | ApiError
  | ServiceNotFoundError
  | GrantNotFoundError
  | ReauthRequiredError
  | TokenExpiredError
  | TokenExpiringError
  | TokenRevokedError
  | MissingScopeError
  | KeyUnavailableError
  | WrongKeyError
  | IntegrityError
  | StoreUnavailableError
  | StoreCorruptError
  | StoreSchemaError
  | ClosedError;

/** The stable codes of all errors. */
export type ErrorCode = AnyWebexAuthError['code'];

/** Whether `error` is one of this library's, with its `code` narrowed. */
export function isWebexAuthError(error: unknown): error is AnyWebexAuthError {
  return error instanceof WebexAuthError;
}
