import type { AuthorizationServer } from '../oauth/authorization-server.js';

/** A Webex cloud. `integration` is Cisco's test cloud. */
export type WebexRegion = 'commercial' | 'integration' | 'fedramp';

/** The identity broker's own addresses; the public ones at the API base do the same for apps. */
export interface IdentityBroker {
  readonly authorize: string;
  readonly token: string;
  readonly revoke: string;
  readonly logout: string;
}

/** Everything that has an address at Webex. */
export interface WebexEndpoints {
  /** Without a slash at the end. */
  readonly apiBase: string;
  readonly authorizationServer: AuthorizationServer;
  readonly idbroker: IdentityBroker;
  /** Exact origins that may be given a bearer. */
  readonly allowedOrigins: readonly string[];
}

interface Region {
  apiBase: string;
  idbroker: string;
  moreOrigins: readonly string[];
}

// webex-facts 1.1 (public base, its older alias), 1.2 (identity broker), 1.3 (test broker), 1.4 (government).
const REGIONS: Readonly<Record<WebexRegion, Region>> = {
  commercial: {
    apiBase: 'https://webexapis.com/v1',
    idbroker: 'https://idbroker.webex.com',
    moreOrigins: ['https://api.ciscospark.com'],
  },
  integration: {
    apiBase: 'https://integration.webexapis.com/v1',
    idbroker: 'https://idbrokerbts.webex.com',
    moreOrigins: [],
  },
  fedramp: {
    apiBase: 'https://api-usgov.webex.com/v1',
    idbroker: 'https://idbroker-f.webex.com',
    moreOrigins: [],
  },
};

/** The names of the regions. */
export const webexRegions = Object.keys(REGIONS) as readonly WebexRegion[];

/** The addresses of a region. People of every data centre sign in at the public ones (webex-facts 1.3). */
export function webexEndpoints(region: WebexRegion = 'commercial'): WebexEndpoints {
  const { apiBase, idbroker, moreOrigins } = REGIONS[region];
  const broker = identityBroker(idbroker);
  return {
    apiBase,
    authorizationServer: {
      issuer: `${idbroker}/idb`,
      authorizationEndpoint: `${apiBase}/authorize`,
      tokenEndpoint: `${apiBase}/access_token`,
      revocationEndpoint: broker.revoke,
    },
    idbroker: broker,
    allowedOrigins: [new URL(apiBase).origin, ...moreOrigins],
  };
}

/** The identity broker at `base` (no slash at the end), by its paths (webex-facts 1.2). */
export function identityBroker(base: string): IdentityBroker {
  return {
    authorize: `${base}/idb/oauth2/v1/authorize`,
    token: `${base}/idb/oauth2/v1/access_token`,
    revoke: `${base}/idb/oauth2/v1/revoke`,
    logout: `${base}/idb/oauth2/v1/logout`,
  };
}

/**
 * A server with its token endpoint moved. At an origin that is not one of its own it loses its revocation endpoint: tokens and
 * secrets of one server are not for another.
 */
export function withTokenEndpoint(server: AuthorizationServer, tokenEndpoint: string): AuthorizationServer {
  const { revocationEndpoint, ...rest } = server;
  const moved = { ...rest, tokenEndpoint };
  if (revocationEndpoint === undefined) return moved;
  const own = [server.tokenEndpoint, revocationEndpoint].map((url) => new URL(url).origin);
  return own.includes(new URL(tokenEndpoint).origin) ? { ...moved, revocationEndpoint } : moved;
}
