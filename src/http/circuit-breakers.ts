import type { Clock } from '../base/clock.js';
import { ServiceUnavailableError } from '../errors.js';
import type { Witness } from './origin-trouble.js';

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
  row: { at: number; witness: Witness | undefined }[];
  restMs: number;
  /** When the next probe may go; undefined while calls flow. */
  probeAt: number | undefined;
  /** The probe that is under way. */
  probe: Passage | undefined;
  /** Principals and resources that were tried since it opened, or since the last probe. */
  tried: Set<unknown>;
}

/** One call's way through; the probe's is an object of its own. */
export interface Passage {
  readonly origin: string;
}

// So many principals and resources are told apart during one rest: in a true outage each costs a call.
const MOST_TRIED = 16;

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

  /**
   * Lets a call through, as the probe where one is due, or throws `ServiceUnavailableError` with `retryAt`. During a rest the first
   * call of a principal or for a resource that did not fail still goes: its success ends the rest. Tell what became of it.
   */
  enter(origin: string, witness?: Witness): Passage | undefined {
    const circuit = this.#circuits.size === 0 ? undefined : this.#circuits.get(origin);
    if (circuit?.probeAt === undefined) return undefined;
    const retryAt = this.restingUntil(origin);
    if (retryAt === undefined) {
      circuit.probeAt = this.#clock.monotonic() + this.#limits.maxRestMs;
      return (circuit.probe = { origin });
    }
    // Where the origin could not be reached at all, nobody reaches it.
    if (witness && !isUnreachable(circuit) && isNew(circuit, witness)) return undefined;
    throw new ServiceUnavailableError(
      `Nothing was sent: ${origin} is resting after failures in a row; try again after retryAt`,
      { retryAt },
    );
  }

  /** The origin answered, if only with a refusal: calls flow again. */
  succeeded(origin: string): void {
    if (this.#circuits.size > 0) this.#circuits.delete(origin);
  }

  /**
   * An attempt says that the origin is down, or, with a witness, that it or the resource may be: a row of such failures opens
   * the circuit only if it holds two resources.
   */
  failed(origin: string, passage: Passage | undefined, witness?: Witness): void {
    const { failures, withinMs, lastingMs, restMs, maxRestMs } = this.#limits;
    const now = this.#clock.monotonic();
    let circuit = this.#circuits.get(origin);
    if (circuit?.probeAt !== undefined) {
      // What was sent before the rest began says nothing new.
      if (passage === undefined || circuit.probe !== passage) return;
      circuit.probe = undefined;
      circuit.restMs = Math.min(circuit.restMs * 2, maxRestMs);
      circuit.probeAt = now + circuit.restMs;
      circuit.tried = triedBy([witness]);
      return;
    }
    const last = circuit?.row.at(-1);
    if (!circuit || last === undefined || now - last.at > withinMs) {
      circuit = { since: now, row: [], restMs, probeAt: undefined, probe: undefined, tried: new Set() };
      this.#circuits.set(origin, circuit);
    }
    const { row, since } = circuit;
    row.push({ at: now, witness });
    if (row.length > failures) row.shift();
    const first = row[0]?.at ?? now;
    if (row.length < failures || now - first > withinMs || now - since < lastingMs) return;
    if (new Set(row.map((one) => one.witness?.resource)).size < 2 && !isUnreachable(circuit)) return;
    circuit.probeAt = now + circuit.restMs;
    circuit.tried = triedBy(row.map((one) => one.witness));
  }

  /** The caller gave up, or nothing was sent: no verdict. Another call may be the probe. */
  left(origin: string, passage: Passage | undefined): void {
    const circuit = this.#circuits.get(origin);
    if (!circuit || passage === undefined || circuit.probe !== passage) return;
    circuit.probe = undefined;
    circuit.probeAt = this.#clock.monotonic();
  }
}

function isUnreachable({ row }: Circuit): boolean {
  return row.every(({ witness }) => witness === undefined);
}

/** Whether its principal or its resource was not tried yet; from now on they were. */
function isNew({ tried }: Circuit, { principal, resource }: Witness): boolean {
  if ((tried.has(principal) && tried.has(resource)) || tried.size >= MOST_TRIED) return false;
  tried.add(principal).add(resource);
  return true;
}

function triedBy(witnesses: readonly (Witness | undefined)[]): Set<unknown> {
  return new Set(witnesses.flatMap((one) => (one ? [one.principal, one.resource] : [])));
}
