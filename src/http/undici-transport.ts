import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import type { Agent, Dispatcher } from 'undici';
import { ClosedError, isWebexAuthError, NetworkError } from '../errors.js';
import { decodedBody } from './decoded-body.js';
import { type Proxy, ProxyChoice, type ProxyChoiceOptions } from './proxy-choice.js';
import type { Transport, TransportRequest, TransportResponse } from './transport.js';

/** Settings of the connections. */
export interface UndiciTransportOptions extends ProxyChoiceOptions {
  /** How long connecting may take, milliseconds; 10 s. */
  connectTimeoutMs?: number | undefined;
  /** Most connections per origin; unlimited. */
  connections?: number | undefined;
  /** Further certificate authorities to trust, PEM. */
  ca?: string | readonly string[] | undefined;
}

interface Dispatchers {
  agent: Agent;
  through: (proxy: Proxy) => Dispatcher;
}

/**
 * The transport over undici: one agent, made on the first request, and one for each HTTP proxy. Certificates are
 * verified whatever the environment says.
 */
export class UndiciTransport implements Transport {
  readonly #options: UndiciTransportOptions;
  readonly #proxies: ProxyChoice | undefined;
  /** How each origin is reached, where there are proxies. */
  readonly #ways = new Map<string, { dispatcher: Dispatcher; proxy: Proxy | undefined }>();
  readonly #closing = new AbortController();
  #agent: Agent | undefined;
  #dispatchers: Dispatchers | undefined;
  #loading: Promise<Dispatchers> | undefined;

  constructor(options: UndiciTransportOptions = {}) {
    this.#options = options;
    const proxies = new ProxyChoice(options);
    if (!proxies.isEmpty) this.#proxies = proxies;
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  async send(request: TransportRequest): Promise<TransportResponse> {
    const agent = this.#agent ?? (await (this.#loading ??= this.#load())).agent;
    if (this.closed.aborted) throw new ClosedError('The transport is closed; make a new one');
    const { url, method, headers, body, signal } = request;
    const href = typeof url === 'string' ? url : url.href;
    const pathAt = href.indexOf('/', href.indexOf('//') + 2);
    const hashAt = href.indexOf('#');
    const origin = href.slice(0, pathAt);
    const way = this.#proxies && this.#wayTo(origin, this.#proxies);
    const sending = (way?.dispatcher ?? agent).request({
      origin,
      path: href.slice(pathAt, hashAt < 0 ? undefined : hashAt),
      method,
      headers,
      body: body instanceof ReadableStream ? Readable.fromWeb(body) : (body ?? null),
      signal: signal ?? null,
    });
    const response = await (way?.proxy ? sending.catch(refusedByProxy) : sending);
    return decodedBody({ status: response.statusCode, headers: response.headers, body: response.body });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const dispatchers = await this.#loading;
    if (!dispatchers) return;
    const all = new Set<Dispatcher>([dispatchers.agent]);
    for (const { dispatcher } of this.#ways.values()) all.add(dispatcher);
    const reason = new ClosedError('The transport was closed');
    await Promise.all(Array.from(all, (dispatcher) => dispatcher.destroy(reason)));
  }

  #wayTo(origin: string, proxies: ProxyChoice): { dispatcher: Dispatcher; proxy: Proxy | undefined } {
    const known = this.#ways.get(origin);
    if (known) return known;
    const proxy = proxies.of(origin);
    const { agent, through } = this.#dispatchers as Dispatchers;
    const same = [...this.#ways.values()].find((way) => way.proxy === proxy);
    const way = same ?? { dispatcher: proxy ? through(proxy) : agent, proxy };
    this.#ways.set(origin, way);
    return way;
  }

  async #load(): Promise<Dispatchers> {
    // Node makes its own fetch when one of these globals is first touched. Were undici imported before that, it would
    // put its dispatcher under the host application's fetch.
    void globalThis.Headers;
    const { Agent, ProxyAgent } = await import('undici');
    const { connectTimeoutMs = 10_000, connections, ca } = this.#options;
    const connect = {
      timeout: connectTimeoutMs,
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
    };
    // One deadline rules the whole exchange (deadline.ts); undici's two idle timers would only blur it.
    const shared = { headersTimeout: 0, bodyTimeout: 0, connections: connections ?? null };
    this.#agent = new Agent({ ...shared, connect });
    return (this.#dispatchers = {
      agent: this.#agent,
      through: ({ uri, token }) =>
        new ProxyAgent({
          ...shared,
          uri,
          ...(token === undefined ? {} : { token }),
          requestTls: connect,
          proxyTls: connect,
        }),
    });
  }
}

// undici tells it by the text alone. The request itself was not sent: the tunnel comes first.
function refusedByProxy(error: unknown): never {
  const status = error instanceof Error && /^Proxy response \((\d{3})\)/.exec(error.message)?.[1];
  if (!status || isWebexAuthError(error)) throw error;
  throw new NetworkError(
    `The proxy answered CONNECT with ${status}; check the proxy's address, its credentials and what it lets through`,
    { reason: 'refused', maybeProcessed: false },
  );
}
