import type { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { sentText } from '../base/sent-text.js';
import { trackingIdOf } from '../base/tracking-id.js';
import type { Deadline } from './deadline.js';
import { headerValue } from './header-fields.js';
import { bodyTooLarge, limitedBody } from './limited-body.js';
import { networkError } from './network-error.js';
import { sentTrackingId } from './tracking-id.js';
import type { ResponseHeaders, TransportRequest } from './transport.js';

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
  readonly #mayHoldSecrets: boolean;
  #audience: Audience | undefined;

  constructor({ request, status, headers, body, deadline, origin, issuesSecrets }: AnswerParts) {
    this.status = status;
    this.headers = headers;
    this.hasBody =
      request.method !== 'HEAD' && !WITHOUT_BODY.has(status) && headers['content-length'] !== '0';
    this.#body = body;
    this.#deadline = deadline;
    this.#origin = origin;
    this.#request = request;
    this.#mayHoldSecrets = issuesSecrets && status < 300;
    deadline.follow(this);
    // An error before anyone reads must not become an uncaught one.
    body.on('error', () => undefined);
    this.watched();
  }

  /** The answer's, of its header or its body (webex-facts 4.1); else, and where it might hold a new secret, the one that was sent. */
  trackingId(body?: unknown): string | undefined {
    if (this.#mayHoldSecrets) return sentTrackingId(this.#request.headers);
    const told = typeof body === 'object' && body && 'trackingId' in body ? body.trackingId : undefined;
    const answered = [headerValue(this.headers, 'trackingid'), told];
    return trackingIdOf(answered, sentText(this.#request)) ?? sentTrackingId(this.#request.headers);
  }

  /** Lets the deadline close the connection; again after it was used for something else meanwhile. */
  watched(): this {
    this.#deadline.onStop((reason) => this.#body.destroy(reason as Error));
    return this;
  }

  /** Lets those who watch the exchange wait for its body too: until `bytes` or `leaveBody`, one of which must be called. */
  toldTo(audience: Audience): this {
    this.#audience = audience;
    return this;
  }

  /** The exchange is over for those who watch it: its body is left to somebody else, or to nobody. Resolves when they know. */
  leaveBody(): Promise<unknown> | undefined {
    this.#audience?.tell();
    return this.#audience?.told;
  }

  /** The whole body; the deadline goes on. Rejects with `ResponseTooLargeError`, `TimeoutError`, the caller's reason, or a network error. */
  bytes(maxBytes: number): Promise<Buffer> {
    const reading = this.#read(maxBytes);
    if (!this.#audience) return reading;
    this.#audience.tell(reading);
    // Rejects as the reading does.
    return this.#audience.told.then(() => reading);
  }

  async #read(maxBytes: number): Promise<Buffer> {
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
    return exchangeFailure(error, this.#deadline, this.#origin);
  }
}

interface AnswerParts {
  request: TransportRequest;
  status: number;
  headers: ResponseHeaders;
  body: Readable;
  deadline: Deadline;
  origin: string;
  issuesSecrets: boolean;
}

/** Those who watch an exchange: `tell` says how it ends, `told` settles when they know. Told twice they hear the first. */
interface Audience {
  tell: (end?: Promise<unknown>) => void;
  told: Promise<unknown>;
}

/** What an exchange failed with, as callers see it: the deadline's reason, or an error of this library. */
export function exchangeFailure(error: unknown, { signal, trackingId }: Deadline, origin: string): unknown {
  if (signal.aborted) return signal.reason as unknown;
  const failed = networkError(error, origin);
  // Where it was made the id was not known. One that tells all calls of a transport's end belongs to none of them.
  if (failed.code === 'CLOSED' || failed.trackingId !== undefined) return failed;
  return Object.assign(failed, { trackingId });
}
