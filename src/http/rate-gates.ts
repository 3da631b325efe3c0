import type { Clock } from '../base/clock.js';
import { ConfigurationError } from '../errors.js';
import type { GateStore } from '../stores/gate-store.js';
import type { GrantOwner } from '../stores/grant-store.js';
import { GateLooks } from './gate-looks.js';
import { RateGate, type SharedGate } from './rate-gate.js';

// How long after its opening a gate is still watched for what other processes meet.
const WATCHED_MS = 60_000;

/** Whose gate: a subject, known to all processes; or any object, known to this one only. */
export type PrincipalKey = string | object;

/** How the gates work. */
export interface RateGatesOptions {
  clock: Clock;
  /** Shares the gates of principals that are named by strings with other processes of the same client. */
  shared?: { store: GateStore; owner: GrantOwner } | undefined;
  /** Calls per second that a gate releases when it opens; 10. */
  releasePerSecond?: number | undefined;
  /** How many principals may have a gate; 10,000. */
  maxGates?: number | undefined;
  random?: (() => number) | undefined;
}

/** The rate gates of all principals: none has one before its first 429, here or in another process. */
export class RateGates {
  readonly #clock: Clock;
  readonly #shared: RateGatesOptions['shared'];
  readonly #paceMs: number;
  readonly #maxGates: number;
  readonly #random: () => number;
  readonly #gates = new Map<PrincipalKey, RateGate>();
  readonly #looks: GateLooks;

  constructor(options: RateGatesOptions) {
    const { clock, shared, releasePerSecond = 10, maxGates = 10_000, random = Math.random } = options;
    if (!(releasePerSecond > 0) || !(maxGates >= 1))
      throw new ConfigurationError([
        { setting: 'releasePerSecond, maxGates', problem: 'must be numbers above 0' },
      ]);
    this.#clock = clock;
    this.#shared = shared;
    this.#paceMs = 1000 / releasePerSecond;
    this.#maxGates = maxGates;
    this.#random = random;
    this.#looks = new GateLooks({
      clock,
      most: maxGates,
      read: async (principal) => {
        const gate = await this.#sharedGate(principal)?.read();
        if (gate) this.of(principal).learn(gate.until);
      },
    });
  }

  /** How many principals have a gate now. */
  get size(): number {
    return this.#gates.size;
  }

  /** The gate of a principal that met a 429 lately; undefined for everybody else. */
  find(principal: PrincipalKey): RateGate | undefined {
    if (this.#gates.size === 0) return undefined;
    const gate = this.#gates.get(principal);
    if (!gate || gate.idleMs() < WATCHED_MS) return gate;
    this.#gates.delete(principal);
    return undefined;
  }

  /**
   * Learns of the gate that another process shut, asking the store about a principal without a gate at most once a second.
   * Undefined = there is nothing to wait for.
   */
  look(principal: PrincipalKey): Promise<void> | undefined {
    const isShared = this.#shared && typeof principal === 'string';
    return isShared && !this.find(principal) ? this.#looks.look(principal) : undefined;
  }

  /** The gate of a principal that meets a 429 now. */
  of(principal: PrincipalKey): RateGate {
    const gate =
      this.#gates.get(principal) ??
      new RateGate({
        clock: this.#clock,
        random: this.#random,
        paceMs: this.#paceMs,
        shared: this.#sharedGate(principal),
      });
    // Last in the order of the map is the one that was used last.
    this.#gates.delete(principal);
    this.#makeRoom();
    this.#gates.set(principal, gate);
    return gate;
  }

  // What goes was not used for longest. A shut gate that had to go shuts again with the next 429.
  #makeRoom(): void {
    for (const [principal, gate] of this.#gates) {
      if (this.#gates.size < this.#maxGates && gate.idleMs() < WATCHED_MS) return;
      this.#gates.delete(principal);
    }
  }

  #sharedGate(principal: PrincipalKey): SharedGate | undefined {
    if (!this.#shared || typeof principal !== 'string') return undefined;
    const { store, owner } = this.#shared;
    const name = `rate:${principal}`;
    return {
      shut: (gate) => store.shut(owner, name, gate),
      read: () => store.read(owner, name),
    };
  }
}
