import { member } from '../oauth/member.js';

/** Service name → base URLs as the catalog writes them, the preferred first. None of them is trusted yet. */
export type CatalogServices = ReadonlyMap<string, readonly string[]>;

const MOST_SERVICES = 5_000;
const MOST_URLS = 20;
const NAME = /^[\x21-\x7e]{1,100}$/;

/**
 * Reads a service catalog, either payload by its own shape: `hostmap` or `U2CV2` (webex-facts 1.5). Entries that name no service
 * are left out; undefined = this is no catalog, or one with more than 5,000 services.
 */
export function readCatalog(
  body: Readonly<Record<string, unknown>> | undefined,
): CatalogServices | undefined {
  const links = member(body, 'serviceLinks');
  if (isObject(links)) return readHostmap(links);
  const active = member(body, 'activeServices');
  const services = member(body, 'services');
  return isObject(active) && Array.isArray(services) ? readVersion2(active, services) : undefined;
}

function readHostmap(links: Readonly<Record<string, unknown>>): CatalogServices | undefined {
  const entries = Object.entries(links);
  if (entries.length > MOST_SERVICES) return undefined;
  const found = new Map<string, readonly string[]>();
  for (const [name, url] of entries) if (NAME.test(name) && typeof url === 'string') found.set(name, [url]);
  return found;
}

// `services` lists every cluster's; `activeServices` says which of them is this caller's.
function readVersion2(
  active: Readonly<Record<string, unknown>>,
  services: readonly unknown[],
): CatalogServices | undefined {
  const entries = Object.entries(active);
  if (entries.length > MOST_SERVICES || services.length > MOST_SERVICES) return undefined;
  const byId = new Map<unknown, Readonly<Record<string, unknown>>>();
  for (const service of services) if (isObject(service)) byId.set(member(service, 'id'), service);
  const found = new Map<string, readonly string[]>();
  for (const [name, id] of entries) {
    const urls = typeof id === 'string' && NAME.test(name) ? urlsByPriority(byId.get(id)) : [];
    if (urls.length > 0) found.set(name, urls);
  }
  return found;
}

function urlsByPriority(service: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const listed = member(service, 'serviceUrls');
  if (!Array.isArray(listed)) return [];
  return listed
    .slice(0, MOST_URLS)
    .flatMap((one: unknown) => {
      const url = isObject(one) ? member(one, 'baseUrl') : undefined;
      const priority = isObject(one) ? (member(one, 'priority') ?? Infinity) : undefined;
      // Lower is better; zero and below mean "not to be used" in Cisco's own SDK.
      const usable = typeof url === 'string' && typeof priority === 'number' && priority > 0;
      return usable ? [{ url, priority }] : [];
    })
    .sort((a, b) => (a.priority === b.priority ? 0 : a.priority - b.priority))
    .map(({ url }) => url);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
