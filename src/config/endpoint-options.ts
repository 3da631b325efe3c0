import { secureUrl } from '../base/secure-url.js';
import { ConfigurationError, type ConfigurationProblem } from '../errors.js';
import {
  webexEndpoints,
  webexRegions,
  type WebexEndpoints,
  type WebexRegion,
  withTokenEndpoint,
} from '../platform/endpoints.js';
import { endpointsFromEnvironment } from '../platform/environment-endpoints.js';

/** Addresses of your own; what is left out is the region's. */
export interface EndpointAddresses {
  region?: WebexRegion | undefined;
  /** Base of the Webex API, without a slash at the end. The bearer goes to its origin only, unless `allowedOrigins` says more. */
  apiBase?: string | undefined;
  issuer?: string | undefined;
  authorizationEndpoint?: string | undefined;
  tokenEndpoint?: string | undefined;
  revocationEndpoint?: string | undefined;
  allowedOrigins?: readonly string[] | undefined;
}

/** A region's name, or addresses of your own. */
export type EndpointOptions = WebexRegion | EndpointAddresses;

/** The addresses to use; without options those of the environment. Errors: `ConfigurationError`. */
export function resolveEndpoints(
  options: EndpointOptions | undefined,
  env: NodeJS.ProcessEnv = process.env,
): WebexEndpoints {
  if (options === undefined) return endpointsFromEnvironment(env, regionOf(env));
  if (typeof options === 'string') return webexEndpoints(checkRegion(options));
  const { region, apiBase, allowedOrigins } = options;
  const { issuer, authorizationEndpoint, tokenEndpoint, revocationEndpoint } = options;
  const server = { issuer, authorizationEndpoint, tokenEndpoint, revocationEndpoint };
  const base = webexEndpoints(checkRegion(region ?? 'commercial'));
  checkUrls({ apiBase, ...server });
  const own = base.authorizationServer;
  const moved = tokenEndpoint === undefined ? own : withTokenEndpoint(own, tokenEndpoint);
  const given = Object.fromEntries(Object.entries(server).filter(([, url]) => url !== undefined));
  const api = apiBase?.replace(/\/+$/, '');
  return {
    ...base,
    apiBase: api ?? base.apiBase,
    authorizationServer: { ...moved, ...given },
    allowedOrigins: allowedOrigins ?? (api === undefined ? base.allowedOrigins : [new URL(api).origin]),
  };
}

function regionOf(env: NodeJS.ProcessEnv): WebexRegion {
  return env['ENABLE_FEDRAMP'] === 'true' ? 'fedramp' : 'commercial';
}

function checkRegion(region: string): WebexRegion {
  const known = webexRegions.find((one) => one === region);
  if (known) return known;
  throw new ConfigurationError([
    { setting: 'endpoints.region', problem: `must be one of ${webexRegions.join(', ')}` },
  ]);
}

function checkUrls(urls: Record<string, string | undefined>): void {
  const problems: ConfigurationProblem[] = Object.entries(urls).flatMap(([name, url]) =>
    url === undefined || secureUrl(url)
      ? []
      : [{ setting: `endpoints.${name}`, problem: 'must be an https URL, or http on a loopback address' }],
  );
  if (problems.length > 0) throw new ConfigurationError(problems);
}
