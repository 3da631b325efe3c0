import { ConfigurationError, OriginNotAllowedError } from '../errors.js';
import { secureUrl } from '../base/secure-url.js';
import { AllowedOrigins, isDeceptive } from './allowed-origins.js';

const ABSOLUTE = /^[a-z][a-z0-9+.-]*:/i;
const DOT_SEGMENT = /(^|\/)(\.|%2e){1,2}(\/|$)/i;

/** Where API calls may go. */
export interface ApiTargetOptions {
  /** Such as `https://webexapis.com/v1`. Its origin is allowed without being listed. */
  apiBase: string;
  allowedOrigins: readonly string[];
  /** Asked after the list, about exact origins: those of a service catalog, which becomes known later. */
  isAllowed?: ((origin: string) => boolean) | undefined;
  /** Base URL of a service by its name; undefined = unknown. Its origin must be allowed. */
  resolveService?: ((name: string) => string | undefined) | undefined;
}

/** Query parameters; undefined ones are left out, lists repeat the name. */
export type Query = Readonly<Record<string, QueryValue | readonly QueryValue[]>>;
type QueryValue = string | number | boolean | undefined;

/** Turns what callers write (paths, service names, URLs) into absolute URLs that a bearer may go to. */
export class ApiTarget {
  readonly #base: string;
  readonly #origins: AllowedOrigins;
  readonly #resolveService: ((name: string) => string | undefined) | undefined;

  constructor({ apiBase, allowedOrigins, isAllowed, resolveService }: ApiTargetOptions) {
    this.#base = parseBase(apiBase);
    this.#origins = new AllowedOrigins([...allowedOrigins, new URL(this.#base).origin], isAllowed);
    this.#resolveService = resolveService;
  }

  /** `/people/me` and `people/me` lie under the API base; absolute URLs are taken as they are, if allowed. */
  resolve(path: string | URL, query?: Query): URL {
    return withQuery(
      typeof path !== 'string' || ABSOLUTE.test(path)
        ? this.#origins.check(path)
        : this.#under(this.#base, path),
      query,
    );
  }

  /** `resource` under the base of a named service; `hydra` is the API base unless the resolver says otherwise. */
  resolveResource(service: string, resource: string, query?: Query): URL {
    const base = this.#resolveService?.(service) ?? (service === 'hydra' ? this.#base : undefined);
    if (base === undefined)
      throw refused('service', 'is not one that is known here; use a path or an absolute URL');
    const parsed = this.#origins.check(base);
    return withQuery(this.#under(`${parsed.origin}${parsed.pathname}`.replace(/\/+$/, ''), resource), query);
  }

  #under(base: string, path: string): URL {
    if (isDeceptive(path) || path.startsWith('//'))
      throw new OriginNotAllowedError('Nothing was sent: the path could be read as another host; use /path');
    // URLs are read without the blanks at their end.
    const relative = (path.startsWith('/') ? path : `/${path}`).replace(/[\0-\x20]+$/, '');
    if (DOT_SEGMENT.test(relative.split(/[?#]/, 1)[0] ?? ''))
      throw refused('path', "holds '.' or '..' segments; encode what you put into a path");
    return new URL(base + relative);
  }
}

function withQuery(url: URL, query: Query | undefined): URL {
  if (url.hash) url.hash = '';
  for (const [name, value] of Object.entries(query ?? {}))
    for (const one of Array.isArray(value) ? (value as readonly QueryValue[]) : [value as QueryValue])
      if (one !== undefined && (one as unknown) !== null) url.searchParams.append(name, queryText(name, one));
  // RFC 6750, 2.3: a bearer in a URL ends up in logs.
  if ([...url.searchParams.keys()].some((name) => name.toLowerCase() === 'access_token'))
    throw refused('access_token', 'must not travel in a URL; leave it out');
  return url;
}

function queryText(name: string, value: string | number | boolean): string {
  if (typeof value === 'object' || typeof value === 'function')
    throw refused(`query.${name}`, 'must be text, a number, true or false, or a list of these');
  return String(value);
}

function parseBase(apiBase: string): string {
  const url = secureUrl(apiBase);
  if (url && !url.search) return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  throw new ConfigurationError([
    {
      setting: 'apiBase',
      problem: 'must be an https URL without query (http only for this machine)',
      example: 'https://webexapis.com/v1',
    },
  ]);
}

function refused(setting: string, problem: string): ConfigurationError {
  return new ConfigurationError([{ setting, problem }]);
}
