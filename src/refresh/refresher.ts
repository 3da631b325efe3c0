import { SingleFlight } from '../base/single-flight.js';
import { ClosedError, GrantNotFoundError } from '../errors.js';
import type { RefreshCause } from '../events.js';
import type { GrantRecord } from '../stores/grant-record.js';
import type { Grant } from '../vault/grant.js';
import { Presentation } from './presentation.js';
import type { RefresherOptions, RefreshResult } from './refresh-protocol.js';
import { tracedRefresh } from './traced-refresh.js';
import type { Urgency } from './turn-queue.js';

/**
 * One refresh per generation, everywhere: single flight in the process, then lease and intent in the store. A refresh is
 * detached from its callers: none of them can cancel it.
 */
export class Refresher {
  readonly #options: RefresherOptions;
  readonly #flights = new SingleFlight<RefreshResult>();
  readonly #closing = new AbortController();

  constructor(options: RefresherOptions) {
    this.#options = options;
  }

  /** Whether there is something to renew this grant with. */
  canRenew(grant: Grant): boolean {
    const renewer = this.#options.renewerOf(grant);
    return renewer !== undefined && renewer.verifyEveryMs === undefined;
  }

  /** Whether nothing renews it, but Webex can be asked whether its token still works. */
  canVerify(grant: Grant): boolean {
    return this.#options.renewerOf(grant)?.verifyEveryMs !== undefined;
  }

  /**
   * Refreshes the token set of `generation`, or adopts what replaced it. `seen`: the grant as the caller read it. Errors: `GrantNotFoundError`, `ClosedError`, and the
   * store's; failures at the token endpoint are in the result.
   */
  refresh(
    subject: string,
    request: { cause: RefreshCause; generation: number; seen?: Grant | undefined },
  ): Promise<RefreshResult> {
    if (this.#closing.signal.aborted) return Promise.reject(new ClosedError('This WebexAuth is closed'));
    const { refreshes } = this.#options;
    return this.#flights.run(subject, () =>
      tracedRefresh(refreshes, { subject, cause: request.cause }, () => this.#refresh(subject, request)),
    );
  }

  /** Whether this process is refreshing it now. */
  isRefreshing(subject: string): boolean {
    return this.#flights.has(subject);
  }

  /** Takes no new work, and waits for the refreshes under way. */
  async close(): Promise<void> {
    this.#closing.abort(new ClosedError('This WebexAuth is closed'));
    await this.#flights.settled();
  }

  async #refresh(
    subject: string,
    { cause, generation, seen }: { cause: RefreshCause; generation: number; seen?: Grant | undefined },
  ): Promise<RefreshResult> {
    const { vault, gate, clock, holder, random = Math.random } = this.#options;
    const presentation = new Presentation({ ...this.#options, cause, closing: this.#closing.signal });
    for (let round = 0; ; round++) {
      if (round > 0) await clock.sleep(roundDelay(round, random));
      if (this.#closing.signal.aborted) throw new ClosedError('This WebexAuth is closed');
      // What the caller has just read serves for the first look: the claim is conditional on its version.
      const grant = round === 0 && seen ? seen : await vault.read(subject, seen);
      if (!grant) throw new GrantNotFoundError('Nothing is stored for this subject; sign in first');
      const { record } = grant;
      if (record.generation !== generation || grant.state === 'dead') return { grant, refreshed: false };
      const renewer = this.#options.renewerOf(grant);
      if (!renewer) return { grant, refreshed: false };
      if (record.leaseHolder !== undefined && record.leaseHolder !== holder) {
        if (this.#mayLeaveItToHolder(record, cause)) return { grant, refreshed: false };
        continue;
      }
      const urgency = presentation.isUnderWay ? 'again' : this.#urgency(record, cause);
      const error = renewer.besideTokenEndpoint ? undefined : await gate.enter(urgency, this.#closing.signal);
      if (error) return { grant, refreshed: false, error, held: true };
      const result = await presentation.attempt(grant, renewer);
      if (result) return result;
    }
  }

  #urgency({ intent, expiresAt = Infinity }: GrantRecord, cause: RefreshCause): Urgency {
    if (intent) return 'ambiguous';
    if (cause === 'manual') return 'manual';
    if (cause === 'scheduled') return 'due';
    return cause !== 'access' || expiresAt <= this.#options.clock.now() ? 'awaited' : 'due';
  }

  // A follower whose access token is still good has no reason to wait for the holder.
  #mayLeaveItToHolder(record: GrantRecord, cause: RefreshCause): boolean {
    if (cause === 'scheduled') return true;
    return (
      cause === 'access' && (record.expiresAt === undefined || record.expiresAt > this.#options.clock.now())
    );
  }
}

function roundDelay(round: number, random: () => number): number {
  return Math.min(250, 10 * 2 ** Math.min(round - 1, 5)) * (0.5 + random() / 2);
}
