import type { Clock, Timer } from '../base/clock.js';
import { TimeoutError } from '../errors.js';
import { onAbort } from '../base/on-abort.js';
import { sentTrackingId } from './tracking-id.js';

/** How long an exchange may take, and who else may end it. */
export interface DeadlineOptions {
  clock: Clock;
  /** Milliseconds; `Infinity` for none. */
  ms: number;
  /** The caller's own way out. */
  signal?: AbortSignal | undefined;
  /** What did not come in time, for the error: an origin, never a whole URL. */
  origin: string;
}

type Exchange = { readonly headers: Readonly<Record<string, string>> } | { trackingId(): string | undefined };

/**
 * One deadline over connecting, headers and body together, joined with the caller's signal. The caller's abort ends
 * the exchange with the caller's reason, ours with `TimeoutError`. `end()` must be called when the exchange is over.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #endsAt: number;
  readonly #timer: Timer;
  readonly #leaveCaller: (() => void) | undefined;
  #onStop: ((reason: unknown) => void) | undefined;
  #exchange: Exchange | undefined;

  constructor({ clock, ms, signal, origin }: DeadlineOptions) {
    this.#clock = clock;
    this.#endsAt = clock.monotonic() + ms;
    this.#timer = clock.after(ms, () =>
      this.stop(
        new TimeoutError(`No complete answer from ${origin} within ${ms} ms; try again later`, {
          trackingId: this.trackingId,
        }),
      ),
    );
    if (signal) this.#leaveCaller = onAbort(signal, () => this.stop(signal.reason));
  }

  /** Aborts when the deadline passes or the caller gives up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What is under way from now on: a request that is sent, then its answer. */
  follow(exchange: Exchange): void {
    this.#exchange = exchange;
  }

  /** By which support finds what is under way; undefined while nothing was sent. */
  get trackingId(): string | undefined {
    const exchange = this.#exchange;
    return exchange && ('trackingId' in exchange ? exchange.trackingId() : sentTrackingId(exchange.headers));
  }

  /** What is left of it, milliseconds. */
  leftMs(): number {
    return this.#endsAt - this.#clock.monotonic();
  }

  /** Calls `run` with the reason when the exchange is cut short, at once if it was. Replaces the one set before. */
  onStop(run: (reason: unknown) => void): void {
    this.#onStop = run;
    if (this.signal.aborted) run(this.signal.reason);
  }

  /**
   * The outcome of `work`, or the reason as soon as the exchange is cut short: work that does not heed the signal (a
   * connection attempt does not) keeps nobody waiting. `discard` gets a result that comes too late.
   */
  race<Result>(work: Promise<Result>, discard?: (late: Result) => void): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.onStop(reject);
      work.then((result) => {
        if (this.signal.aborted) discard?.(result);
        else resolve(result);
      }, reject);
    });
  }

  /** Stops the timer and lets go of the caller's signal. May be called more than once. */
  end(): void {
    this.#onStop = undefined;
    this.#timer.cancel();
    this.#leaveCaller?.();
  }

  /** Cuts the exchange short now, for this reason. */
  stop(reason: unknown): void {
    const onStop = this.#onStop;
    this.end();
    this.#controller.abort(reason);
    onStop?.(reason);
  }
}
