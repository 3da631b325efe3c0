import type { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { ProtocolError } from '../errors.js';
import type { Deadline } from './deadline.js';
import { bodyTooLarge, limitedBody } from './limited-body.js';
import { networkError } from './network-error.js';
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

  constructor({ method, status, headers, body, deadline, origin }: AnswerParts) {
    this.status = status;
    this.headers = headers;
    this.hasBody = method !== 'HEAD' && !WITHOUT_BODY.has(status) && headers['content-length'] !== '0';
    this.#body = body;
    this.#deadline = deadline;
    this.#origin = origin;
    // An error before anyone reads must not become an uncaught one.
    body.on('error', () => undefined);
    this.watched();
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
      throw failure(error, this.#deadline, this.#origin);
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
        const mapped = failure(error, this.#deadline, this.#origin);
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
}

interface AnswerParts {
  method: string;
  status: number;
  headers: ResponseHeaders;
  body: Readable;
  deadline: Deadline;
  origin: string;
}

/** Sends one request under a deadline, which goes on for the body. Failures are errors of this library or the caller's own reason. */
export async function answerTo(
  request: TransportRequest,
  { transport, deadline, origin }: { transport: Transport; deadline: Deadline; origin: string },
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
    return new Answer({ ...response, method: request.method, deadline, origin });
  } catch (error) {
    throw failure(error, deadline, origin);
  }
}

function failure(error: unknown, { signal }: Deadline, origin: string): unknown {
  return signal.aborted ? (signal.reason as unknown) : networkError(error, origin);
}
