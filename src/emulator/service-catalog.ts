/** What a catalog tells: the services of one region, which here are all at one URL. */
export interface CatalogContents {
  region: string;
  url: string;
  orgId: string | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Service and path. A slash at the end is there or not, as at Webex (webex-facts 1.5). */
const SERVICES: Readonly<Record<string, string>> = {
  hydra: '/v1/',
  idbroker: '/',
  identity: '/',
  wdm: '/wdm/api/v1',
  conversation: '/conversation/api/v1',
  u2c: '/u2c/api/v1',
};

/** The first version of a catalog, `format=hostmap` (webex-facts 1.5). */
export function hostmapCatalog({ region, url }: CatalogContents): object {
  const { host, hostname } = new URL(url);
  const entries = Object.keys(SERVICES).map((name) => ({
    // Without the port, which clients take from the service's own address.
    host: hostname,
    ttl: -1,
    priority: 5,
    id: urn(region, name),
  }));
  const links = Object.entries(SERVICES).map(([name, path]) => [name, `${url}${path}`]);
  return { serviceLinks: Object.fromEntries(links) as object, hostCatalog: { [host]: entries } };
}

/** The second version, `format=U2CV2` (webex-facts 1.5). */
export function versionTwoCatalog({ region, url, orgId, now }: CatalogContents): object {
  const services = Object.entries(SERVICES).map(([name, path]) => ({
    id: urn(region, name),
    serviceName: name,
    serviceUrls: [{ baseUrl: `${url}${path}`.replace(/\/$/, ''), priority: 1 }],
  }));
  const active = services.map(({ serviceName, id }) => [serviceName, id]);
  return {
    activeServices: Object.fromEntries(active) as object,
    services,
    ...(orgId === undefined ? {} : { orgId }),
    timestamp: String(Math.floor(now / 1000)),
    format: 'U2CV2',
  };
}

function urn(region: string, name: string): string {
  return `urn:TEAM:${region}_a:${name}`;
}
