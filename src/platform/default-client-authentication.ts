import type { Secret } from '../base/secret.js';
import { clientSecretBasic, clientSecretPost } from '../oauth/client-authentication.js';
import type { ClientAuthentication } from '../oauth/client-authentication.js';

/**
 * How Webex's endpoints are used to be given the client secret: in the form at the public address, as Basic on the
 * identity broker's paths (webex-facts 1.2 and 3.1) and where devices poll (webex-facts 1.1, 2.3).
 */
export function defaultClientAuthentication(
  endpointUrl: string,
  secret: string | Secret,
): ClientAuthentication {
  const { pathname } = new URL(endpointUrl);
  const basic = pathname.startsWith('/idb/') || pathname.endsWith('/device/token');
  return basic ? clientSecretBasic(secret) : clientSecretPost(secret);
}
