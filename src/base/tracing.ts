import { channel, tracingChannel, type Channel, type TracingChannel } from 'node:diagnostics_channel';
import type { Clock } from './clock.js';

/** An error with a stable code, as all of this library's are: printable, no secret in it. */
export interface CodedError extends Error {
  readonly code: string;
}

/** How traced work ended; filled in before `asyncStart`. */
export interface TracedOutcome {
  /** How long it took, milliseconds. */
  ms?: number;
  trackingId?: string | undefined;
  /** Code of the error, or `ABORTED` when the caller gave up. */
  code?: string | undefined;
  /** Only an error of this library: what a caller aborts with may be anything. */
  error?: CodedError | undefined;
}

/**
 * One request on the wire, from sending it to the end of its body where that is read whole, else to its status and headers. No query,
 * header, body or token is ever in it.
 */
export interface RequestMessage extends TracedOutcome {
  readonly method: string;
  readonly origin: string;
  readonly path: string;
  /** `api`: a call that the application makes; `authorization`: one that is made to get, check or end tokens. */
  readonly purpose: 'api' | 'authorization';
  /** How often the same call was sent before: after a 401, a rate limit, an outage. */
  readonly resends: number;
  status?: number;
}

/** One refresh of one grant, however many callers wait for it and however often its token is presented. */
export interface RefreshMessage extends TracedOutcome {
  readonly subject: string;
  readonly cause: string;
  /** `unchanged`: another process did it, or the token need not or cannot be renewed. */
  outcome?: 'refreshed' | 'unchanged' | 'failed';
}

/** A call that will be repeated. */
export interface RetryMessage {
  readonly attempt: number;
  readonly delayMs: number;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly method: string;
  readonly origin: string;
  readonly trackingId?: string | undefined;
}

/** A call of the application's that failed before anything was sent, or sent again. */
export interface RefusalMessage {
  readonly code: string;
  readonly method: string;
  /** Undefined where it was the address that was refused: that may be anything. */
  readonly origin?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly retryAt?: number | undefined;
}

/** An event of `WebexAuthEvents`. */
export interface EventMessage {
  readonly name: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Runs the work, and looks on: before it, after it, or with something of its own around it. */
export type Watcher<Message> = <Result>(message: Message, work: () => Promise<Result>) => Promise<Result>;

/** Work that is published on a tracing channel of the process, and to watchers of its own. Unwatched it costs a comparison. */
export class TracedWork<Message extends TracedOutcome> {
  readonly #channel: TracingChannel<Message, Message>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #watchers: { watcher: Watcher<Message>; isActive: () => boolean }[] = [];

  constructor(name: string, clock: Pick<Clock, 'monotonic'>) {
    this.#channel = tracingChannel(name);
    this.#clock = clock;
  }

  /** Whether anybody would see it. */
  get isWatched(): boolean {
    for (const { isActive } of this.#watchers) if (isActive()) return true;
    return this.#channel.hasSubscribers;
  }

  /** Adds a watcher, which is left out while it is not active; a later one sees what an earlier one puts around the work. */
  watch(watcher: Watcher<Message>, isActive: () => boolean = () => true): void {
    this.#watchers.push({ watcher, isActive });
  }

  /** Runs `work`, which writes what came of it into `message` before it settles. */
  run<Result>(message: Message, work: () => Promise<Result>): Promise<Result> {
    let run = (): Promise<Result> => this.#publish(message, work);
    for (const { watcher, isActive } of this.#watchers.toReversed()) {
      const inner = run;
      if (isActive()) run = () => watcher(message, inner);
    }
    return run();
  }

  // As `tracePromise`, but the result stays here: it holds what nobody may see.
  #publish<Result>(message: Message, work: () => Promise<Result>): Promise<Result> {
    const { start, end, asyncStart, asyncEnd, error } = this.#channel;
    const started = this.#clock.monotonic();
    return start.runStores(message, () => {
      const settled = work().finally(() => {
        message.ms = this.#clock.monotonic() - started;
        if (message.error) error.publish(message);
        asyncStart.publish(message);
        asyncEnd.publish(message);
      });
      end.publish(message);
      return settled;
    });
  }
}

/** News that are published on a channel of the process, and to listeners of its own. */
class News<Message extends object> {
  readonly #channel: Channel;
  readonly #listeners: ((message: Message) => void)[] = [];

  constructor(name: string) {
    this.#channel = channel(name);
  }

  /** Adds a listener, which must not throw. */
  listen(listener: (message: Message) => void): void {
    this.#listeners.push(listener);
  }

  publish(message: Message): void {
    for (const listener of this.#listeners) listener(message);
    if (this.#channel.hasSubscribers) this.#channel.publish(message);
  }
}

/** What one application part (a `Webex`, a `WebexAuth`) tells of its work; the channels are the same for all of them. */
export class Tracing {
  readonly requests: TracedWork<RequestMessage>;
  readonly refreshes: TracedWork<RefreshMessage>;
  readonly retries = new News<RetryMessage>('webex-auth.retry');
  readonly refusals = new News<RefusalMessage>('webex-auth.refusal');
  readonly events = new News<EventMessage>('webex-auth.event');

  constructor({ clock }: { clock: Pick<Clock, 'monotonic'> }) {
    this.requests = new TracedWork('webex-auth.request', clock);
    this.refreshes = new TracedWork('webex-auth.refresh', clock);
  }
}
