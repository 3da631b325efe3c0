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

/** Where devices without a browser are authorized (webex-facts 2.3). */
export interface DeviceEndpoints {
  readonly authorization: string;
  readonly token: string;
}

/** Who signs ID tokens, and the keys to check them with. Webex has one per region (webex-facts 1.3, 7). */
export interface IdTokenIssuer {
  readonly issuer: string;
  readonly jwksUri: string;
}

/** Everything that has an address at Webex. */
export interface WebexEndpoints {
  /** Without a slash at the end. */
  readonly apiBase: string;
  readonly authorizationServer: AuthorizationServer;
  readonly idbroker: IdentityBroker;
  readonly device: DeviceEndpoints;
  /** Base of the service catalog (U2C), without a slash at the end; undefined = none is asked. */
  readonly serviceCatalog: string | undefined;
  /** Domains whose https hosts may get a bearer when the service catalog names them (webex-facts 1.5). */
  readonly serviceDomains: readonly string[];
  readonly idTokenIssuers: readonly IdTokenIssuer[];
  /** Exact origins that may be given a bearer. */
  readonly allowedOrigins: readonly string[];
}

interface Region {
  apiBase: string;
  idbroker: string;
  moreOrigins: readonly string[];
  serviceCatalog: string;
  serviceDomains: readonly string[];
  /** Identity brokers besides the first: people's ID tokens are signed by the one of their data centre. */
  moreBrokers: readonly string[];
}

// webex-facts 1.1 (public base, its older alias), 1.2 (identity broker), 1.3 (regional and test brokers), 1.4 (government), 1.5
// (service catalog and its domains; the government's catalog gets none of the commercial ones).
const REGIONS: Readonly<Record<WebexRegion, Region>> = {
  commercial: {
    apiBase: 'https://webexapis.com/v1',
    idbroker: 'https://idbroker.webex.com',
    moreOrigins: ['https://api.ciscospark.com'],
    serviceCatalog: 'https://u2c.wbx2.com/u2c/api/v1',
    serviceDomains: [
      'wbx2.com',
      'ciscospark.com',
      'webex.com',
      'webexapis.com',
      'broadcloudpbx.com',
      'broadcloud.eu',
      'broadcloud.com.au',
      'broadcloudpbx.net',
    ],
    moreBrokers: ['-eu', '-b-us', '-ca', '-sg', '-in', '-ae', '-au'].map(
      (suffix) => `https://idbroker${suffix}.webex.com`,
    ),
  },
  integration: {
    apiBase: 'https://integration.webexapis.com/v1',
    idbroker: 'https://idbrokerbts.webex.com',
    moreOrigins: [],
    serviceCatalog: 'https://u2c.wbx2.com/u2c/api/v1',
    serviceDomains: ['wbx2.com', 'ciscospark.com', 'webex.com', 'webexapis.com'],
    moreBrokers: ['https://idbrokerbts-eu.webex.com'],
  },
  fedramp: {
    apiBase: 'https://api-usgov.webex.com/v1',
    idbroker: 'https://idbroker-f.webex.com',
    moreOrigins: [],
    serviceCatalog: 'https://u2c.gov.ciscospark.com/u2c/api/v1',
    serviceDomains: ['gov.ciscospark.com', 'api-usgov.webex.com', 'idbroker-f.webex.com'],
    moreBrokers: [],
  },
};

/** The names of the regions. */
export const webexRegions = Object.keys(REGIONS) as readonly WebexRegion[];

/** The addresses of a region. People of every data centre sign in at the public ones (webex-facts 1.3). */
export function webexEndpoints(region: WebexRegion = 'commercial'): WebexEndpoints {
  const { apiBase, idbroker, moreOrigins, moreBrokers, serviceCatalog, serviceDomains } = REGIONS[region];
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
    device: deviceEndpoints(apiBase),
    serviceCatalog,
    serviceDomains,
    idTokenIssuers: [idbroker, ...moreBrokers].map(idTokenIssuer),
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

/** The device endpoints below an API base (no slash at the end; webex-facts 1.1). */
export function deviceEndpoints(apiBase: string): DeviceEndpoints {
  return { authorization: `${apiBase}/device/authorize`, token: `${apiBase}/device/token` };
}

/** The issuer of ID tokens at an identity broker's base, with the place of its keys (webex-facts 1.2). */
export function idTokenIssuer(brokerBase: string): IdTokenIssuer {
  return { issuer: `${brokerBase}/idb`, jwksUri: `${brokerBase}/idb/oauth2/v2/keys/verificationjwk` };
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
