import { calculatePKCECodeChallenge } from 'oauth4webapi';
import { randomToken } from '../base/random.js';
import { ConfigurationError } from '../errors.js';
import type { AuthorizationServer } from './authorization-server.js';
import { formatScope } from './scope.js';
import { secureUrl } from '../base/secure-url.js';

/** A login in flight: what the redirect back is held against. Secret (it holds the PKCE verifier): keep it sealed. */
export interface AuthorizationTransaction {
  readonly state: string;
  /** RFC 7636, 4.1; sent once, to the token endpoint only. */
  readonly codeVerifier: string;
  /** Set when `openid` is among the scopes (OpenID Connect Core, 3.1.2.1). */
  readonly nonce?: string;
  readonly redirectUri: string;
  readonly scope: readonly string[];
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** What a login is started with. */
export interface AuthorizationRequestOptions {
  server: AuthorizationServer;
  clientId: string;
  /** Byte for byte as registered. */
  redirectUri: string;
  scope: readonly string[];
  /** More query parameters (`prompt`, `login_hint`, …); none of those this module sets itself. */
  parameters?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Makes the address to send the person to, and the transaction to keep: state of 256 random bits, PKCE always S256. */
export async function createAuthorizationRequest(
  options: AuthorizationRequestOptions,
): Promise<{ url: string; transaction: AuthorizationTransaction }> {
  const { server, clientId, redirectUri, scope, parameters = {}, now } = options;
  const transaction: AuthorizationTransaction = {
    state: randomToken(32),
    codeVerifier: randomToken(32),
    ...(scope.includes('openid') && { nonce: randomToken(32) }),
    redirectUri,
    scope: [...new Set(scope)],
    issuer: server.issuer,
    createdAt: now,
  };
  const own = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scope.length > 0 ? formatScope(scope) : undefined,
    state: transaction.state,
    code_challenge: await calculatePKCECodeChallenge(transaction.codeVerifier),
    code_challenge_method: 'S256',
    nonce: transaction.nonce,
    // Answers in another form or place than the query are not read here, so they may not be asked for.
    response_mode: undefined,
    request: undefined,
    request_uri: undefined,
  };
  const taken = Object.keys(parameters).filter((name) => Object.hasOwn(own, name));
  if (taken.length > 0) {
    throw new ConfigurationError(
      taken.map((name) => ({ setting: `parameters.${name}`, problem: 'is set by the library' })),
    );
  }
  const untold = Object.entries(parameters).filter(
    ([, value]: [string, unknown]) => typeof value !== 'string',
  );
  if (untold.length > 0) {
    throw new ConfigurationError(
      untold.map(([name]) => ({ setting: `parameters.${name}`, problem: 'must be a string' })),
    );
  }
  const url = secureUrl(server.authorizationEndpoint);
  if (!url) {
    throw new ConfigurationError([
      { setting: 'authorizationEndpoint', problem: 'must be an https URL, or http on loopback' },
    ]);
  }
  for (const [name, value] of Object.entries({ ...parameters, ...own })) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  // %20 is read as a space by every server; + only by those that decode forms.
  url.search = url.search.replaceAll('+', '%20');
  return { url: url.href, transaction };
}
