/** The part of the fetch function that this library calls. Node's own, or one that you give. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

/** What it is called with. `redirect` is always manual: a secret never follows a redirect. */
export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  body?: string | Uint8Array | ReadableStream<Uint8Array> | undefined;
  redirect: 'manual';
  signal?: AbortSignal | undefined;
}

/** The part of a response that is used where it is read whole: less than a standard `Response`, which is one. */
export interface WholeResponse {
  readonly status: number;
  readonly headers: Pick<Headers, 'get'>;
  /** Of the answer, else the one that was sent; for support. */
  readonly trackingId?: string | undefined;
  text(): string | Promise<string>;
}

/** A fetch whose response is read whole. */
export type WholeFetch = (url: string, init: FetchInit) => Promise<WholeResponse>;
