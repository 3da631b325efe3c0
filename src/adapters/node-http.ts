import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** What an adapter delegates to: `WebexAuth`, or anything else that answers a `Request`. */
export interface HandlerOwner {
  readonly handler: (request: Request) => Promise<Response>;
}

// Never the Host header: nothing below may depend on what a client claims.
const BASE = 'http://webex-auth.invalid';
const LARGEST_BODY = 64 * 1024;

/** A listener for `http.createServer`: `createServer(nodeHttp(auth))`. Request bodies are limited to 64 KiB. */
export function nodeHttp(
  auth: HandlerOwner,
): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void> {
  return async (incoming, outgoing) => {
    try {
      await delegate(auth, { incoming, outgoing, path: incoming.url ?? '/' });
    } catch {
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(500).end();
    }
  };
}

/** Hands one Node request to the handler and its answer back. `path` is what the browser asked for, prefix included. */
export async function delegate(
  auth: HandlerOwner,
  { incoming, outgoing, path }: { incoming: IncomingMessage; outgoing: ServerResponse; path: string },
): Promise<void> {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  const body = new CappedBody(incoming);
  const request = toRequest(incoming, { path, body, signal: gone.signal });
  const response = request ? await answer(auth, request, body) : refusal(400);
  await send(response, outgoing, gone.signal);
}

async function answer(auth: HandlerOwner, request: Request, body: CappedBody): Promise<Response> {
  try {
    const response = await auth.handler(request);
    return body.tooLarge ? refusal(413) : response;
  } catch (error) {
    if (body.tooLarge) return refusal(413);
    throw error;
  }
}

function refusal(status: number): Response {
  return new Response(null, { status, headers: { 'cache-control': 'no-store' } });
}

function toRequest(
  incoming: IncomingMessage,
  { path, body, signal }: { path: string; body: CappedBody; signal: AbortSignal },
): Request | undefined {
  const headers = new Headers();
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at] ?? '', incoming.rawHeaders[at + 1] ?? '');
  }
  const { method = 'GET' } = incoming;
  const hasBody = method !== 'GET' && method !== 'HEAD' && !incoming.readableEnded;
  // Joined as text: parsed as a URL of its own, '//elsewhere/' would be another host.
  const url = BASE + (path.startsWith('/') ? path : '/');
  try {
    const request = new Request(url, {
      method,
      headers,
      signal,
      ...(hasBody && { body: ReadableStream.from(body), duplex: 'half' }),
    });
    // Whom the application's own middleware has recognised, for the hooks that tie a login to them.
    return 'user' in incoming ? Object.defineProperty(request, 'user', { value: incoming.user }) : request;
  } catch {
    return undefined; // TRACE, which fetch forbids
  }
}

async function send(response: Response, outgoing: ServerResponse, gone: AbortSignal): Promise<void> {
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value);
  const cookies = response.headers.getSetCookie();
  // Beside those that the application has set already.
  if (cookies.length > 0) outgoing.appendHeader('set-cookie', cookies);
  if (!response.body) {
    outgoing.end();
    return;
  }
  await pipeline(Readable.fromWeb(response.body), outgoing).catch((error: unknown) => {
    if (!gone.aborted) throw error;
  });
}

/** A request body that is read only when asked for, and no further than allowed. */
class CappedBody implements AsyncIterable<Uint8Array> {
  readonly #incoming: IncomingMessage;
  tooLarge = false;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let size = 0;
    for await (const chunk of this.#incoming as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      this.tooLarge = size > LARGEST_BODY;
      if (this.tooLarge) throw new RangeError('The request body is larger than 64 KiB');
      yield chunk;
    }
  }
}
