import { createHash, timingSafeEqual } from 'node:crypto';
import {
  AccessDeniedError,
  AuthorizationResponseError,
  AuthorizationServerError,
  InvalidClientError,
  InvalidRequestError,
  InvalidScopeError,
  IssuerMismatchError,
  LoginRequiredError,
  StateMismatchError,
  UnauthorizedClientError,
} from '../errors.js';
import type { WebexAuthError } from '../errors.js';
import type { AuthorizationTransaction } from './authorization-request.js';
import type { AuthorizationServer } from './authorization-server.js';

/** What the redirect back is held against. */
export interface AuthorizationResponseOptions {
  server: AuthorizationServer;
  clientId: string;
  transaction: AuthorizationTransaction;
}

const SINGLE = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri'];
const OTHER_FLOWS = ['access_token', 'id_token', 'token', 'response'];
const LONGEST_CODE = 4096;

/**
 * Checks a redirect back (RFC 6749, 4.1.2; RFC 9207) and gives its code. In this order: shape, state, issuer, error,
 * code; so that an error is believed only from the server that was asked, about the login that was started.
 */
export function readAuthorizationResponse(
  parameters: URLSearchParams,
  { server, transaction }: AuthorizationResponseOptions,
): { code: string } {
  checkShape(parameters);
  const state = parameters.get('state');
  if (state === null || !sameText(state, transaction.state)) {
    throw new StateMismatchError('This redirect does not belong to the login that was started; start again');
  }
  checkIssuer(parameters.get('iss'), { server, transaction });
  const error = parameters.get('error');
  if (error !== null) throw redirectError(error);
  const code = parameters.get('code');
  if (!code || code.length > LONGEST_CODE) {
    throw new AuthorizationResponseError('The redirect holds no usable code; start the login again');
  }
  return { code };
}

function checkShape(parameters: URLSearchParams): void {
  const names = [...parameters.keys()];
  // Frameworks read `code[]` and `code[0]` as `code`; two readings of one redirect are one too many.
  const plain = names.map((name) => name.replace(/[[.].*$/s, ''));
  const repeated = SINGLE.some((name) => plain.filter((one) => one === name).length > 1);
  const structured = plain.some((name, at) => name !== names[at] && SINGLE.includes(name));
  const mixed = parameters.has('code') && parameters.has('error');
  if (repeated || structured || mixed || OTHER_FLOWS.some((name) => plain.includes(name))) {
    throw new AuthorizationResponseError(
      'The redirect has repeated or contradictory parameters; start the login again',
    );
  }
}

function checkIssuer(
  iss: string | null,
  { server, transaction }: Pick<AuthorizationResponseOptions, 'server' | 'transaction'>,
): void {
  const missing = iss === null && server.issParameterSupported === true;
  if (missing || (iss !== null && iss !== server.issuer) || transaction.issuer !== server.issuer) {
    throw new IssuerMismatchError(
      'The redirect comes from another authorization server than the one asked; check the configured issuer',
    );
  }
}

// Hashing first makes the lengths equal, so that the time taken tells nothing of either.
function sameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

const REDIRECT_ERRORS = new Map<string, () => WebexAuthError>([
  ['access_denied', () => new AccessDeniedError('Access was declined; sign in again and allow it')],
  [
    'invalid_scope',
    () => new InvalidScopeError('A scope was refused: register every requested scope on the integration'),
  ],
  ...['login_required', 'interaction_required', 'consent_required', 'account_selection_required'].map(
    (code) =>
      [code, () => new LoginRequiredError('Nobody is signed in there; sign in without prompt=none')] as const,
  ),
  [
    'unauthorized_client',
    () => new UnauthorizedClientError('This client may not sign people in; check the kind of app'),
  ],
  [
    'invalid_client',
    () => new InvalidClientError('The server does not know this client; check the client id'),
  ],
  ...['invalid_request', 'unsupported_response_type', 'invalid_request_object'].map(
    (code) =>
      [
        code,
        () =>
          new InvalidRequestError('The server found the authorization request malformed; check the options'),
      ] as const,
  ),
]);

// The code is looked up, never repeated: a redirect's text is whatever someone put into a link.
function redirectError(code: string): WebexAuthError {
  return (
    REDIRECT_ERRORS.get(code)?.() ??
    new AuthorizationServerError('The authorization server reported a failure; try the login again later')
  );
}
