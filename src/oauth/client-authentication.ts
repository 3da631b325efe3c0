import { ClientSecretBasic, ClientSecretPost, None } from 'oauth4webapi';
import type { ClientAuth } from 'oauth4webapi';
import { Secret } from '../base/secret.js';
import { ConfigurationError } from '../errors.js';

/**
 * How a client proves who it is to the server (RFC 6749, 2.3.1): a function that adds the proof to the form or the
 * headers of a request. A new method is a new function.
 */
export type ClientAuthentication = ClientAuth;

/** Client id and secret as form fields: `client_secret_post`. */
export function clientSecretPost(secret: string | Secret): ClientAuthentication {
  const kept = keep(secret);
  return (server, client, body, headers) => ClientSecretPost(kept.reveal())(server, client, body, headers);
}

/** Client id and secret, form-encoded as the RFC asks, in an `Authorization: Basic` header: `client_secret_basic`. */
export function clientSecretBasic(secret: string | Secret): ClientAuthentication {
  const kept = keep(secret);
  return (server, client, body, headers) => ClientSecretBasic(kept.reveal())(server, client, body, headers);
}

/** The client id alone, in the form: `none` (OpenID Connect Core, 9). For requests whose proof is the token they carry. */
export function noClientAuthentication(): ClientAuthentication {
  return None();
}

function keep(secret: string | Secret): Secret {
  const kept = typeof secret === 'string' ? new Secret(secret) : secret;
  if (kept.reveal() === '') {
    throw new ConfigurationError([
      { setting: 'clientSecret', problem: 'is empty; copy it from the integration' },
    ]);
  }
  return kept;
}
