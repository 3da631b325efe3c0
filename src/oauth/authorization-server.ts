import type { AuthorizationServer as ServerMetadata } from 'oauth4webapi';
import { ConfigurationError } from '../errors.js';
import { secureUrl } from '../base/secure-url.js';

/** Where an authorization server is reached. Its issuer names it (RFC 8414, 2). */
export interface AuthorizationServer {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint?: string;
  /** Whether it says who it is on the redirect back (RFC 9207, 3). */
  readonly issParameterSupported?: boolean;
}

/** The same in the words of RFC 8414, as the protocol library takes it. Endpoints that would leak secrets are refused. */
export function serverMetadata(server: AuthorizationServer): ServerMetadata {
  const problems = Object.entries({
    tokenEndpoint: server.tokenEndpoint,
    revocationEndpoint: server.revocationEndpoint,
  }).flatMap(([name, url]) =>
    url === undefined || secureUrl(url)
      ? []
      : [{ setting: name, problem: 'must be an https URL, or http on loopback, without user or fragment' }],
  );
  if (problems.length > 0) throw new ConfigurationError(problems);
  return {
    issuer: server.issuer,
    token_endpoint: server.tokenEndpoint,
    ...(server.revocationEndpoint !== undefined && { revocation_endpoint: server.revocationEndpoint }),
  };
}
