import type { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

/** What may be sent as a body. Only strings and bytes can be sent a second time. */
export type RequestBody = string | Uint8Array | Readable | ReadableStream<Uint8Array>;

/** One HTTP request. Header names are lower-case; the URL is absolute. */
export interface TransportRequest {
  method: string;
  url: URL | string;
  headers: Record<string, string>;
  body?: RequestBody | undefined;
  /** Ends the exchange at any stage: connecting, waiting, or reading the body. */
  signal?: AbortSignal | undefined;
}

/** Response headers: lower-case names; a list where a field came more than once. */
export type ResponseHeaders = Record<string, string | string[] | undefined>;

/** One HTTP response. `body` gives the content after any content coding is undone; it must be read or destroyed. */
export interface TransportResponse {
  status: number;
  headers: ResponseHeaders;
  body: Readable;
}

/** Moves one request and its response. It never follows a redirect, never retries and knows no credentials. */
export interface Transport {
  /** Resolves when the headers are there. Rejects with whatever its carrier throws. */
  send(request: TransportRequest): Promise<TransportResponse>;
  /** Gives its sockets back. What is in flight fails; later sends fail with `ClosedError`. */
  close(): Promise<void>;
  /** Aborts when `close()` is called, where a transport has it: calls that wait for their next attempt end then. */
  readonly closed?: AbortSignal | undefined;
}
