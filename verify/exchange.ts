import { placeholderOf } from './describe-value.js';
import { redactBody, redactText, secretKind } from './redact.js';
import type { Redaction } from './redact.js';

/** A response as it was received, for this process alone. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, where it is a JSON object. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** A request as it was sent, for this process alone. */
export interface RawRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** One request and its answer with nothing secret or personal in them: what is written down. */
export interface Exchange {
  readonly request: {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly query: Readonly<Record<string, string>>;
    readonly authorization: string;
    readonly body: unknown;
  };
  readonly answer: {
    readonly status: number;
    readonly headerNames: readonly string[];
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
}

/** Header fields whose values are worth keeping. */
const TELLING = ['cache-control', 'content-type', 'pragma', 'retry-after', 'trackingid', 'www-authenticate'];

/** What of an exchange may be written down. */
export function describeExchange(
  { method, url, headers, body }: RawRequest,
  answer: RawAnswer,
  redaction: Redaction,
): Exchange {
  const { secrets } = redaction;
  const { host, pathname, searchParams } = new URL(url);
  const values = TELLING.flatMap((name) => {
    const value = answer.headers.get(name);
    return value === null ? [] : [[name, redactText(value, secrets)]];
  });
  const location = answer.headers.get('location');
  if (location !== null) values.push(['location', describeLocation(location, redaction)]);
  return {
    request: {
      method,
      host,
      path: pathname
        .split('/')
        .map((part) => redactText(decodeURIComponent(part), secrets))
        .join('/'),
      query: describeForm(searchParams, redaction),
      authorization: schemeOf(headers['authorization']),
      body: describeSent(body, redaction),
    },
    answer: {
      status: answer.status,
      headerNames: [...new Set(answer.headers.keys())].sort(),
      headers: Object.fromEntries(values) as Record<string, string>,
      body: describeReceived(answer, redaction),
    },
  };
}

/** An address that Webex redirects to: host, path and the names of its parameters; the values of `error` alone. */
function describeLocation(location: string, redaction: Redaction): string {
  if (!URL.canParse(location)) return '<a relative address>';
  const url = new URL(location);
  const parts = [url.search.slice(1), url.hash.slice(1)].map((text) =>
    Object.entries(describeForm(new URLSearchParams(text), redaction))
      .map(([name, value]) => (/^error/.test(name) ? `${name}=${value}` : name))
      .join('&'),
  );
  const path = redactText(url.pathname, redaction.secrets);
  const [query, fragment] = parts;
  return `${url.host}${path}${query ? `?${query}` : ''}${fragment ? `#${fragment}` : ''}`;
}

function schemeOf(authorization: string | undefined): string {
  if (authorization === undefined) return 'none';
  return /^(Basic|Bearer) /.exec(authorization)?.[1] ?? 'a token without a scheme';
}

function describeForm(form: URLSearchParams, { secrets }: Redaction): Record<string, string> {
  return Object.fromEntries(
    [...form].map(([name, value]) => {
      const kind = secretKind(name) ?? secrets.labelOf(value);
      return [
        redactText(name, secrets),
        kind === undefined ? redactText(value, secrets) : placeholderOf(value, kind),
      ];
    }),
  );
}

function describeSent(body: string | undefined, redaction: Redaction): unknown {
  if (body === undefined || body === '') return 'none';
  const json = parseObject(body);
  return json ? redactBody(json, redaction) : describeForm(new URLSearchParams(body), redaction);
}

function describeReceived({ text, body, headers }: RawAnswer, redaction: Redaction): unknown {
  if (body) return redactBody(body, redaction);
  if (text === '') return '<empty>';
  const type = /^[\w/+.-]+/.exec(headers.get('content-type') ?? '')?.[0] ?? 'no type';
  return `<${type}, ${String(text.length)} characters>`;
}

/** The text as a JSON object; undefined for anything else. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
