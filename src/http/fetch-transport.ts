import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Fetch } from '../base/fetch.js';
import { ClosedError } from '../errors.js';
import type { ResponseHeaders, Transport, TransportRequest, TransportResponse } from './transport.js';

/** The transport over a fetch function: the caller's own, or Node's. Slower than undici; nothing else differs. */
export class FetchTransport implements Transport {
  readonly #fetch: Fetch;
  readonly #closing = new AbortController();

  constructor({ fetch }: { fetch?: Fetch | undefined } = {}) {
    this.#fetch = fetch ?? hostFetch;
  }

  async send({ method, url, headers, body, signal }: TransportRequest): Promise<TransportResponse> {
    if (this.closed.aborted) throw new ClosedError('The transport is closed; make a new one');
    const streamed = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
    const init = {
      method,
      headers,
      body: body instanceof Readable ? (Readable.toWeb(body) as ReadableStream<Uint8Array>) : body,
      redirect: 'manual' as const,
      signal,
      ...(streamed && { duplex: 'half' }),
    };
    const response = await this.#fetch(String(url), init);
    return {
      status: response.status,
      headers: plainHeaders(response.headers),
      body: response.body ? Readable.fromWeb(response.body as ReadableStream<Uint8Array>) : Readable.from([]),
    };
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }
}

// Looked up per call: an application may replace its fetch at any time.
const hostFetch: Fetch = (url, { body = null, signal = null, ...init }) =>
  globalThis.fetch(url, { ...init, body, signal });

function plainHeaders(headers: Headers): ResponseHeaders {
  const plain: ResponseHeaders = Object.fromEntries(headers);
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) plain['set-cookie'] = cookies;
  // fetch has undone the coding but still tells of it, with the length of the coded form.
  if ('content-encoding' in plain) {
    delete plain['content-encoding'];
    delete plain['content-length'];
  }
  return plain;
}
