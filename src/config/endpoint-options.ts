import { secureUrl } from '../base/secure-url.js';
import { ConfigurationError, type ConfigurationProblem } from '../errors.js';
import {
  deviceEndpoints,
  identityBroker as brokerAt,
  idTokenIssuer,
  webexEndpoints,
  webexRegions,
  type IdTokenIssuer,
  type WebexEndpoints,
  type WebexRegion,
  withTokenEndpoint,
} from '../platform/endpoints.js';
import { endpointsFromEnvironment } from '../platform/environment-endpoints.js';
import { readFlag } from './flag-setting.js';
import { ProblemList } from './problem-list.js';
import { recordOf } from './record.js';
import { assertKnownSettings } from './unknown-settings.js';

/** Addresses of your own; what is left out is the region's. */
export interface EndpointAddresses {
  region?: WebexRegion | undefined;
  /** Base of the Webex API, without a slash at the end. The bearer goes to its origin only, unless `allowedOrigins` says more. */
  apiBase?: string | undefined;
  issuer?: string | undefined;
  authorizationEndpoint?: string | undefined;
  tokenEndpoint?: string | undefined;
  revocationEndpoint?: string | undefined;
  /** Base of the identity broker, for what has no public address: logout, scope reduction. */
  identityBroker?: string | undefined;
  deviceAuthorizationEndpoint?: string | undefined;
  deviceTokenEndpoint?: string | undefined;
  /** Base of the service catalog (U2C). Where the API is not Webex's own, none is asked unless this names one. */
  serviceCatalog?: string | undefined;
  /** Who may sign ID tokens. */
  idTokenIssuers?: readonly IdTokenIssuer[] | undefined;
  allowedOrigins?: readonly string[] | undefined;
}

const ENDPOINT_SETTINGS = [
  'region',
  'apiBase',
  'issuer',
  'authorizationEndpoint',
  'tokenEndpoint',
  'revocationEndpoint',
  'identityBroker',
  'deviceAuthorizationEndpoint',
  'deviceTokenEndpoint',
  'serviceCatalog',
  'idTokenIssuers',
  'allowedOrigins',
] as const satisfies readonly (keyof EndpointAddresses)[];

// The emulator's addresses are given whole.
const OF_EMULATOR = {
  idbrokerAuthorizationEndpoint: 'follows from identityBroker',
  idbrokerTokenEndpoint: 'follows from identityBroker',
  logoutEndpoint: 'follows from identityBroker',
};

/** A region's name, or addresses of your own. */
export type EndpointOptions = WebexRegion | EndpointAddresses;

/**
 * The addresses to use; without options those of the environment. The region is the one in the options, else what `fedramp` says
 * (`config.fedramp`), else ENABLE_FEDRAMP, else the commercial one. Errors: `ConfigurationError`.
 */
export function resolveEndpoints(
  options: EndpointOptions | undefined,
  env: NodeJS.ProcessEnv = process.env,
  { fedramp }: { fedramp?: boolean | undefined } = {},
): WebexEndpoints {
  if (options === undefined) return endpointsFromEnvironment(env, regionOf(env, fedramp));
  if (typeof options === 'string') return webexEndpoints(checkRegion(options));
  assertKnownSettings(options, { path: 'endpoints', known: ENDPOINT_SETTINGS, ignored: OF_EMULATOR });
  const { region, apiBase, allowedOrigins, identityBroker, serviceCatalog, idTokenIssuers } = options;
  const { issuer, authorizationEndpoint, tokenEndpoint, revocationEndpoint } = options;
  const { deviceAuthorizationEndpoint, deviceTokenEndpoint } = options;
  const server = { issuer, authorizationEndpoint, tokenEndpoint, revocationEndpoint };
  const base = webexEndpoints(region === undefined ? regionOf(env, fedramp) : checkRegion(region));
  const problems = new ProblemList();
  problems.add(...urlProblems({ apiBase, issuer, identityBroker, serviceCatalog }, { isBase: true }));
  problems.add(...urlProblems({ authorizationEndpoint, tokenEndpoint, revocationEndpoint }));
  problems.add(...urlProblems({ deviceAuthorizationEndpoint, deviceTokenEndpoint }));
  problems.add(...issuerProblems(idTokenIssuers), ...originProblems(allowedOrigins));
  problems.throwIfAny();
  const own = base.authorizationServer;
  const moved = tokenEndpoint === undefined ? own : withTokenEndpoint(own, tokenEndpoint);
  const given = Object.fromEntries(Object.entries(server).filter(([, url]) => url !== undefined));
  const api = apiBase?.replace(/\/+$/, '');
  const broker = identityBroker?.replace(/\/+$/, '');
  const device = deviceEndpoints(api ?? base.apiBase);
  return {
    ...base,
    apiBase: api ?? base.apiBase,
    idbroker: broker === undefined ? base.idbroker : brokerAt(broker),
    device: {
      authorization: deviceAuthorizationEndpoint ?? device.authorization,
      token: deviceTokenEndpoint ?? device.token,
    },
    serviceCatalog:
      serviceCatalog?.replace(/\/+$/, '') ?? (isOwn(api, base) ? base.serviceCatalog : undefined),
    idTokenIssuers: idTokenIssuers ?? (broker === undefined ? base.idTokenIssuers : [idTokenIssuer(broker)]),
    authorizationServer: { ...moved, ...given },
    allowedOrigins: allowedOrigins ?? (api === undefined ? base.allowedOrigins : [new URL(api).origin]),
  };
}

// Webex's own API may be asked through its older name, too (webex-facts 1.1).
function isOwn(apiBase: string | undefined, { allowedOrigins }: WebexEndpoints): boolean {
  return apiBase === undefined || allowedOrigins.includes(new URL(apiBase).origin);
}

function regionOf(env: NodeJS.ProcessEnv, fedramp: boolean | undefined): WebexRegion {
  if (fedramp !== undefined) return fedramp ? 'fedramp' : 'commercial';
  const { value, problems } = readFlag(env, 'ENABLE_FEDRAMP');
  if (problems.length > 0) throw new ConfigurationError(problems);
  return value ? 'fedramp' : 'commercial';
}

function checkRegion(region: unknown): WebexRegion {
  const known = webexRegions.find((one) => one === region);
  if (known) return known;
  const problem = `must be one of ${webexRegions.join(', ')}`;
  throw new ConfigurationError([{ setting: 'endpoints.region', problem, example: 'commercial' }]);
}

function urlProblems(
  urls: Readonly<Record<string, unknown>>,
  { isBase = false }: { isBase?: boolean } = {},
): readonly ConfigurationProblem[] {
  return Object.entries(urls).flatMap(([name, url]) => {
    if (url === undefined) return [];
    const found = typeof url === 'string' ? secureUrl(url) : undefined;
    if (found && !(isBase && found.search !== '')) return [];
    const withoutQuery = isBase ? ', without a query' : '';
    const problem = `must be an https URL, or http on a loopback address${withoutQuery}`;
    return [{ setting: `endpoints.${name}`, problem, example: EXAMPLES[name] ?? EXAMPLE }];
  });
}

function issuerProblems(issuers: unknown): readonly ConfigurationProblem[] {
  if (issuers === undefined) return [];
  const setting = 'endpoints.idTokenIssuers';
  const example = '[{ issuer: https://idbroker.webex.com/idb, jwksUri: https://… }]';
  if (!Array.isArray(issuers) || issuers.length === 0)
    return [{ setting, problem: 'must be a list of issuers, each with issuer and jwksUri', example }];
  return issuers.flatMap((one: unknown, index) => {
    const { issuer, jwksUri } = recordOf(one) ?? {};
    const at = `idTokenIssuers[${String(index)}]`;
    return urlProblems({ [`${at}.issuer`]: issuer ?? null, [`${at}.jwksUri`]: jwksUri ?? null });
  });
}

function originProblems(origins: unknown): readonly ConfigurationProblem[] {
  if (origins === undefined) return [];
  const isOrigin = (one: unknown): boolean => typeof one === 'string' && secureUrl(one)?.origin === one;
  if (Array.isArray(origins) && origins.every(isOrigin)) return [];
  const problem = 'must be a list of https origins, each without a path';
  return [{ setting: 'endpoints.allowedOrigins', problem, example: "['https://webexapis.com']" }];
}

const EXAMPLE = 'https://webexapis.com/v1/access_token';
const EXAMPLES: Readonly<Record<string, string>> = {
  apiBase: 'https://webexapis.com/v1',
  issuer: 'https://idbroker.webex.com/idb',
  authorizationEndpoint: 'https://webexapis.com/v1/authorize',
  revocationEndpoint: 'https://idbroker.webex.com/idb/oauth2/v1/revoke',
  identityBroker: 'https://idbroker.webex.com',
  serviceCatalog: 'https://u2c.wbx2.com/u2c/api/v1',
  deviceAuthorizationEndpoint: 'https://webexapis.com/v1/device/authorize',
  deviceTokenEndpoint: 'https://webexapis.com/v1/device/token',
};
