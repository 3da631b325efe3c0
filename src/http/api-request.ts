import { ConfigurationError } from '../errors.js';
import type { ApiTarget, Query } from './api-target.js';
import { headerFields, type HeadersInput } from './header-fields.js';
import type { OnRetry } from './retry-notice.js';
import type { RetryOptions } from './retry-settings.js';
import { isBodyInput, type OutgoingBody, outgoingBody } from './outgoing-body.js';

/** One API call: `uri` (or `url`), or `service` with `resource`. Names as in webex-js-sdk. */
export interface ApiRequest {
  service?: string | undefined;
  resource?: string | undefined;
  /** A path below the API base, or an absolute URL on an allowed origin. */
  uri?: string | URL | undefined;
  url?: string | URL | undefined;
  /** `GET`. */
  method?: string | undefined;
  headers?: HeadersInput | undefined;
  qs?: Query | undefined;
  query?: Query | undefined;
  /** Objects and arrays are sent as JSON, strings as JSON already written; forms, bytes and streams as they are. */
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Over token, connecting, headers and body together, milliseconds; `Infinity` for none. */
  deadlineMs?: number | undefined;
  /** After decompression. */
  maxBodyBytes?: number | undefined;
  /** `false`: a 401 is thrown as it is, without a new token and a replay. */
  shouldRefreshAccessToken?: boolean | undefined;
  /** `false`: sent once, and not made to wait for a rate limit. */
  retry?: RetryOptions | false | undefined;
  onRetry?: OnRetry | undefined;
}

/** What came back. Header names are lower-case. `body` is undefined where there was none. */
export interface ApiResult<T> {
  statusCode: number;
  headers: Record<string, string>;
  body: T;
}

/** A call resolved and checked, before it has a deadline or a bearer. */
export interface PreparedCall {
  method: string;
  url: URL;
  fields: Record<string, string>;
  outgoing: OutgoingBody | undefined;
  refresh?: boolean | undefined;
  signal: AbortSignal | undefined;
  deadlineMs: number | undefined;
  retry: RetryOptions | false | undefined;
  onRetry: OnRetry | undefined;
}

/** Reads the options of `request`. */
export function requestCall(options: ApiRequest, target: ApiTarget): PreparedCall {
  if (typeof options !== 'object' || (options as unknown) === null)
    throw new ConfigurationError([
      { setting: 'options', problem: 'must be an object', example: "{ uri: '/people/me' }" },
    ]);
  const {
    method = 'GET',
    headers,
    body,
    signal,
    deadlineMs,
    shouldRefreshAccessToken,
    retry,
    onRetry,
  } = options;
  const fields = headerFields(headers);
  fields['accept'] ??= 'application/json';
  return {
    method,
    url: urlOf(options, target),
    fields,
    outgoing: body === undefined || body === null ? undefined : jsonBody(body),
    refresh: shouldRefreshAccessToken,
    signal,
    deadlineMs,
    retry,
    onRetry,
  };
}

function urlOf({ service, resource, uri, url, qs, query }: ApiRequest, target: ApiTarget): URL {
  const parameters = qs && query ? { ...qs, ...query } : (query ?? qs);
  const place = uri ?? url;
  if (place !== undefined) return target.resolve(place, parameters);
  if (service !== undefined) return target.resolveResource(service, resource ?? '', parameters);
  if (resource !== undefined) return target.resolve(resource, parameters);
  throw new ConfigurationError([
    { setting: 'uri', problem: 'is missing; give uri, or service and resource', example: '/people/me' },
  ]);
}

function jsonBody(body: unknown): OutgoingBody {
  if (typeof body === 'string') return { ...outgoingBody(body), contentType: 'application/json' };
  if (isBodyInput(body)) return outgoingBody(body);
  return { ...outgoingBody(jsonText(body)), contentType: 'application/json' };
}

function jsonText(body: unknown): string {
  try {
    const text = JSON.stringify(body) as string | undefined;
    if (text !== undefined) return text;
  } catch {
    // A circle, a bigint, or what its toJSON threw: that may hold anything.
  }
  throw new ConfigurationError([{ setting: 'body', problem: 'cannot be written as JSON' }]);
}
