import type { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { sentText } from '../base/sent-text.js';
import { trackingIdOf } from '../base/tracking-id.js';
import type { RequestMessage, TracedWork } from '../base/tracing.js';
import { isWebexAuthError, ProtocolError } from '../errors.js';
import type { Deadline } from './deadline.js';
import { headerValue } from './header-fields.js';
import { bodyTooLarge, limitedBody } from './limited-body.js';
import { networkError } from './network-error.js';
import { sentTrackingId } from './tracking-id.js';
import type { ResponseHeaders, Transport, TransportRequest } from './transport.js';

const WITHOUT_BODY = new Set([101, 103, 204, 205, 304]);

/** A response whose body is still under the exchange's deadline. Read it once: whole, as a stream, or not at all. */
export class Answer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** False where HTTP allows no body, or the server said that it is empty. */
  readonly hasBody: boolean;
  readonly #body: Readable;
  readonly #deadline: Deadline;
  readonly #origin: string;
  readonly #request: TransportRequest;

  constructor({ request, status, headers, body, deadline, origin }: AnswerParts) {
    this.status = status;
    this.headers = headers;
    this.hasBody =
      request.method !== 'HEAD' && !WITHOUT_BODY.has(status) && headers['content-length'] !== '0';
    this.#body = body;
    this.#deadline = deadline;
    this.#origin = origin;
    this.#request = request;
    deadline.follow(this);
    // An error before anyone reads must not become an uncaught one.
    body.on('error', () => undefined);
    this.watched();
  }

  /** The answer's, of its header or its body (webex-facts 4.1); else the one that was sent. */
  trackingId(body?: unknown): string | undefined {
    const told = typeof body === 'object' && body && 'trackingId' in body ? body.trackingId : undefined;
    const answered = [headerValue(this.headers, 'trackingid'), told];
    return trackingIdOf(answered, sentText(this.#request)) ?? sentTrackingId(this.#request.headers);
  }

  /** Lets the deadline close the connection; again after it was used for something else meanwhile. */
  watched(): this {
    this.#deadline.onStop((reason) => this.#body.destroy(reason as Error));
    return this;
  }

  /** The whole body; the deadline goes on. Rejects with `ResponseTooLargeError`, `TimeoutError`, the caller's reason, or a network error. */
  async bytes(maxBytes: number): Promise<Buffer> {
    try {
      return await limitedBody(this.#body, maxBytes);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** The body as it arrives, as fast as it is read. */
  stream(maxBytes: number): ReadableStream<Uint8Array> {
    const chunks = this.#body.iterator() as AsyncIterator<Buffer, undefined>;
    let size = 0;
    const pull = async (controller: { enqueue(chunk: Uint8Array): void; close(): void }): Promise<void> => {
      try {
        const { done, value } = await chunks.next();
        if (done) {
          this.#deadline.end();
          return controller.close();
        }
        size += value.length;
        if (size > maxBytes) throw bodyTooLarge(maxBytes);
        controller.enqueue(value);
      } catch (error) {
        const mapped = this.#failure(error);
        this.discard();
        throw mapped;
      }
    };
    return new ReadableStream({ pull, cancel: () => this.discard() }, { highWaterMark: 0 });
  }

  /** Not interested in the body. Where there is none the connection lives on. */
  discard(): void {
    this.#deadline.end();
    if (this.hasBody) this.#body.destroy();
    else this.#body.resume();
  }

  /** Reads and forgets a body of at most `maxBytes`, so that the connection can be used again under the same deadline. */
  async drain(maxBytes: number): Promise<void> {
    await limitedBody(this.#body, maxBytes).catch(() => this.#body.destroy());
  }

  /** Closes the connection if the body has not been read to its end; the deadline goes on. */
  drop(): void {
    if (!this.#body.readableEnded) this.#body.destroy();
  }

  #failure(error: unknown): unknown {
    return failure(error, this.#deadline, this.#origin);
  }
}

interface AnswerParts {
  request: TransportRequest;
  status: number;
  headers: ResponseHeaders;
  body: Readable;
  deadline: Deadline;
  origin: string;
}

/** Where a request is told of, and as what. */
interface Watched {
  work: TracedWork<RequestMessage>;
  purpose: RequestMessage['purpose'];
}

/** By what a request goes, and who watches it. */
export interface Exchange {
  transport: Transport;
  deadline: Deadline;
  origin: string;
  watched?: Watched | undefined;
  /** How often the same call was sent before. */
  resends?: number | undefined;
}

/** Sends one request under a deadline, which goes on for the body. Failures are errors of this library or the caller's own reason. */
export function answerTo(request: TransportRequest, exchange: Exchange): Promise<Answer> {
  const { deadline, watched } = exchange;
  deadline.follow(request);
  return watched?.work.isWatched ? tracedAnswer(request, watched, exchange) : exchanged(request, exchange);
}

function tracedAnswer(
  request: TransportRequest,
  { work, purpose }: Watched,
  exchange: Exchange,
): Promise<Answer> {
  const { resends = 0, deadline } = exchange;
  const { origin, pathname } = new URL(request.url);
  const message: RequestMessage = { method: request.method, origin, path: pathname, purpose, resends };
  return work.run(message, async () => {
    try {
      const answer = await exchanged(request, exchange);
      message.status = answer.status;
      return answer;
    } catch (error) {
      if (isWebexAuthError(error)) message.error = error;
      message.code = message.error?.code ?? 'ABORTED';
      throw error;
    } finally {
      message.trackingId = deadline.trackingId;
    }
  });
}

async function exchanged(
  request: TransportRequest,
  { transport, deadline, origin }: Exchange,
): Promise<Answer> {
  try {
    const sending = transport.send({ ...request, signal: deadline.signal });
    const response = await deadline.race(sending, ({ body }) => body.on('error', () => undefined).destroy());
    if (response.status < 200 || response.status > 599) {
      response.body.on('error', () => undefined).destroy();
      throw new ProtocolError(`${origin} answered with a status outside HTTP's range`, {
        status: response.status,
      });
    }
    return new Answer({ ...response, request, deadline, origin });
  } catch (error) {
    throw failure(error, deadline, origin);
  }
}

function failure(error: unknown, { signal, trackingId }: Deadline, origin: string): unknown {
  if (signal.aborted) return signal.reason as unknown;
  const failed = networkError(error, origin);
  // Where it was made the id was not known. One that tells all calls of a transport's end belongs to none of them.
  if (failed.code === 'CLOSED' || failed.trackingId !== undefined) return failed;
  return Object.assign(failed, { trackingId });
}
