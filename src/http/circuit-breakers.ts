import type { Clock } from '../base/clock.js';
import { ServiceUnavailableError } from '../errors.js';

/** When an origin is left alone, and for how long. Milliseconds. */
export interface CircuitBreakersOptions {
  clock: Clock;
  /** How many failures in a row; 5. */
  failures?: number | undefined;
  /** Within which time they must lie; 30,000. */
  withinMs?: number | undefined;
  /** How long the row must have lasted; 1,000. Many calls at once can all meet one hiccup. */
  lastingMs?: number | undefined;
  /** The first rest; 5,000. It doubles with each probe that fails. */
  restMs?: number | undefined;
  /** The longest rest; 60,000. A probe that is not heard of for as long is given up. */
  maxRestMs?: number | undefined;
}

interface Circuit {
  /** When the row of failures began, and its last few; monotonic milliseconds. */
  since: number;
  failures: number[];
  restMs: number;
  /** When the next probe may go; undefined while calls flow. */
  probeAt: number | undefined;
  /** The probe that is under way. */
  probe: Passage | undefined;
}

/** One call's way through; the probe's is an object of its own. */
export interface Passage {
  readonly origin: string;
}

/** Stops calls to an origin that is down: one probe at a time finds out whether it is back. Nothing is kept while all is well. */
export class CircuitBreakers {
  readonly #clock: Clock;
  readonly #circuits = new Map<string, Circuit>();
  readonly #limits: Required<{ [Name in Exclude<keyof CircuitBreakersOptions, 'clock'>]: number }>;

  constructor({ clock, failures, withinMs, lastingMs, restMs, maxRestMs }: CircuitBreakersOptions) {
    this.#clock = clock;
    this.#limits = {
      failures: failures ?? 5,
      withinMs: withinMs ?? 30_000,
      lastingMs: lastingMs ?? 1_000,
      restMs: restMs ?? 5_000,
      maxRestMs: maxRestMs ?? 60_000,
    };
  }

  /** Whether calls to the origin fail at once now. */
  isResting(origin: string): boolean {
    return this.restingUntil(origin) !== undefined;
  }

  /** Until when calls to the origin fail at once, milliseconds since the epoch; undefined = they do not. */
  restingUntil(origin: string): number | undefined {
    const probeAt = this.#circuits.size === 0 ? undefined : this.#circuits.get(origin)?.probeAt;
    const left = probeAt === undefined ? 0 : probeAt - this.#clock.monotonic();
    return left > 0 ? Math.ceil(this.#clock.now() + left) : undefined;
  }

  /** Lets a call through, as the probe where one is due, or throws `ServiceUnavailableError` with `retryAt`. Tell what became of it. */
  enter(origin: string): Passage | undefined {
    const circuit = this.#circuits.size === 0 ? undefined : this.#circuits.get(origin);
    if (circuit?.probeAt === undefined) return undefined;
    const retryAt = this.restingUntil(origin);
    if (retryAt !== undefined)
      throw new ServiceUnavailableError(
        `Nothing was sent: ${origin} is resting after failures in a row; try again after retryAt`,
        { retryAt },
      );
    circuit.probeAt = this.#clock.monotonic() + this.#limits.maxRestMs;
    return (circuit.probe = { origin });
  }

  /** The origin answered, if only with a refusal: calls flow again. */
  succeeded(origin: string): void {
    if (this.#circuits.size > 0) this.#circuits.delete(origin);
  }

  /** A 5xx, a failed connection, or no answer in time. */
  failed(origin: string, passage: Passage | undefined): void {
    const { failures, withinMs, lastingMs, restMs, maxRestMs } = this.#limits;
    const now = this.#clock.monotonic();
    let circuit = this.#circuits.get(origin);
    if (circuit?.probeAt !== undefined) {
      // What was sent before the rest began says nothing new.
      if (passage === undefined || circuit.probe !== passage) return;
      circuit.probe = undefined;
      circuit.restMs = Math.min(circuit.restMs * 2, maxRestMs);
      circuit.probeAt = now + circuit.restMs;
      return;
    }
    const last = circuit?.failures.at(-1);
    if (!circuit || last === undefined || now - last > withinMs) {
      circuit = { since: now, failures: [], restMs, probeAt: undefined, probe: undefined };
      this.#circuits.set(origin, circuit);
    }
    circuit.failures.push(now);
    if (circuit.failures.length > failures) circuit.failures.shift();
    const [first = now] = circuit.failures;
    if (circuit.failures.length < failures || now - first > withinMs || now - circuit.since < lastingMs)
      return;
    circuit.probeAt = now + circuit.restMs;
  }

  /** The caller gave up, or nothing was sent: no verdict. Another call may be the probe. */
  left(origin: string, passage: Passage | undefined): void {
    const circuit = this.#circuits.get(origin);
    if (!circuit || passage === undefined || circuit.probe !== passage) return;
    circuit.probe = undefined;
    circuit.probeAt = this.#clock.monotonic();
  }
}
