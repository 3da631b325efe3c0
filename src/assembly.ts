import { randomUUID } from 'node:crypto';
import { systemClock, type Clock } from './base/clock.js';
import { Emitter } from './base/emitter.js';
import type { Fetch, WholeFetch } from './base/fetch.js';
import type { ClientSettings } from './config/client-options.js';
import { ClosedError, ConfigurationError, isWebexAuthError } from './errors.js';
import type { Phase, PhaseTiming, WebexAuthEvents } from './events.js';
import { ApiSettings } from './http/api-settings.js';
import { AuthorizedClient } from './http/authorized-client.js';
import { FetchTransport } from './http/fetch-transport.js';
import { transportFetch } from './http/secure-fetch.js';
import type { Transport } from './http/transport.js';
import { UndiciTransport } from './http/undici-transport.js';
import {
  clientSecretBasic,
  clientSecretPost,
  type ClientAuthentication,
} from './oauth/client-authentication.js';
import type { Renewer } from './oauth/grants/renewer.js';
import { refreshTokenRenewer } from './oauth/grants/refresh-token.js';
import { outcomeOf } from './oauth/outcome.js';
import type { Person } from './oauth/person.js';
import { revokeToken } from './oauth/revocation.js';
import { TokenEndpoint } from './oauth/token-endpoint.js';
import type { TokenSet } from './oauth/token-set.js';
import { defaultClientAuthentication } from './platform/default-client-authentication.js';
import type { WebexEndpoints } from './platform/endpoints.js';
import { fetchPerson } from './platform/people.js';
import { webexNormaliser } from './platform/quirks.js';
import { GrantTokens } from './refresh/grant-tokens.js';
import { PRESENTATION_DEADLINE_MS, type TracePoint } from './refresh/refresh-protocol.js';
import { planDue } from './refresh/refresh-policy.js';
import { Refresher } from './refresh/refresher.js';
import { Scheduler } from './refresh/scheduler.js';
import { VaultTokenSource } from './refresh/vault-token-source.js';
import type { KeyRing } from './sealing/key-ring.js';
import type { GrantOwner } from './stores/grant-store.js';
import { memoryStore } from './stores/memory-store.js';
import type { Store } from './stores/store.js';
import { AuditTrail } from './telemetry/audit-trail.js';
import type { Grant, GrantDetails } from './vault/grant.js';
import { Vault } from './vault/vault.js';
import { Login } from './web/login.js';
import { Sessions } from './web/sessions.js';

const SIGN_IN_DEADLINE_MS = 30_000;

/** What both public faces pass on: settings that are checked, and parts that can be replaced. */
export interface AssemblyOptions {
  /** Undefined: only an access token is known, nothing can be exchanged, renewed or revoked. */
  client: ClientSettings | undefined;
  /** By default in memory. */
  store: Store | undefined;
  keys: KeyRing;
  tenant: string;
  endpoints: WebexEndpoints;
  /** Refresh due grants in the background. */
  scheduler: boolean;
  transport?: Transport | undefined;
  /** A fetch function in place of the built-in transport. */
  fetch?: Fetch | undefined;
  clock?: Clock | undefined;
  random?: (() => number) | undefined;
  maxStalenessMs?: number | undefined;
  cacheBytes?: number | undefined;
  loginLifetimeMs?: number | undefined;
  trace?: ((point: TracePoint, subject: string) => void | Promise<void>) | undefined;
}

/** How a disconnect went. */
export interface Disconnected {
  /** Whether there was a grant. It is forgotten here in any case. */
  existed: boolean;
  /** Whether Webex confirmed that the tokens are revoked. */
  revoked: boolean;
  /** Code of what prevented the revocation. */
  error?: string | undefined;
}

/** The parts, wired: the one place that knows all floors. */
export class Assembly {
  readonly options: AssemblyOptions;
  readonly store: Store;
  readonly owner: GrantOwner;
  readonly clock: Clock;
  readonly emitter: Emitter<WebexAuthEvents>;
  readonly vault: Vault;
  readonly tokens: GrantTokens;
  readonly audit: AuditTrail;
  /** Undefined without a client, redirect URI or scope. */
  readonly login: Login | undefined;
  readonly sessions: Sessions | undefined;
  readonly tokenEndpoint: TokenEndpoint | undefined;
  readonly #transport: Transport;
  readonly #fetch: WholeFetch;
  readonly #api: ApiSettings;
  readonly #refresher: Refresher;
  readonly #scheduler: Scheduler;
  #phases: PhaseTiming[] = [];
  #closing: Promise<void> | undefined;

  constructor(options: AssemblyOptions) {
    const { client, keys, tenant, endpoints, clock = systemClock, random = Math.random } = options;
    const { store = memoryStore({ clock }) } = options;
    this.store = store;
    this.options = options;
    this.clock = clock;
    this.owner = { tenant, clientId: client?.clientId ?? '' };
    this.emitter = new Emitter();
    this.#transport =
      options.transport ??
      (options.fetch ? new FetchTransport({ fetch: options.fetch }) : new UndiciTransport());
    this.#fetch = transportFetch({ transport: this.#transport, clock, deadlineMs: SIGN_IN_DEADLINE_MS });
    this.#api = new ApiSettings({
      transport: this.#transport,
      clock,
      apiBase: endpoints.apiBase,
      allowedOrigins: endpoints.allowedOrigins,
      resolveService: (name) => (name === 'hydra' ? endpoints.apiBase : undefined),
    });
    this.tokenEndpoint = this.#createTokenEndpoint(SIGN_IN_DEADLINE_MS);
    const refreshEndpoint = this.#createTokenEndpoint(PRESENTATION_DEADLINE_MS);
    const renewer: Renewer | undefined = refreshEndpoint && refreshTokenRenewer(refreshEndpoint);
    this.vault = new Vault({
      grants: store.grants,
      keys,
      owner: this.owner,
      dueAt: (tokenSet) => (renewer?.canRenew(tokenSet) ? planDue(tokenSet, random()) : undefined),
    });
    const { vault, emitter, owner } = this;
    this.#refresher = new Refresher({
      vault,
      emitter,
      owner,
      clock,
      random,
      grants: store.grants,
      leases: store.leases,
      gates: store.gates,
      renewerOf: () => renewer,
      outcomeOf,
      revokeOrphan: (refreshToken) => this.#revoke(refreshToken, 'refresh_token'),
      holder: `${String(process.pid)}:${randomUUID()}`,
      trace: options.trace,
    });
    this.tokens = new GrantTokens({
      vault,
      emitter,
      clock,
      refresher: this.#refresher,
      maxStalenessMs: options.maxStalenessMs,
      cacheBytes: options.cacheBytes,
    });
    this.#scheduler = new Scheduler({
      grants: store.grants,
      owner,
      clock,
      refresher: this.#refresher,
      tokens: this.tokens,
    });
    this.audit = new AuditTrail({ emitter, audit: store.audit, owner, clock });
    if (client?.redirectUri !== undefined && this.tokenEndpoint) {
      const { redirectUri, clientId, scope } = client;
      this.login = new Login({
        server: endpoints.authorizationServer,
        clientId,
        redirectUri,
        scope,
        tokenEndpoint: this.tokenEndpoint,
        keys,
        tenant,
        once: store.once,
        clock,
        lifetimeMs: options.loginLifetimeMs,
      });
      this.sessions = new Sessions({ store: store.sessions, tenant, redirectUri, clock });
    }
  }

  /** The phases that are done, with their times. */
  get phases(): readonly PhaseTiming[] {
    return this.#phases;
  }

  /** Runs the phases in their order; `configure` belongs to the configuration phase. Errors: the store's and the keys'. */
  async start(configure: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const { store } = this;
    const { scheduler } = this.options;
    await this.#phase('modules', () => store.open());
    await this.#phase('plugins', () => Promise.resolve());
    await this.#phase('configuration', async () => {
      await this.vault.verifyKeys();
      await configure();
    });
    await this.#phase('discovery', () => Promise.resolve());
    if (this.#closing) throw new ClosedError('Closed while starting');
    await this.#phase('ready', () => Promise.resolve());
    if (scheduler) this.#scheduler.start();
    this.emitter.emit('ready', { phases: this.#phases });
  }

  async #phase(phase: Phase, run: () => Promise<void>): Promise<void> {
    this.emitter.emit('phase', { phase });
    const started = this.clock.monotonic();
    await run();
    this.#phases = [...this.#phases, { phase, ms: this.clock.monotonic() - started }];
  }

  /** What signs people in. Errors: `ConfigurationError` when the client has no redirect URI. */
  requireLogin(): Login {
    if (this.login) return this.login;
    throw new ConfigurationError([
      this.options.client
        ? {
            setting: 'redirectUri',
            problem: 'is needed to sign people in',
            example: 'https://app.example.com/auth/webex/callback',
          }
        : { setting: 'clientId', problem: 'is needed to sign people in' },
    ]);
  }

  /** Where codes are exchanged. Errors: `ConfigurationError` without a client. */
  requireTokenEndpoint(): TokenEndpoint {
    if (this.tokenEndpoint) return this.tokenEndpoint;
    throw new ConfigurationError([{ setting: 'clientId', problem: 'is needed to exchange codes' }]);
  }

  /** Stores what a login brought, and says so. */
  async keep(subject: string, tokenSet: TokenSet, options: { kind: string } & GrantDetails): Promise<Grant> {
    const known = this.tokens.seen(subject);
    const grant = await this.vault.keep(subject, tokenSet, { ...options, known });
    this.tokens.forget(subject);
    this.tokens.remember(grant);
    if (!this.store.abilities.durable && tokenSet.refreshToken !== undefined) this.#warnOfMemory();
    this.emitter.emit('login', { subject, kind: options.kind });
    return grant;
  }

  #warned = false;

  #warnOfMemory(): void {
    if (this.#warned) return;
    this.#warned = true;
    const message =
      'The grant is kept in memory only: its refresh token is lost when the process ends; give a store';
    this.emitter.emit('degraded', { reason: 'STORE_NOT_DURABLE', message });
  }

  /** Forgets a grant here first, then revokes it at Webex; says honestly whether that was confirmed. */
  async disconnect(subject: string): Promise<Disconnected> {
    const gone = await this.vault.disconnect(subject);
    this.tokens.forget(subject);
    await this.store.sessions.deleteBySubject(this.options.tenant, subject);
    if (!gone) return { existed: false, revoked: false };
    const result = await this.#revokeAll(gone.tokenSet);
    this.emitter.emit('logout', { subject, revoked: result.revoked });
    return { existed: true, ...result };
  }

  async #revokeAll(tokenSet: TokenSet | undefined): Promise<{ revoked: boolean; error?: string }> {
    if (!tokenSet) return { revoked: false, error: 'KEY_UNAVAILABLE' };
    if (!this.options.client) return { revoked: false, error: 'CONFIGURATION_INVALID' };
    try {
      if (tokenSet.refreshToken !== undefined) await this.#revoke(tokenSet.refreshToken, 'refresh_token');
      else await this.#revoke(tokenSet.accessToken, 'access_token');
      return { revoked: true };
    } catch (error) {
      return { revoked: false, error: isWebexAuthError(error) ? error.code : 'NETWORK_ERROR' };
    }
  }

  async #revoke(token: string, hint: 'access_token' | 'refresh_token'): Promise<void> {
    const { client, endpoints } = this.options;
    const server = endpoints.authorizationServer;
    if (!client) return;
    await revokeToken({
      server,
      clientId: client.clientId,
      authenticate: authenticationOf(client, server.revocationEndpoint ?? server.tokenEndpoint),
      clock: this.clock,
      fetch: this.#fetch,
      token,
      hint,
    });
  }

  /** Who a token set belongs to. */
  identify(tokenSet: TokenSet, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Person> {
    const { apiBase } = this.options.endpoints;
    return fetchPerson({ fetch: this.#fetch, apiBase, accessToken: tokenSet.accessToken, signal });
  }

  /** The HTTP client of one subject. */
  clientOf(subject: string): AuthorizedClient {
    return new AuthorizedClient({
      settings: this.#api,
      tokenSource: new VaultTokenSource(this.tokens, subject),
    });
  }

  /** Whether a grant can be renewed without its person. */
  canRenew(grant: Grant): boolean {
    return grant.state !== 'dead' && this.#refresher.canRenew(grant);
  }

  /** Finishes what is under way (refreshes included), then lets go of everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#scheduler.close();
    await this.#refresher.close();
    await this.audit.close();
    this.tokens.clear();
    await this.#transport.close();
    await this.store.close();
  }

  #createTokenEndpoint(deadlineMs: number): TokenEndpoint | undefined {
    const { client, endpoints } = this.options;
    if (!client) return undefined;
    const server = endpoints.authorizationServer;
    return new TokenEndpoint({
      server,
      clientId: client.clientId,
      authenticate: authenticationOf(client, server.tokenEndpoint),
      fetch: transportFetch({ transport: this.#transport, clock: this.clock, deadlineMs }),
      normalise: webexNormaliser,
      clock: this.clock,
    });
  }
}

function authenticationOf(client: ClientSettings, endpoint: string): ClientAuthentication {
  switch (client.clientAuthentication) {
    case 'client_secret_basic':
      return clientSecretBasic(client.clientSecret);
    case 'client_secret_post':
      return clientSecretPost(client.clientSecret);
    case undefined:
      return defaultClientAuthentication(endpoint, client.clientSecret);
  }
}
