import { revocationRequest } from 'oauth4webapi';
import { systemClock } from '../base/clock.js';
import type { Clock } from '../base/clock.js';
import type { WholeFetch } from '../base/fetch.js';
import { ConfigurationError } from '../errors.js';
import { serverMetadata } from './authorization-server.js';
import type { AuthorizationServer } from './authorization-server.js';
import type { ClientAuthentication } from './client-authentication.js';
import { receiveAnswer, requestOptions } from './endpoint-answer.js';
import { errorOfAnswer } from './endpoint-error.js';

/** What a revocation needs. */
export interface RevocationOptions {
  server: AuthorizationServer;
  clientId: string;
  authenticate: ClientAuthentication;
  /** Enforces a deadline and a body limit, and follows no redirect. */
  fetch: WholeFetch;
  token: string;
  hint: 'access_token' | 'refresh_token';
  signal?: AbortSignal | undefined;
  clock?: Pick<Clock, 'now'> | undefined;
}

/** Revokes a token (RFC 7009). Resolves when the server confirmed it, also for a token it no longer knows. */
export async function revokeToken(options: RevocationOptions): Promise<void> {
  const { server, clientId, authenticate, fetch, token, hint, signal, clock = systemClock } = options;
  if (server.revocationEndpoint === undefined) {
    throw new ConfigurationError([
      { setting: 'revocationEndpoint', problem: 'is needed to revoke tokens, and this server has none' },
    ]);
  }
  const metadata = serverMetadata(server);
  const answer = await receiveAnswer(
    (watched) =>
      revocationRequest(metadata, { client_id: clientId }, authenticate, token, {
        ...requestOptions(watched, signal),
        additionalParameters: { token_type_hint: hint },
      }),
    { fetch, clock, signal },
  );
  if (answer.status < 200 || answer.status > 299) throw errorOfAnswer(answer);
}
