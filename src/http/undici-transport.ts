import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import type { Agent } from 'undici';
import { ClosedError } from '../errors.js';
import { decodedBody } from './decoded-body.js';
import type { Transport, TransportRequest, TransportResponse } from './transport.js';

/** Settings of the connections. */
export interface UndiciTransportOptions {
  /** How long connecting may take, milliseconds; 10 s. */
  connectTimeoutMs?: number | undefined;
  /** Most connections per origin; unlimited. */
  connections?: number | undefined;
  /** Further certificate authorities to trust, PEM. */
  ca?: string | readonly string[] | undefined;
}

/** The transport over undici: one agent, made on the first request. Certificates are verified whatever the environment says. */
export class UndiciTransport implements Transport {
  readonly #options: UndiciTransportOptions;
  #agent: Agent | undefined;
  #loading: Promise<Agent> | undefined;
  #closed = false;

  constructor(options: UndiciTransportOptions = {}) {
    this.#options = options;
  }

  async send({ method, url, headers, body, signal }: TransportRequest): Promise<TransportResponse> {
    const agent = this.#agent ?? (await (this.#loading ??= this.#load()));
    if (this.#closed) throw new ClosedError('The transport is closed; make a new one');
    const href = typeof url === 'string' ? url : url.href;
    const pathAt = href.indexOf('/', href.indexOf('//') + 2);
    const hashAt = href.indexOf('#');
    const response = await agent.request({
      origin: href.slice(0, pathAt),
      path: href.slice(pathAt, hashAt < 0 ? undefined : hashAt),
      method,
      headers,
      body: body instanceof ReadableStream ? Readable.fromWeb(body) : (body ?? null),
      signal: signal ?? null,
    });
    return decodedBody({ status: response.statusCode, headers: response.headers, body: response.body });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await (await this.#loading)?.destroy(new ClosedError('The transport was closed'));
  }

  async #load(): Promise<Agent> {
    // Node makes its own fetch when one of these globals is first touched. Were undici imported before that, it would
    // put its dispatcher under the host application's fetch.
    void globalThis.Headers;
    const { Agent } = await import('undici');
    const { connectTimeoutMs = 10_000, connections, ca } = this.#options;
    return (this.#agent = new Agent({
      // One deadline rules the whole exchange (deadline.ts); undici's two idle timers would only blur it.
      headersTimeout: 0,
      bodyTimeout: 0,
      connections: connections ?? null,
      connect: {
        timeout: connectTimeoutMs,
        rejectUnauthorized: true,
        ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
      },
    }));
  }
}
