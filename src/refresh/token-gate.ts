import type { Clock } from '../base/clock.js';
import { RateLimitError } from '../errors.js';
import type { GateStore } from '../stores/gate-store.js';
import type { GrantOwner } from '../stores/grant-store.js';
import { TOKEN_GATE } from './refresh-protocol.js';

const READ_EVERY_MS = 1_000;
const DEFAULT_WAIT_MS = 60_000;

// A server that names a day in another year must not end all signing in and refreshing.
const LONGEST_WAIT_MS = 24 * 3_600_000;

/** The gate that a 429 of the token endpoint shuts for the whole client, in all processes: while it is shut nobody calls. */
export class TokenGate {
  readonly #options: { gates: GateStore; owner: GrantOwner; clock: Clock };
  #until = 0;
  #readAt = -Infinity;

  constructor(options: { gates: GateStore; owner: GrantOwner; clock: Clock }) {
    this.#options = options;
  }

  /** Lets a sign-in pass, or throws a `RateLimitError` with the instant when the gate opens. The store is read at most once a second. */
  async admit(): Promise<void> {
    const { gates, owner, clock } = this.#options;
    if (clock.monotonic() - this.#readAt >= READ_EVERY_MS) {
      this.#until = (await gates.read(owner, TOKEN_GATE))?.until ?? 0;
      this.#readAt = clock.monotonic();
    }
    if (this.#until > clock.now()) throw tokenGateError(this.#until);
  }

  /** Shuts it, as `shutTokenGate`. */
  async shut(error: RateLimitError): Promise<void> {
    this.#until = await shutTokenGate(this.#options, error);
    this.#readAt = this.#options.clock.monotonic();
  }
}

/** Shuts the gate for as long as the server asked, a minute where it did not say, a day at most. Resolves to when it opens. */
export async function shutTokenGate(
  { gates, owner, clock }: { gates: GateStore; owner: GrantOwner; clock: Pick<Clock, 'now'> },
  error: RateLimitError,
): Promise<number> {
  const now = clock.now();
  const until = Math.min(error.retryAt ?? now + DEFAULT_WAIT_MS, now + LONGEST_WAIT_MS);
  return (await gates.shut(owner, TOKEN_GATE, { until, reason: error.code })).until;
}

/** What callers get while the gate is shut. */
export function tokenGateError(until: number): RateLimitError {
  return new RateLimitError('The token endpoint asked this client to wait', { retryAt: until });
}
