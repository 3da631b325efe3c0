import type { Clock } from '../base/clock.js';
import { isWebexAuthError, RateLimitError, type WebexAuthError } from '../errors.js';
import type { GateStore } from '../stores/gate-store.js';
import type { GrantOwner } from '../stores/grant-store.js';
import { ClientBreaker, type ClientBreakerOptions } from './client-breaker.js';
import { TurnQueue, type Urgency } from './turn-queue.js';

/** The gate that a 429 of the token endpoint shuts for the whole client. */
const TOKEN_GATE = 'token-endpoint';

const READ_EVERY_MS = 1_000;
const DEFAULT_WAIT_MS = 60_000;

// A server that names a day in another year must not end all signing in and refreshing.
const LONGEST_WAIT_MS = 24 * 3_600_000;

/** What the gate needs. */
export interface TokenGateOptions extends ClientBreakerOptions {
  gates: GateStore;
  owner: GrantOwner;
  clock: Clock;
  random?: (() => number) | undefined;
  /** Throws while the token endpoint is left alone after an outage; lets one call through when it is time to look again. */
  enterCircuit?: (() => void) | undefined;
}

/** Stands before the token endpoint, for all processes of a client: a 429, a client that Webex refuses, an outage. Grants are not touched by any of them. */
export class TokenGate {
  readonly #options: TokenGateOptions;
  readonly #breaker: ClientBreaker;
  readonly #turns: TurnQueue;
  // Milliseconds since the epoch: the latest opening that is known, and the latest that was noticed.
  #until = 0;
  #openedAt = 0;
  #readAt = -Infinity;

  constructor(options: TokenGateOptions) {
    const { clock, random = Math.random } = options;
    this.#options = options;
    this.#breaker = new ClientBreaker(options);
    this.#turns = new TurnQueue({ clock, random });
  }

  /** Whether Webex refuses the client, as this process knows. */
  get isClientRefused(): boolean {
    return this.#breaker.isOpen;
  }

  /** Lets a sign-in pass, or throws why not, with `retryAt`. It never waits. */
  async admit(): Promise<void> {
    await this.#admitRate();
    const refusal = (await this.#breaker.enter({ byHand: true })) ?? this.#circuitRefusal();
    if (refusal) throw refusal;
  }

  /** Throws where `admit` is certain to: before anything of the sign-in is used up. */
  async assertPassable(): Promise<void> {
    await this.#admitRate();
    const refusal = await this.#breaker.peek();
    if (refusal) throw refusal;
  }

  /**
   * Lets a refresh pass, in its turn, or gives why not. One that is presented `again` because its answer got lost waits for nothing but a
   * 429. Rejects with the signal's reason.
   */
  async enter(urgency: Urgency | 'again', signal: AbortSignal): Promise<WebexAuthError | undefined> {
    const { gates, owner, clock } = this.#options;
    const until = Math.max(this.#until, (await gates.read(owner, TOKEN_GATE))?.until ?? 0);
    if (until > clock.now()) {
      this.#until = until;
      return rateError(until);
    }
    if (until > this.#openedAt) {
      this.#openedAt = until;
      this.#turns.opened(clock.now() - until);
    }
    if (urgency === 'again') return undefined;
    const byHand = urgency === 'manual';
    const refusal = (await this.#breaker.enter({ byHand })) ?? this.#circuitRefusal();
    if (refusal) return refusal;
    const turn = this.#turns.turn(urgency, signal);
    if (turn === false) return rateError(clock.now() + DEFAULT_WAIT_MS);
    if (turn === undefined) return undefined;
    await turn;
    // Meanwhile others may have met a 429.
    return this.enter('again', signal);
  }

  /** Tells what Webex refused. `grant`: whose refresh it was. A 429 shuts the gate for as long as asked, a minute where nothing is said, a day at most. */
  async refused(error: WebexAuthError, grant?: string): Promise<void> {
    if (!(error instanceof RateLimitError)) return this.#breaker.refused(error, grant);
    const { gates, owner, clock } = this.#options;
    const now = clock.now();
    const until = Math.min(error.retryAt ?? now + DEFAULT_WAIT_MS, now + LONGEST_WAIT_MS);
    // A store that is away must not fail the refresh: this process knows the gate anyway.
    const standing = await gates
      .shut(owner, TOKEN_GATE, { until, reason: error.code })
      .catch(() => undefined);
    this.#until = Math.max(until, standing?.until ?? 0);
    this.#readAt = clock.monotonic();
  }

  /** Webex knew the client: it answered with a token, or with a verdict on what was presented. */
  accepted(): Promise<void> {
    return this.#breaker.accepted();
  }

  #circuitRefusal(): WebexAuthError | undefined {
    try {
      this.#options.enterCircuit?.();
      return undefined;
    } catch (error) {
      if (isWebexAuthError(error)) return error;
      throw error;
    }
  }

  async #admitRate(): Promise<void> {
    const { gates, owner, clock } = this.#options;
    if (clock.monotonic() - this.#readAt >= READ_EVERY_MS) {
      this.#until = (await gates.read(owner, TOKEN_GATE))?.until ?? this.#until;
      this.#readAt = clock.monotonic();
    }
    if (this.#until > clock.now()) throw rateError(this.#until);
  }
}

function rateError(until: number): RateLimitError {
  return new RateLimitError('The token endpoint asked this client to wait', { retryAt: until });
}
