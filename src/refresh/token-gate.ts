import { isWebexAuthError, RateLimitError, type WebexAuthError } from '../errors.js';
import { ClientBreaker, type ClientBreakerOptions } from './client-breaker.js';
import { GateLook } from './gate-look.js';
import { LONGEST_WAIT_MS } from './refresh-policy.js';
import { TurnQueue, type Urgency } from './turn-queue.js';

/** The gate that a 429 of the token endpoint shuts for the whole client. */
const TOKEN_GATE = 'token-endpoint';

const DEFAULT_WAIT_MS = 60_000;
// Where `Retry-After` lies in the past, or is 0.
const SHORTEST_WAIT_MS = 5_000;

/** What the gate needs. */
export interface TokenGateOptions extends ClientBreakerOptions {
  random?: (() => number) | undefined;
  /** Throws while the token endpoint is left alone after an outage; lets one call through when it is time to look again. */
  enterCircuit?: (() => void) | undefined;
}

/** Stands before the token endpoint, for all processes of a client: a 429, a client that Webex refuses, an outage. Grants are not touched by any of them. */
export class TokenGate {
  readonly #options: TokenGateOptions;
  readonly #store: GateLook;
  readonly #breaker: ClientBreaker;
  readonly #turns: TurnQueue;
  // On the monotonic clock: a wall clock that is set cannot prolong it.
  #opensAt = -Infinity;
  // Tells one shutting from another; milliseconds since the epoch.
  #until = 0;
  #wasShut = false;

  constructor(options: TokenGateOptions) {
    const { clock, random = Math.random } = options;
    this.#options = options;
    this.#store = new GateLook(options, TOKEN_GATE, (gate) => gate && this.#adopt(gate.until));
    this.#breaker = new ClientBreaker(options);
    this.#turns = new TurnQueue({ clock, random });
  }

  /** Whether Webex refuses the client, as this process knows. */
  get isClientRefused(): boolean {
    return this.#breaker.isOpen;
  }

  /** Lets a sign-in pass, or throws why not, with `retryAt`. It never waits. */
  async admit(): Promise<void> {
    await this.#store.look();
    const refusal =
      this.#rateRefusal() ?? (await this.#breaker.enter({ byHand: true })) ?? this.#circuitRefusal();
    if (refusal) throw refusal;
  }

  /**
   * Lets a refresh pass, in its turn, or gives why not. One that is presented `again` because its answer got lost waits for nothing but a
   * 429. Rejects with the signal's reason.
   */
  async enter(urgency: Urgency | 'again', signal: AbortSignal): Promise<WebexAuthError | undefined> {
    await this.#store.look();
    const limited = this.#rateRefusal();
    if (limited || urgency === 'again') return limited;
    const refusal = (await this.#breaker.enter({ byHand: urgency === 'manual' })) ?? this.#circuitRefusal();
    if (refusal) return refusal;
    if (this.#wasShut) {
      this.#wasShut = false;
      this.#turns.opened(this.#options.clock.monotonic() - this.#opensAt);
    }
    const turn = this.#turns.turn(urgency, signal);
    if (turn === false) return rateError(this.#options.clock.now() + DEFAULT_WAIT_MS);
    if (turn === undefined) return undefined;
    await turn;
    // Meanwhile others may have met a 429.
    return this.enter('again', signal);
  }

  /**
   * Tells what Webex refused. `grant`: whose refresh it was, unless it is in doubt already. A 429 shuts the gate for as long as asked, a minute
   * where nothing is said, a day at most.
   */
  async refused(error: WebexAuthError, grant?: string): Promise<void> {
    if (!(error instanceof RateLimitError)) return this.#breaker.refused(error, grant);
    const { gates, owner, clock } = this.#options;
    const now = clock.now();
    const asked = error.retryAt === undefined ? DEFAULT_WAIT_MS : error.retryAt - now;
    const waitMs = asked > 0 ? Math.min(asked, LONGEST_WAIT_MS) : SHORTEST_WAIT_MS;
    this.#shut(now + waitMs, waitMs);
    this.#store.known();
    // A store that is away must not fail the refresh: this process knows the gate anyway.
    const gate = { until: now + waitMs, reason: error.code };
    const standing = await gates.shut(owner, TOKEN_GATE, gate).catch(() => undefined);
    if (standing) this.#adopt(standing.until);
  }

  /** Webex knew the client: it answered with a token, or with a verdict on what was presented. */
  accepted(): Promise<void> {
    return this.#breaker.accepted();
  }

  #adopt(until: number): void {
    if (until !== this.#until)
      this.#shut(until, Math.min(until - this.#options.clock.now(), LONGEST_WAIT_MS));
  }

  #shut(until: number, waitMs: number): void {
    this.#until = until;
    this.#wasShut = true;
    this.#opensAt = Math.max(this.#opensAt, this.#options.clock.monotonic() + waitMs);
  }

  #rateRefusal(): RateLimitError | undefined {
    const { clock } = this.#options;
    const leftMs = this.#opensAt - clock.monotonic();
    return leftMs > 0 ? rateError(Math.ceil(clock.now() + leftMs)) : undefined;
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
}

function rateError(until: number): RateLimitError {
  return new RateLimitError('The token endpoint asked this client to wait', { retryAt: until });
}
