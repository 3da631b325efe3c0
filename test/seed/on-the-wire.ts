import type { Fetch, FetchInit } from '../../src/base/fetch.js';

/** One request as it left. */
export interface SentRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  form: URLSearchParams;
}

/** Node's own fetch, with the requests to a token endpoint written down. */
export function onTheWire(): { fetch: Fetch; exchanges: () => SentRequest[] } {
  const sent: SentRequest[] = [];
  return {
    exchanges: () => sent.filter(({ path }) => path.endsWith('/access_token')),
    fetch: (url, init) => {
      sent.push(written(url, init));
      const { body = null, signal = null, ...rest } = init;
      return globalThis.fetch(url, { ...rest, body, signal });
    },
  };
}

/** The client of a request, and how it said so. */
export function clientOf({ headers, form }: SentRequest): {
  by: 'basic' | 'form' | 'both' | 'none';
  id: string | undefined;
  secret: string | undefined;
} {
  const basic = /^Basic (.+)$/.exec(headers['authorization'] ?? '')?.[1];
  const [id, secret] = basic === undefined ? [] : Buffer.from(basic, 'base64').toString().split(':');
  const inForm = form.get('client_secret') ?? undefined;
  if (basic !== undefined) return { by: inForm === undefined ? 'basic' : 'both', id, secret };
  return {
    by: inForm === undefined ? 'none' : 'form',
    id: form.get('client_id') ?? undefined,
    secret: inForm,
  };
}

function written(url: string, { method, headers, body }: FetchInit): SentRequest {
  return {
    method,
    path: new URL(url).pathname,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    form: new URLSearchParams(typeof body === 'string' ? body : ''),
  };
}
