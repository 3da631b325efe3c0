import { InvalidClientError, UnauthorizedError, type WebexAuthError } from '../errors.js';
import type { OnceStore } from '../stores/once-store.js';
import { GateLook, type GateLookOptions } from './gate-look.js';

const PROBE_EVERY_MS = 10_000;
const SHUT_MS = 24 * 3_600_000;
const GRANTS_REFUSED = 3;
const WITHIN_MS = 10 * 60_000;

/** What the breaker needs. */
export interface ClientBreakerOptions extends GateLookOptions {
  once: OnceStore;
  /** Tells one set of client secrets from another: a process that has the right one is not stopped by those that have not. */
  secrets: string;
  /** Hears, once, that the breaker opened. */
  onOpen: (code: string) => void;
}

/**
 * One breaker for the client, in all processes. `invalid_client` opens it, and so do 401s for three grants within ten minutes with no success
 * between. While it is open no grant is touched: every 10 s one call of the whole fleet finds out whether Webex knows the client again.
 */
export class ClientBreaker {
  readonly #options: ClientBreakerOptions;
  readonly #gate: string;
  readonly #store: GateLook;
  // Grants that got a 401 lately, with when; monotonic milliseconds.
  readonly #refused = new Map<string, number>();
  #code: string | undefined;
  // When the probe under way began; monotonic milliseconds.
  #probeSince = -Infinity;
  #lastSlot = -Infinity;

  constructor(options: ClientBreakerOptions) {
    this.#options = options;
    this.#gate = `client:${options.secrets}`;
    this.#store = new GateLook(options, this.#gate, (gate) => void (this.#code = gate?.reason));
  }

  /** Whether it is open, as this process knows. */
  get isOpen(): boolean {
    return this.#code !== undefined;
  }

  /**
   * Why a call may not go now; undefined: it may, as the probe where the breaker is open. What a person waits for probes whenever no other probe
   * of this process is under way. The store is read at most once a second.
   */
  async enter({ byHand }: { byHand: boolean }): Promise<WebexAuthError | undefined> {
    await this.#store.look();
    if (this.#code === undefined) return undefined;
    const now = this.#options.clock.monotonic();
    if (now - this.#probeSince < PROBE_EVERY_MS) return this.#refusal();
    if (!byHand && !(await this.#winsSlot())) return this.#refusal();
    this.#probeSince = now;
    return undefined;
  }

  /** Tells what Webex said of the client. `grant`: whose refresh it was; a 401 of a sign-in, of a grant in doubt, or one without a status counts for nobody. */
  async refused(error: WebexAuthError, grant: string | undefined): Promise<void> {
    if (error instanceof InvalidClientError) return this.#open(error.code);
    if (!(error instanceof UnauthorizedError) || error.status !== 401 || grant === undefined) return;
    const now = this.#options.clock.monotonic();
    this.#refused.set(grant, now);
    for (const [other, at] of this.#refused) if (now - at > WITHIN_MS) this.#refused.delete(other);
    if (this.#refused.size >= GRANTS_REFUSED) await this.#open(error.code);
  }

  /** Webex knew the client: calls flow again, everywhere. */
  async accepted(): Promise<void> {
    this.#refused.clear();
    this.#probeSince = -Infinity;
    if (this.#code === undefined) return;
    this.#code = undefined;
    const { gates, owner } = this.#options;
    this.#store.known();
    await gates.open(owner, this.#gate).catch(() => undefined);
  }

  async #open(code: string): Promise<void> {
    const { gates, owner, clock, onOpen } = this.#options;
    const known = this.#code !== undefined;
    this.#refused.clear();
    this.#code = code;
    this.#store.known();
    this.#probeSince = -Infinity;
    this.#lastSlot = this.#slot();
    if (known) return;
    onOpen(code);
    // The store spares the other processes finding out; one that is away must not hide what Webex said.
    await gates
      .shut(owner, this.#gate, { until: clock.now() + SHUT_MS, reason: code })
      .catch(() => undefined);
  }

  // Each stretch of ten seconds has one probe, whoever asks first.
  async #winsSlot(): Promise<boolean> {
    const slot = this.#slot();
    if (slot === this.#lastSlot) return false;
    this.#lastSlot = slot;
    const { once, owner } = this.#options;
    const id = JSON.stringify(['probe', owner.tenant, owner.clientId, this.#gate, slot]);
    return once.consume(id, { expiresAt: (slot + 2) * PROBE_EVERY_MS });
  }

  #slot(): number {
    return Math.floor(this.#options.clock.now() / PROBE_EVERY_MS);
  }

  #refusal(): WebexAuthError {
    const retryAt = (this.#slot() + 1) * PROBE_EVERY_MS;
    return this.#code === 'UNAUTHORIZED'
      ? new UnauthorizedError(
          'Nothing was sent: Webex answered 401 for several grants; see that the client is enabled',
          {
            retryAt,
          },
        )
      : new InvalidClientError(
          'Nothing was sent: Webex refuses the client id or secret; set the right one and start again',
          { retryAt },
        );
  }
}
