import { ProtocolError } from '../errors.js';
import type { ApiResult } from './api-request.js';
import type { Query } from './api-target.js';
import { nextLink } from './link-header.js';
import type { OnRetry } from './retry-notice.js';
import type { RetryOptions } from './retry-settings.js';

/** How to walk through a list. */
export interface PaginateOptions {
  /** Items per page, sent as `max`; the server's default. */
  max?: number | undefined;
  /** Stop after so many items. */
  limit?: number | undefined;
  query?: Query | undefined;
  /** The member of each page that holds its items; `items`, or else the page's only list. */
  itemsKey?: string | undefined;
  signal?: AbortSignal | undefined;
  /** How each page is repeated; `false` = not at all. */
  retry?: RetryOptions | false | undefined;
  onRetry?: OnRetry | undefined;
}

/** How pages are had: `resolve` checks the origin, `get` sends. */
export interface PageSource {
  get(url: URL): Promise<ApiResult<unknown>>;
  resolve(url: string | URL, query?: Query): URL;
}

/** Walks the pages (RFC 8288). An empty page with a next link is no end; a link that comes again is an error. */
export async function* paginated<T>(
  path: string | URL,
  { max, limit = Infinity, query, itemsKey }: PaginateOptions,
  source: PageSource,
): AsyncGenerator<T, void, undefined> {
  let url: URL | undefined = source.resolve(path, { ...query, max });
  const seen = new Set<string>();
  let left = limit;
  while (url && left > 0) {
    seen.add(url.href);
    const page: ApiResult<unknown> = await source.get(url);
    for (const item of itemsOf(page.body, itemsKey)) {
      yield item as T;
      if (--left <= 0) return;
    }
    const link = nextLink(page.headers['link']);
    url = link === undefined ? undefined : source.resolve(absolute(link, url));
    if (url && seen.has(url.href))
      throw new ProtocolError(`The pages of ${url.origin}${url.pathname} go in a circle; no more were read`);
  }
}

// Links are absolute at Webex; a relative one is relative to its page (RFC 8288, 3.1).
function absolute(link: string, page: URL): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(link) || !URL.canParse(link, page.href)
    ? link
    : new URL(link, page).href;
}

function itemsOf(page: unknown, itemsKey: string | undefined): readonly unknown[] {
  const members = typeof page === 'object' && page !== null ? (page as Record<string, unknown>) : {};
  const named = members[itemsKey ?? 'items'];
  if (Array.isArray(named)) return named;
  const lists = itemsKey === undefined ? Object.values(members).filter(Array.isArray) : [];
  if (lists.length === 1 && lists[0]) return lists[0] as unknown[];
  throw new ProtocolError('A page holds no list of items; name its member with itemsKey');
}
