import { onTestFinished } from 'vitest';
import { Webex, type WebexOptions } from '../../src/index.js';

/** A Webex with this token, all of whose addresses are on one origin. Closed with the test. */
export async function webexAt(
  origin: string,
  { token, ...options }: WebexOptions & { token: string },
): Promise<Webex> {
  const webex = Webex.init({
    credentials: {
      access_token: token,
      client_id: 'C1234',
      client_secret: 'secret-0123456789',
      redirect_uri: 'http://127.0.0.1:5010/callback',
    },
    endpoints: {
      apiBase: `${origin}/v1`,
      issuer: `${origin}/idb`,
      authorizationEndpoint: `${origin}/v1/authorize`,
      tokenEndpoint: `${origin}/v1/access_token`,
      revocationEndpoint: `${origin}/idb/oauth2/v1/revoke`,
      identityBroker: origin,
      serviceCatalog: `${origin}/u2c/api/v1`,
    },
    discovery: false,
    scheduler: false,
    ...options,
  });
  onTestFinished(() => webex.close());
  await webex.whenReady();
  return webex;
}

/** Node's fetch, as a caller gives their own. */
export const hostFetch: NonNullable<WebexOptions['fetch']> = (url, { body = null, signal = null, ...init }) =>
  fetch(url, { ...init, body, signal });
