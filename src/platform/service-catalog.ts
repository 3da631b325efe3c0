import { backoffDelay } from '../base/backoff.js';
import { SingleFlight } from '../base/single-flight.js';
import { ConfigurationError, ServiceNotFoundError } from '../errors.js';
import { Deadline } from '../http/deadline.js';
import { untilAbort } from '../base/until-abort.js';
import type { AccessToken } from '../oauth/token-source.js';
import { isEmailAddress, questionsForEmail, questionsForToken } from './catalog-questions.js';
import { CatalogReader, type CatalogReaderOptions } from './catalog-reader.js';
import { ServiceTable } from './service-table.js';
import { orgIdFromToken } from './token-anatomy.js';

/** What a service catalog is made of. */
export interface ServiceCatalogOptions extends CatalogReaderOptions {
  /** A valid token or nothing, at once: discovery never waits for a token and never refreshes one. */
  peek?: (() => AccessToken | undefined) | undefined;
  /** A token of the client itself, for the sign-in catalog. */
  clientToken?: (() => Promise<string | undefined>) | undefined;
  /** How long an answer serves; 3,600,000 ms. */
  maxAgeMs?: number | undefined;
  /** Service name → base URL, before anything a catalog says. A bearer may go there. */
  overrides?: Readonly<Record<string, string>> | undefined;
}

/** How a discovery may be asked for. */
export interface DiscoverOptions {
  /** Ends this caller's wait; the discovery goes on for the others. */
  signal?: AbortSignal | undefined;
  /** Asks again although the last answer would still serve. */
  force?: boolean | undefined;
}

/**
 * Where Webex's services are, by name (U2C; webex-facts 1.5). Without a catalog, or while it cannot be read, the built-in table
 * answers; addresses outside Webex's own domains are never taken.
 */
export class ServiceCatalog {
  readonly #options: ServiceCatalogOptions;
  readonly #table: ServiceTable;
  readonly #reader: CatalogReader;
  readonly #flights = new SingleFlight<boolean>();
  #orgId: string | undefined;
  #served: { who: string; until: number } | undefined;

  constructor(options: ServiceCatalogOptions) {
    this.#options = options;
    this.#table = new ServiceTable(options.endpoints, options.overrides);
    this.#reader = new CatalogReader(this.#table, options);
  }

  /** The base URL of a service, without a slash at the end; undefined = not known (yet). */
  get(name: string): string | undefined {
    return this.#table.get(name);
  }

  /** Whether a service is known. */
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** All services that are known now: name → base URL, in an object without prototype. */
  list(): Record<string, string> {
    return this.#table.list();
  }

  /** Whether a bearer may go to an origin because a catalog entry that was accepted, or an override, lies there. */
  allows(origin: string): boolean {
    return this.#table.allows(origin);
  }

  /**
   * Reads the limited catalog, and the user's where there is a token. Resolves whatever comes of it (see `onDegraded`), within
   * `deadlineMs`; rejects with the caller's own abort only.
   */
  async discover({ signal, force = false }: DiscoverOptions = {}): Promise<void> {
    await this.#discover(signal, force);
  }

  /** The same for a person who is about to sign in. What is sent of the address is its hash. */
  async discoverForEmail(
    email: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    if (!isEmailAddress(email))
      throw new ConfigurationError([{ setting: 'email', problem: 'must be an email address' }]);
    signal?.throwIfAborted();
    const { endpoints, clientToken } = this.#options;
    const base = endpoints.serviceCatalog;
    if (base === undefined) return;
    const flight = this.#flights.run(`email ${email.toLowerCase()}`, () =>
      this.#reader.read(base, (deadline) =>
        questionsForEmail(email, async () => clientToken && deadline.race(clientToken())),
      ),
    );
    await untilAbort(flight, signal);
  }

  /**
   * The base URL of a service as soon as it is known. Rejects with `ServiceNotFoundError` when the catalogs were read and do not
   * name it, with `TimeoutError` after `timeout` milliseconds (60,000).
   */
  async waitForService(
    name: string,
    { timeout = 60_000, signal }: { timeout?: number | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<string> {
    signal?.throwIfAborted();
    const known = this.get(name);
    if (known !== undefined) return known;
    const { clock } = this.#options;
    const deadline = new Deadline({ clock, ms: timeout, signal, origin: 'the service catalog' });
    try {
      return await deadline.race(this.#find(name, deadline.signal));
    } finally {
      deadline.end();
    }
  }

  async #find(name: string, signal: AbortSignal): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      const complete = await this.#discover(signal, false);
      const url = this.get(name);
      if (url !== undefined) return url;
      if (complete)
        throw new ServiceNotFoundError('No service of this name is known; check the name, or override it');
      await this.#options.clock.sleep(backoffDelay(attempt, { base: 1_000, cap: 30_000 }), { signal });
    }
  }

  /** Whether all is known that there is for whoever the token belongs to now. */
  async #discover(signal: AbortSignal | undefined, force: boolean): Promise<boolean> {
    signal?.throwIfAborted();
    const { endpoints, clock, peek, maxAgeMs = 3_600_000 } = this.#options;
    const base = endpoints.serviceCatalog;
    if (base === undefined) return true;
    const accessToken = peek?.()?.accessToken;
    const orgId = accessToken === undefined ? undefined : orgIdFromToken(accessToken);
    const who = accessToken === undefined ? 'nobody' : `someone of ${orgId ?? 'unknown'}`;
    const serves = this.#served?.who === who && clock.monotonic() < this.#served.until;
    if (serves && !force) return true;
    const forced = `forced ${who}`;
    const key = force || this.#flights.has(forced) ? forced : who;
    const flight = this.#flights.run(key, async () => {
      this.#enter(orgId);
      const timestamp = force ? clock.now() : undefined;
      const complete = await this.#reader.read(base, () =>
        questionsForToken({ accessToken, orgId, timestamp }),
      );
      if (complete) this.#served = { who, until: clock.monotonic() + maxAgeMs };
      return complete;
    });
    return untilAbort(flight, signal);
  }

  // What was learnt about one organisation says nothing about another.
  #enter(orgId: string | undefined): void {
    if (orgId === undefined || orgId === this.#orgId) return;
    if (this.#orgId !== undefined) this.#reader.forget();
    this.#orgId = orgId;
  }
}
