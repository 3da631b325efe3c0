import { ConfigurationError } from '../errors.js';
import type { ConfigurationProblem } from '../errors.js';
import type { AuthorizationServer } from '../oauth/authorization-server.js';
import { secureUrl } from '../base/secure-url.js';
import {
  deviceEndpoints,
  identityBroker,
  idTokenIssuer,
  webexEndpoints,
  withTokenEndpoint,
} from './endpoints.js';
import type { WebexEndpoints, WebexRegion } from './endpoints.js';

/** The environment variables that move single addresses: the names of Cisco's own SDK (webex-facts 1.2). */
export const endpointVariables = [
  'IDBROKER_BASE_URL',
  'IDENTITY_BASE_URL',
  'WEBEX_AUTHORIZE_URL',
  'TOKEN_URL',
  'REVOKE_URL',
  'HYDRA_SERVICE_URL',
  'U2C_SERVICE_URL',
] as const;

type EndpointVariable = (typeof endpointVariables)[number];

/**
 * A region's addresses with those that the environment names put in their place. IDBROKER_BASE_URL moves authorize,
 * token and revoke together, the other variables one each; HYDRA_SERVICE_URL is the API base,
 * U2C_SERVICE_URL the service catalog. Where the API is moved to another origin and the catalog is not, no catalog is asked.
 */
export function endpointsFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  region: WebexRegion = 'commercial',
): WebexEndpoints {
  const urls = readUrls(env);
  const defaults = webexEndpoints(region);
  const brokerBase = urls.IDBROKER_BASE_URL;
  const moved = brokerBase === undefined ? undefined : identityBroker(brokerBase);
  const apiBase = urls.HYDRA_SERVICE_URL ?? defaults.apiBase;
  const server = {
    ...defaults.authorizationServer,
    ...(moved && brokerServer(`${brokerBase}/idb`, moved)),
  };
  return {
    ...defaults,
    apiBase,
    device: deviceEndpoints(apiBase),
    serviceCatalog:
      urls.U2C_SERVICE_URL ?? (isOwnOrigin(apiBase, defaults) ? defaults.serviceCatalog : undefined),
    idTokenIssuers:
      brokerBase === undefined
        ? defaults.idTokenIssuers
        : [idTokenIssuer(brokerBase), ...defaults.idTokenIssuers],
    authorizationServer: {
      ...(urls.TOKEN_URL === undefined ? server : withTokenEndpoint(server, urls.TOKEN_URL)),
      ...(urls.WEBEX_AUTHORIZE_URL !== undefined && { authorizationEndpoint: urls.WEBEX_AUTHORIZE_URL }),
      ...(urls.REVOKE_URL !== undefined && { revocationEndpoint: urls.REVOKE_URL }),
    },
    idbroker: moved ?? defaults.idbroker,
    // An API somewhere else gets its bearer there and nowhere else.
    allowedOrigins: isOwnOrigin(apiBase, defaults) ? defaults.allowedOrigins : [new URL(apiBase).origin],
  };
}

/** The addresses of services that the environment moves, by the services' names (webex-facts 1.3). Errors: `ConfigurationError`. */
export function servicesFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const { IDENTITY_BASE_URL: identity } = readUrls(env, ['IDENTITY_BASE_URL']);
  return identity === undefined ? {} : { identity };
}

function brokerServer(
  issuer: string,
  { authorize, token, revoke }: WebexEndpoints['idbroker'],
): AuthorizationServer {
  return { issuer, authorizationEndpoint: authorize, tokenEndpoint: token, revocationEndpoint: revoke };
}

function isOwnOrigin(apiBase: string, { allowedOrigins }: WebexEndpoints): boolean {
  return allowedOrigins.includes(new URL(apiBase).origin);
}

// Values are never repeated in a problem: people put credentials into URLs.
function readUrls(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly EndpointVariable[] = endpointVariables,
): Partial<Record<EndpointVariable, string>> {
  const problems: ConfigurationProblem[] = [];
  const urls: Partial<Record<EndpointVariable, string>> = {};
  for (const name of names) {
    const text = env[name]?.trim();
    if (!text) continue;
    const url = secureUrl(text);
    if (!url || url.search !== '') {
      problems.push({
        setting: name,
        problem:
          'must be an https URL (http only on loopback) without user, query or fragment (environment variable)',
        example: EXAMPLES[name],
      });
    } else {
      urls[name] = url.href.replace(/\/+$/, '');
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return urls;
}

const EXAMPLES: Readonly<Record<EndpointVariable, string>> = {
  IDBROKER_BASE_URL: 'https://idbroker.webex.com',
  IDENTITY_BASE_URL: 'https://identity.webex.com',
  WEBEX_AUTHORIZE_URL: 'https://webexapis.com/v1/authorize',
  TOKEN_URL: 'https://webexapis.com/v1/access_token',
  REVOKE_URL: 'https://idbroker.webex.com/idb/oauth2/v1/revoke',
  HYDRA_SERVICE_URL: 'https://webexapis.com/v1',
  U2C_SERVICE_URL: 'https://u2c.wbx2.com/u2c/api/v1',
};
