import type { Clock } from './base/clock.js';
import type { Fetch, WholeFetch } from './base/fetch.js';
import type { Tracing } from './base/tracing.js';
import { ApiSettings } from './http/api-settings.js';
import { AuthorizedClient } from './http/authorized-client.js';
import { CircuitBreakers } from './http/circuit-breakers.js';
import { FetchTransport } from './http/fetch-transport.js';
import { RateGates } from './http/rate-gates.js';
import type { OnRetry } from './http/retry-notice.js';
import type { RetryOptions } from './http/retry-settings.js';
import { isOutage } from './http/retry-timing.js';
import { transportFetch } from './http/secure-fetch.js';
import { TrackingIds } from './http/tracking-id.js';
import type { Transport } from './http/transport.js';
import { UndiciTransport } from './http/undici-transport.js';
import type { AccessToken, TokenSource } from './oauth/token-source.js';
import type { WebexEndpoints } from './platform/endpoints.js';
import { ServiceCatalog } from './platform/service-catalog.js';
import type { GateStore } from './stores/gate-store.js';
import type { GrantOwner } from './stores/grant-store.js';
import { fetchTokenExpiry } from './platform/token-expiry.js';

const CALL_DEADLINE_MS = 30_000;
// An outage of it must not be noticed as over much later than it is.
const TOKEN_CIRCUIT = { lastingMs: 0, restMs: 3_000, maxRestMs: 4_000 };

/** How calls of the Webex API are made. */
export interface HttpSettings {
  /** URL of a proxy, `false` for none; by default HTTPS_PROXY, HTTP_PROXY and NO_PROXY say. This machine is never proxied. */
  proxy?: string | false | undefined;
  /** How calls are repeated that say nothing of their own; `false` = not at all. */
  retry?: RetryOptions | false | undefined;
  /** Told before each wait; no secret is in it. */
  onRetry?: OnRetry | undefined;
}

/** What the network parts need. */
export interface NetworkOptions {
  endpoints: WebexEndpoints;
  clock: Clock;
  transport?: Transport | undefined;
  fetch?: Fetch | undefined;
  /** A valid token that costs nothing, for the service catalog. */
  peek: () => AccessToken | undefined;
  /** A token of the client itself, where Webex gives it one; for the sign-in catalog. */
  clientToken: () => Promise<string | undefined>;
  onDegraded: (reason: string, message: string) => void;
  http?: HttpSettings | undefined;
  tracing?: Tracing | undefined;
  /** Where a rate limit that one process met is told to the others. */
  gates: { store: GateStore; owner: GrantOwner };
  /** Addresses of services in place of the catalog's. */
  services?: Readonly<Record<string, string>> | undefined;
}

/** The floors that talk to Webex, wired. They are loaded in the modules phase, not by importing the package. */
export class Network {
  readonly #options: NetworkOptions;
  readonly transport: Transport;
  readonly #api: ApiSettings;
  readonly #tokenEndpoint: string;
  readonly #tokenCircuit: CircuitBreakers;
  readonly services: ServiceCatalog;
  readonly #trackingIds = new TrackingIds('webex-auth');

  constructor(options: NetworkOptions) {
    const { endpoints, clock, fetch, peek, onDegraded, http = {} } = options;
    const { apiBase, allowedOrigins } = endpoints;
    this.#options = options;
    this.transport =
      options.transport ??
      (fetch ? new FetchTransport({ fetch }) : new UndiciTransport({ proxy: http.proxy }));
    users.set(this.transport, (users.get(this.transport) ?? 0) + 1);
    // As it stands in requests, whatever its spelling in the settings.
    this.#tokenEndpoint = new URL(endpoints.authorizationServer.tokenEndpoint).href;
    this.#tokenCircuit = new CircuitBreakers({ clock, ...TOKEN_CIRCUIT });
    const services = new ServiceCatalog({
      fetch: this.fetchWithin(CALL_DEADLINE_MS),
      endpoints,
      clock,
      peek,
      clientToken: options.clientToken,
      onDegraded,
      overrides: options.services,
    });
    this.services = services;
    this.#api = new ApiSettings({
      transport: this.transport,
      clock,
      apiBase,
      allowedOrigins,
      retry: http.retry,
      onRetry: http.onRetry,
      tracing: options.tracing,
      gates: new RateGates({ clock, shared: options.gates }),
      isAllowed: (origin) => services.allows(origin),
      // The public API stays where it was configured, whatever a catalog names.
      resolveService: (name) =>
        name === 'hydra' ? (options.services?.['hydra'] ?? apiBase) : services.get(name),
    });
  }

  /** The HTTP client of one principal, whose rate limit is their own. */
  clientOf(tokenSource: TokenSource, principal: string): AuthorizedClient {
    return new AuthorizedClient({ settings: this.#api, tokenSource, principal });
  }

  /** When Webex says that this access token ends; milliseconds since the epoch. Errors: `TokenRevokedError`. */
  tokenExpiry(
    accessToken: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<number | undefined> {
    const { endpoints, clock } = this.#options;
    const fetch = this.fetchWithin(CALL_DEADLINE_MS);
    return fetchTokenExpiry({ fetch, apiBase: endpoints.apiBase, accessToken, signal, clock });
  }

  /** A fetch for calls that carry secrets. */
  fetchWithin(deadlineMs: number): WholeFetch {
    const { clock, tracing } = this.#options;
    const tokenEndpoint = this.#tokenEndpoint;
    return transportFetch({
      transport: this.transport,
      clock,
      deadlineMs,
      trackingIds: this.#trackingIds,
      watched: tracing && { work: tracing.requests, purpose: 'authorization' },
      onOutcome: ({ href }, outcome) => {
        if (href !== tokenEndpoint) return;
        if (isOutage(outcome)) this.#tokenCircuit.failed(tokenEndpoint, undefined);
        else if (typeof outcome === 'number') this.#tokenCircuit.succeeded(tokenEndpoint);
      },
    });
  }

  /** Lets a call of the token endpoint through, as the probe where one is due. Errors: `ServiceUnavailableError` while it is left alone after an outage. */
  enterTokenEndpoint(): void {
    this.#tokenCircuit.enter(this.#tokenEndpoint);
  }

  /** Gives the connections back, unless somebody else uses them. */
  async close(): Promise<void> {
    const left = (users.get(this.transport) ?? 1) - 1;
    users.set(this.transport, left);
    if (left === 0) await this.transport.close();
  }
}

// Several may share one transport, as an application's own: the last one to close closes it.
const users = new WeakMap<Transport, number>();
