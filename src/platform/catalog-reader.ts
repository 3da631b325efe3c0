import type { Clock } from '../base/clock.js';
import type { WholeFetch } from '../base/fetch.js';
import { isWebexAuthError, type RateLimitError } from '../errors.js';
import { Deadline } from '../http/deadline.js';
import type { WebexEndpoints } from './endpoints.js';
import type { LayerQuestion } from './catalog-questions.js';
import { type CatalogFormat, fetchCatalog } from './fetch-catalog.js';
import type { ServiceTable } from './service-table.js';
import { ServiceTrust } from './service-trust.js';

/** What reading takes. */
export interface CatalogReaderOptions {
  fetch: WholeFetch;
  endpoints: WebexEndpoints;
  clock: Clock;
  /** Over all questions of one reading; 5,000 ms. */
  deadlineMs?: number | undefined;
  /** What is asked for; either is understood. `hostmap`: known to all clients, and one address per service is what we need. */
  format?: CatalogFormat | undefined;
  /** Hears `DISCOVERY_FAILED` and `CATALOG_UNTRUSTED_HOST`, once per cause until it is over. */
  onDegraded?: ((reason: string, message: string) => void) | undefined;
}

const UNTRUSTED = 'CATALOG_UNTRUSTED_HOST';

// How long a 429 may keep us from asking, whatever its Retry-After says.
const LONGEST_HOLD_MS = 3_600_000;

/** Reads service catalogs into a table. Failures cost nothing but a report: what is known stays. */
export class CatalogReader {
  readonly #options: CatalogReaderOptions;
  readonly #table: ServiceTable;
  readonly #trust: ServiceTrust;
  readonly #told = new Set<string>();
  #turn = 0;
  #holdUntil = 0;

  constructor(table: ServiceTable, options: CatalogReaderOptions) {
    this.#table = table;
    this.#options = options;
    this.#trust = new ServiceTrust(options.endpoints);
  }

  /** Forgets what was read, and what readings under way will still bring. */
  forget(): void {
    this.#table.forget(this.#turn + 1);
  }

  /** Asks the questions in turn under one deadline and keeps what comes; true when all were answered. Never rejects. */
  async read(
    base: string,
    questions: (deadline: Deadline) => Iterable<LayerQuestion> | AsyncIterable<LayerQuestion>,
  ): Promise<boolean> {
    const { clock, deadlineMs = 5_000 } = this.#options;
    if (clock.now() < this.#holdUntil) return false;
    const turn = ++this.#turn;
    const deadline = new Deadline({ clock, ms: deadlineMs, origin: new URL(base).origin });
    const failures: unknown[] = [];
    let refused = 0;
    try {
      for await (const question of questions(deadline)) {
        try {
          refused += await this.#ask(question, { base, deadline, turn });
        } catch (error) {
          failures.push(error);
          if (isRateLimit(error)) break;
        }
      }
    } catch (error) {
      failures.push(error);
    } finally {
      deadline.end();
    }
    this.#report(failures, refused);
    return failures.length === 0;
  }

  async #ask(
    { layer, ...question }: LayerQuestion,
    { base, deadline, turn }: { base: string; deadline: Deadline; turn: number },
  ): Promise<number> {
    const { fetch, clock, format = 'hostmap' } = this.#options;
    const { signal } = deadline;
    const answer = fetchCatalog({ ...question, fetch, base, format, clock, signal });
    const { accepted, refused } = this.#trust.sift(await deadline.race(answer));
    this.#table.keep(layer, accepted, turn);
    return refused;
  }

  #report(failures: readonly unknown[], refused: number): void {
    for (const error of failures) {
      const code = isWebexAuthError(error) ? error.code : 'UNKNOWN';
      if (isRateLimit(error)) this.#hold(error.retryAt);
      const message = `The service catalog could not be read (${code}); the addresses that are known stay in use`;
      this.#tell(code, 'DISCOVERY_FAILED', message);
    }
    if (refused > 0) {
      const message = `Addresses of the service catalog that are not used: ${refused}; their hosts are neither Webex's nor in allowedOrigins`;
      this.#tell(UNTRUSTED, UNTRUSTED, message);
    }
    if (failures.length > 0) return;
    for (const cause of this.#told) if (cause !== UNTRUSTED || refused === 0) this.#told.delete(cause);
  }

  #tell(cause: string, reason: string, message: string): void {
    if (this.#told.has(cause)) return;
    this.#told.add(cause);
    this.#options.onDegraded?.(reason, message);
  }

  #hold(retryAt: number | undefined): void {
    if (retryAt !== undefined)
      this.#holdUntil = Math.min(retryAt, this.#options.clock.now() + LONGEST_HOLD_MS);
  }
}

function isRateLimit(error: unknown): error is RateLimitError {
  return isWebexAuthError(error) && error.code === 'RATE_LIMITED';
}
