import type { Clock } from '../src/base/clock.js';
import type { Fetch } from '../src/base/fetch.js';
import { parseRetryAfter } from '../src/base/retry-after.js';
import { describeExchange, parseObject } from './exchange.js';
import type { Exchange, RawAnswer, RawRequest } from './exchange.js';
import type { KnownSecrets } from './known-secrets.js';
import { learnFromAnswer, learnFromRequest } from './learn-secrets.js';

/** Milliseconds between the beginnings of two requests: two a second at most. */
export const PACE_MS = 500;
const DEADLINE_MS = 30_000;
const LONGEST_BODY = 4 * 1024 * 1024;

/** Webex answered 429: nothing more is asked. */
export class RateLimited extends Error {
  override readonly name = 'RateLimited';
  /** Seconds that Webex wants us to wait; undefined where it does not say. */
  readonly retryAfter: number | undefined;

  constructor(retryAfter: number | undefined) {
    super('Webex limits the rate of requests (429)');
    this.retryAfter = retryAfter;
  }
}

/** What a recorder is made of. */
export interface RecorderOptions {
  readonly clock: Clock;
  readonly secrets: KnownSecrets;
  /** Sends one request; Node's own fetch by default. */
  readonly fetch?: Fetch | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests one after the other, slowly, and notes each with its answer. After a 429 it sends no more. */
export class Recorder {
  readonly #options: RecorderOptions;
  #exchanges: Exchange[] = [];
  #nextAt = -Infinity;
  #last: Promise<unknown> = Promise.resolve();
  #limited: RateLimited | undefined;
  #lastAnswer: RawAnswer | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** The 429 that ended it, if one did. */
  get limited(): RateLimited | undefined {
    return this.#limited;
  }

  /** The answer that came last, as it was. */
  get lastAnswer(): RawAnswer | undefined {
    return this.#lastAnswer;
  }

  /** What was exchanged since the last call. */
  takeExchanges(): readonly Exchange[] {
    const taken = this.#exchanges;
    this.#exchanges = [];
    return taken;
  }

  /** As the library wants a fetch: the same requests, noted the same way. */
  readonly fetch: Fetch = async (url, { method, headers, body }) => {
    if (body !== undefined && typeof body !== 'string') throw new TypeError('Only texts are sent here');
    const { status, headers: received, text } = await this.send({ method, url, headers, body });
    const isBare = status === 204 || status === 304;
    return new Response(isBare ? null : text, { status, headers: received });
  };

  /** Sends a request in its turn. `isPublic`: it names nobody, so that its answer may be kept. Errors: `RateLimited`, fetch's own. */
  send(request: RawRequest, { isPublic = false }: { isPublic?: boolean } = {}): Promise<RawAnswer> {
    const sent = this.#last.then(() => this.#send(request, isPublic));
    this.#last = sent.catch(() => undefined);
    return sent;
  }

  async #send(request: RawRequest, isPublic: boolean): Promise<RawAnswer> {
    const { clock, secrets, signal } = this.#options;
    if (this.#limited) throw this.#limited;
    const wait = this.#nextAt - clock.monotonic();
    if (wait > 0) await clock.sleep(wait, { signal });
    signal?.throwIfAborted();
    learnFromRequest(request, secrets);
    this.#nextAt = clock.monotonic() + PACE_MS;
    const answer = await this.#receive(request);
    this.#lastAnswer = answer;
    learnFromAnswer(answer, secrets);
    this.#exchanges.push(describeExchange(request, answer, { secrets, isPublic }));
    if (answer.status === 429) {
      const { receivedAt: now, headers } = answer;
      const ms = parseRetryAfter(headers.get('retry-after'), { date: headers.get('date'), now });
      this.#limited = new RateLimited(ms === undefined ? undefined : Math.ceil(ms / 1000));
      throw this.#limited;
    }
    return answer;
  }

  async #receive({ method, url, headers, body }: RawRequest): Promise<RawAnswer> {
    const { clock, fetch = globalThis.fetch as Fetch, signal } = this.#options;
    const deadline = new AbortController();
    const timer = clock.after(DEADLINE_MS, () => deadline.abort());
    try {
      const either = signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal;
      const response = await fetch(url, {
        method,
        headers: { ...headers },
        ...(body !== undefined && { body }),
        redirect: 'manual',
        signal: either,
      });
      const text = (await response.text()).slice(0, LONGEST_BODY);
      const { status, headers: received } = response;
      return { status, headers: received, text, body: parseObject(text), receivedAt: clock.now() };
    } finally {
      timer.cancel();
    }
  }
}
