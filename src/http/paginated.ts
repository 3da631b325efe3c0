import { isWebexAuthError, ProtocolError } from '../errors.js';
import type { Answer } from './answer.js';
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

/** A page as it was answered. */
interface Page {
  result: ApiResult<unknown>;
  answer: Pick<Answer, 'status' | 'trackingId'>;
}

/** How pages are had: `resolve` checks the origin, `get` sends. */
export interface PageSource {
  get(url: URL): Promise<Page>;
  resolve(url: string | URL, query?: Query): URL;
}

/** Walks the pages (RFC 8288). An empty page with a next link is no end; a link that comes again is an error. */
export async function* paginated<T>(
  path: string | URL,
  { max, limit = Infinity, query, itemsKey }: PaginateOptions,
  source: PageSource,
): AsyncGenerator<T, void, undefined> {
  let url = source.resolve(path, { ...query, max });
  const seen = new Set<string>();
  let left = limit;
  while (left > 0) {
    seen.add(url.href);
    const { result, answer } = await source.get(url);
    for (const item of naming(answer, () => itemsOf(result.body, itemsKey))) {
      yield item as T;
      if (--left <= 0) return;
    }
    const link = nextLink(result.headers['link']);
    if (link === undefined) return;
    const page = url;
    url = naming(answer, () => unseen(source.resolve(absolute(link, page)), seen));
  }
}

/** What `read` finds wrong with a page says which answer it was: support asks for it. */
function naming<Result>(answer: Page['answer'], read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!isWebexAuthError(error)) throw error;
    throw Object.assign(error, { status: answer.status, trackingId: answer.trackingId() });
  }
}

function unseen(url: URL, seen: ReadonlySet<string>): URL {
  if (!seen.has(url.href)) return url;
  throw new ProtocolError(`The pages of ${url.origin}${url.pathname} go in a circle; no more were read`);
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
