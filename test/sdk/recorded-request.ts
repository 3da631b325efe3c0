import type { ConcealedValues } from './concealed-values.js';

/** A request as it arrived. */
export interface ArrivedRequest {
  method: string;
  /** Path and query. */
  target: string;
  /** Names and values in turn, as Node's `rawHeaders`. */
  rawHeaders: readonly string[];
  body: string;
}

/** A request as it is compared: what it is, and its fields by name. No secret is in it. */
export interface RecordedRequest {
  /** Method and path. */
  readonly what: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** Takes a request apart into fields: query, headers, form in its order, JSON, the claims of a guest's JWT. */
export function recordedRequest(request: ArrivedRequest, values: ConcealedValues): RecordedRequest {
  const { method, target, body } = request;
  const [path = '', query = ''] = target.split('?');
  const headers = headersOf(request.rawHeaders);
  const type = headers.get('content-type') ?? '';
  const jwt = guestJwtOf(request);
  const entries: [string, string][] = [
    ...parameters('query', query),
    ...[...headers].flatMap(([name, value]) => header(name, value, body)),
    ...(jwt === undefined ? [] : claims(jwt)),
    ...(type.startsWith('application/x-www-form-urlencoded')
      ? parameters('form', body)
      : type.startsWith('application/json')
        ? json(body)
        : [['body', body === '' ? 'empty' : body] as [string, string]]),
  ];
  const fields = new Map(entries.map(([name, value]) => [name, values.conceal(value)]));
  return { what: `${method} ${values.conceal(path)}`, fields };
}

/** The JWT with which a guest signs in, raw or as a bearer; undefined for any other request. */
export function guestJwtOf({
  target,
  rawHeaders,
}: Pick<ArrivedRequest, 'target' | 'rawHeaders'>): string | undefined {
  if (!target.endsWith('/jwt/login')) return undefined;
  return /^(?:Bearer )?(eyJ[\w-]+\.[\w-]+\.[\w-]+)$/.exec(
    headersOf(rawHeaders).get('authorization') ?? '',
  )?.[1];
}

function headersOf(rawHeaders: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    const value = rawHeaders[i + 1] ?? '';
    headers.set(name, headers.has(name) ? `${headers.get(name) ?? ''}, ${value}` : value);
  }
  return headers;
}

function header(name: string, value: string, body: string): [string, string][] {
  switch (name) {
    case 'host':
      return [['header host', '[host]']];
    case 'content-length':
      return [[`header ${name}`, Number(value) === Buffer.byteLength(body) ? '[length of the body]' : value]];
    case 'trackingid':
      return [[`header ${name}`, value.replace(/_\d+$/, '_[number]')]];
    case 'user-agent':
    case 'spark-user-agent':
      return [[`header ${name}`, value.replace(/\d+(\.\d+)+/, '[version]')]];
    default:
      return [[`header ${name}`, value]];
  }
}

function parameters(kind: 'query' | 'form', text: string): [string, string][] {
  const pairs = [...new URLSearchParams(text)];
  if (pairs.length === 0) return [];
  const order: [string, string] = [`${kind} order`, pairs.map(([name]) => name).join(' ')];
  return [order, ...pairs.map(([name, value]): [string, string] => [`${kind} ${name}`, value])];
}

function json(body: string): [string, string][] {
  const members = Object.entries(JSON.parse(body) as Record<string, unknown>);
  return members.map(([name, value]) => [`json ${name}`, JSON.stringify(value)]);
}

// Instants differ from run to run: what counts of `exp` is how long after `iat` it is.
function claims(jwt: string): [string, string][] {
  const [head = {}, payload = {}] = jwt
    .split('.', 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);
  const { iat } = payload;
  const shown = (name: string, value: unknown): string => {
    if (typeof value === 'number' && typeof iat === 'number') {
      return name === 'iat' ? '[now]' : `iat + ${String(value - iat)}`;
    }
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  return [
    ...Object.entries(head).map(([name, value]): [string, string] => [
      `JWT header ${name}`,
      shown('', value),
    ]),
    ...Object.entries(payload).map(([name, value]): [string, string] => [`JWT ${name}`, shown(name, value)]),
  ];
}
