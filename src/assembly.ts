import { randomUUID } from 'node:crypto';
import { disconnect, invalidate, type Disconnected } from './assembly-disconnect.js';
import { tokenGateOf } from './assembly-gate.js';
import type { HttpSettings, Network } from './assembly-network.js';
import { Principals, PRIVILEGED_SCOPE } from './assembly-principals.js';
import { Renewal, type RenewalSettings } from './assembly-renewal.js';
import { AssemblyTelemetry } from './assembly-telemetry.js';
import { untilAbort } from './base/until-abort.js';
import { systemClock, type Clock } from './base/clock.js';
import { Emitter } from './base/emitter.js';
import type { Fetch } from './base/fetch.js';
import { randomToken } from './base/random.js';
import { SingleFlight } from './base/single-flight.js';
import type { ClientSettings } from './config/client-options.js';
import { ClosedError, ConfigurationError, isWebexAuthError } from './errors.js';
import type { Phase, PhaseTiming, WebexAuthEvents } from './events.js';
import type { AuthorizedClient } from './http/authorized-client.js';
import type { Transport } from './http/transport.js';
import { outcomeOf } from './oauth/outcome.js';
import { parseScope } from './oauth/scope.js';
import type { AccessToken } from './oauth/token-source.js';
import type { TokenSet } from './oauth/token-set.js';
import { builtInServices } from './platform/built-in-services.js';
import type { WebexEndpoints } from './platform/endpoints.js';
import type { LoginParts, ServerAuthorization } from './plugins/server-authorization.js';
import { GrantTokens } from './refresh/grant-tokens.js';
import type { TracePoint } from './refresh/refresh-protocol.js';
import { ReducedTokens } from './refresh/reduced-tokens.js';
import { Refresher } from './refresh/refresher.js';
import { Scheduler } from './refresh/scheduler.js';
import type { TokenGate } from './refresh/token-gate.js';
import { VaultTokenSource } from './refresh/vault-token-source.js';
import type { KeyRing } from './sealing/key-ring.js';
import type { GrantOwner } from './stores/grant-store.js';
import { memoryStore } from './stores/memory-store.js';
import type { Store } from './stores/store.js';
import { AuditTrail } from './telemetry/audit-trail.js';
import type { Grant, GrantDetails } from './vault/grant.js';
import { Supertoken, type SupertokenSource } from './vault/supertoken.js';
import { Vault } from './vault/vault.js';

const GOODBYE_MS = 10_000;
const START_PATIENCE_MS = 10_000;

/** What both public faces pass on: settings that are checked, and parts that can be replaced. */
export interface AssemblyOptions extends RenewalSettings {
  client: ClientSettings | undefined;
  /** By default in memory. */
  store?: Store | undefined;
  keys: KeyRing;
  tenant: string;
  endpoints: WebexEndpoints;
  clock?: Clock | undefined;
  transport?: Transport | Promise<Transport> | undefined;
  fetch?: Fetch | undefined;
  http?: HttpSettings | undefined;
  /** Told once it is ready: the caller's own connections trust any server. */
  tlsWarning?: string | undefined;
  loginLifetimeMs?: number | undefined;
  /** Where people sign in again: of the login handler. */
  reconnectUrl?: string | undefined;
  /** Events of an assembly that this one takes the place of. */
  emitter?: Emitter<WebexAuthEvents> | undefined;
  /** Ask the service catalog while starting. */
  discovery: boolean;
  /** For whom the catalog is asked, with their token where they have a valid one. */
  discoverFor?: string | undefined;
  /** Which of Webex's services a browser that signs out came from. */
  cisService?: string | undefined;
  /** Addresses of services in place of the catalog's. */
  services?: Readonly<Record<string, string>> | undefined;
  /** Prove client id and secret to Webex while starting. */
  verifyClient?: boolean | undefined;
  /** Refresh due grants in the background. */
  scheduler: boolean;
  random?: (() => number) | undefined;
  maxStalenessMs?: number | undefined;
  cacheBytes?: number | undefined;
  /** Takes the lines of the debug log. */
  log?: ((line: string) => void) | undefined;
  trace?: ((point: TracePoint, subject: string) => void | Promise<void>) | undefined;
}

/** The parts, wired. What talks to Webex and to browsers is in `assembly-network.ts` and loaded in the modules phase. */
export class Assembly {
  readonly options: AssemblyOptions;
  readonly store: Store;
  readonly owner: GrantOwner;
  readonly clock: Clock;
  readonly emitter: Emitter<WebexAuthEvents>;
  readonly vault: Vault;
  readonly tokens: GrantTokens;
  readonly audit: AuditTrail;
  readonly #telemetry: AssemblyTelemetry;
  readonly #refresher: Refresher;
  readonly #scheduler: Scheduler;
  readonly renewal: Renewal;
  readonly principals: Principals;
  readonly reduced: ReducedTokens;
  readonly #gate: TokenGate;
  #loaded: Network | undefined;
  #network: Promise<Network> | undefined;
  #authorization: Promise<ServerAuthorization> | undefined;
  #tearDown: (() => Promise<void>) | undefined;
  #phases: PhaseTiming[] = [];
  #phase: Phase = 'modules';
  #ready = false;
  #replaced = false;
  #closing: Promise<void> | undefined;
  #warnedOfMemory = false;
  #opened = false;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #guests = new SingleFlight<Grant>();

  constructor(options: AssemblyOptions) {
    const { client, keys, tenant, clock = systemClock, random = Math.random } = options;
    const { store = memoryStore({ clock }) } = options;
    const emitter = options.emitter ?? withOlderNames(new Emitter<WebexAuthEvents>());
    const owner = { tenant, clientId: client?.clientId ?? '' };
    const renewal = new Renewal(options, {
      authorization: () => this.authorization(),
      network: () => this.network(),
      token: async (subject, refused) => {
        const work =
          refused === undefined ? this.tokens.token(subject) : this.tokens.reportRejected(subject, refused);
        return (await work).accessToken;
      },
      clock,
      random,
    });
    this.options = options;
    this.#telemetry = new AssemblyTelemetry(options, { emitter, clock, store });
    const { tracing } = this.#telemetry;
    const { grants, leases } = store;
    const enterCircuit = (): void => this.#loaded?.enterTokenEndpoint();
    this.#gate = tokenGateOf({ store, owner, client, keys, emitter, clock, random, enterCircuit });
    const vault = new Vault({
      grants,
      keys,
      owner,
      dueAt: (grant) => renewal.dueAt(grant),
    });
    this.#refresher = new Refresher({
      vault,
      leases,
      gate: this.#gate,
      emitter,
      clock,
      random,
      grants,
      renewerOf: (grant) => renewal.of(grant),
      outcomeOf,
      // Listeners that ask for the token get the new one. What nobody asked for yet is not kept in memory.
      onStored: (grant) => {
        if (this.tokens.seen(grant.subject)) this.tokens.remember(grant);
      },
      revokeOrphan: async (refreshToken) =>
        (await this.authorization()).revoke(refreshToken, 'refresh_token'),
      reconnectUrl: options.reconnectUrl,
      holder: `${String(process.pid)}:${randomUUID()}`,
      trace: options.trace,
      refreshes: tracing.refreshes,
    });
    const { maxStalenessMs, cacheBytes } = options;
    const refresher = this.#refresher;
    const { reconnectUrl } = options;
    const tokens = new GrantTokens({
      vault,
      refresher,
      emitter,
      clock,
      maxStalenessMs,
      cacheBytes,
      reconnectUrl,
      isAccepted: async (accessToken) => (await this.authorization()).isAccepted(accessToken),
    });
    this.#scheduler = new Scheduler({ grants, owner, clock, refresher, tokens });
    this.audit = new AuditTrail({ emitter, audit: store.audit, owner, clock });
    this.renewal = renewal;
    this.principals = new Principals(this);
    this.reduced = new ReducedTokens({
      tokens,
      clock,
      reduce: async (accessToken, scope) => (await this.authorization()).reduceScope(accessToken, scope),
      revoke: async (accessToken) => (await this.authorization()).revoke(accessToken, 'access_token'),
    });
    this.store = store;
    this.owner = owner;
    this.clock = clock;
    this.emitter = emitter;
    this.vault = vault;
    this.tokens = tokens;
  }

  /** What talks to Webex, loaded on first use. */
  network(): Promise<Network> {
    this.#network ??= this.#loadNetwork();
    return this.#network;
  }

  async #loadNetwork(): Promise<Network> {
    const [{ Network }] = await Promise.all([import('./assembly-network.js'), this.#telemetry.load()]);
    const network = new Network({
      ...this.options,
      transport: await this.options.transport,
      clock: this.clock,
      peek: () => this.#peek(),
      clientToken: () => this.#clientToken(),
      tracing: this.#telemetry.tracing,
      gates: { store: this.store.gates, owner: this.owner },
      onDegraded: (reason, message) => this.emitter.emit('degraded', { reason, message }),
    });
    this.#loaded = network;
    return network;
  }

  /** The server authorization plugin, loaded on first use. Errors: `ConfigurationError`. */
  authorization(): Promise<ServerAuthorization> {
    this.#authorization ??= this.#loadAuthorization();
    return this.#authorization;
  }

  async #loadAuthorization(): Promise<ServerAuthorization> {
    const [{ serverAuthorization }, network] = await Promise.all([
      import('./plugins/server-authorization.js'),
      this.network(),
    ]);
    const context = {
      ...this.options,
      store: this.store,
      clock: this.clock,
      gate: this.#gate,
      fetchWithin: (deadlineMs: number) => network.fetchWithin(deadlineMs),
    };
    const problems = serverAuthorization.check(context);
    if (problems.length > 0) throw new ConfigurationError(problems);
    const authorization = serverAuthorization.setUp(context);
    this.#tearDown = () => serverAuthorization.tearDown(authorization);
    return authorization;
  }

  // Ordinary integrations get none (webex-facts 6.1), and the catalog makes do without.
  async #clientToken(): Promise<string | undefined> {
    try {
      const { subject } = await this.principals.client(parseScope(PRIVILEGED_SCOPE));
      return (await this.tokens.token(subject)).accessToken;
    } catch (error) {
      if (isWebexAuthError(error)) return undefined;
      throw error;
    }
  }

  // For the service catalog: whatever is valid, and never a refresh.
  #peek(): AccessToken | undefined {
    const { discoverFor } = this.options;
    return discoverFor === undefined ? undefined : this.tokens.peek(discoverFor);
  }

  /** The phases that are done, with their times. */
  get phases(): readonly PhaseTiming[] {
    return this.#phases;
  }

  /** The phase under way; `ready` at the end. */
  get phase(): Phase {
    return this.#phase;
  }

  /** All phases are done. */
  get ready(): boolean {
    return this.#ready;
  }

  /** What talks to Webex on the wire, for the assembly that takes the place of this one. */
  async transport(): Promise<Transport> {
    return (await this.network()).transport;
  }

  /** Whether it is closed, or about to be. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Another one takes its place: a start under way ends, and tells no more. */
  replace(): void {
    this.#replaced = true;
    // Both hear the same events.
    this.audit.stop();
    this.#telemetry.stop();
  }

  /** Runs the phases in their order; `configure` belongs to the configuration phase. Errors: the store's and the keys'. */
  async start(configure: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    this.#assertStarting();
    openings.set(this.store, (openings.get(this.store) ?? 0) + 1);
    this.#opened = true;
    await this.#run('modules', async () => {
      await Promise.all([this.network(), this.store.open()]);
    });
    await this.#run('plugins', async () => {
      await this.authorization();
    });
    await this.#run('configuration', async () => {
      await this.vault.verifyKeys();
      await configure();
      if (this.options.verifyClient) await this.#verifyClient();
    });
    this.#assertStarting();
    this.emitter.emit('loaded', {});
    await this.#run('discovery', async () => {
      if (this.options.discovery) await (await this.network()).services.discover();
    });
    await this.#run('ready', () => Promise.resolve());
    this.#ready = true;
    if (this.options.scheduler) this.#scheduler.start();
    this.emitter.emit('ready', { phases: this.#phases });
    const { tlsWarning: message } = this.options;
    // A turn later: only then can those hear it who waited for the start.
    if (message !== undefined)
      setImmediate(() => this.emitter.emit('degraded', { reason: 'TLS_NOT_VERIFIED', message }));
  }

  #assertStarting(): void {
    if (this.#closing) throw new ClosedError('Closed while starting');
    if (this.#replaced) throw new ClosedError('Configured anew while starting');
  }

  async #run(phase: Phase, run: () => Promise<void>): Promise<void> {
    this.#assertStarting();
    this.#phase = phase;
    this.emitter.emit('phase', { phase });
    const started = this.clock.monotonic();
    await run();
    this.#phases = [...this.#phases, { phase, ms: this.clock.monotonic() - started }];
  }

  // Revoking a token that nobody has changes nothing, and is refused to a client that cannot prove itself (RFC 7009, 2.1).
  async #verifyClient(): Promise<void> {
    if (!this.options.client) {
      throw new ConfigurationError([{ setting: 'clientId', problem: 'is needed where verifyClient is set' }]);
    }
    await (await this.authorization()).revoke(randomToken(32), 'refresh_token');
  }

  /** Errors: `ConfigurationError` when nobody can be signed in with these settings. */
  assertLogin(): void {
    const { client } = this.options;
    if (client?.redirectUri !== undefined) return;
    const example = 'https://app.example.com/auth/webex/callback';
    throw new ConfigurationError([
      client
        ? { setting: 'redirectUri', problem: 'is needed to sign people in', example }
        : { setting: 'clientId', problem: 'is needed to sign people in' },
    ]);
  }

  /** A grant, or a token that is kept nowhere, as applications see it. */
  supertoken(grant: SupertokenSource): Supertoken {
    const canRefresh = 'record' in grant && this.canRenew(grant as Grant);
    return new Supertoken(grant, { now: () => this.clock.now(), canRefresh });
  }

  /** Refreshes now, due or not; a guest that is not signed in yet is, by the callback. Errors: those of `tokens.refresh`. */
  async refresh(subject: string, options?: { signal?: AbortSignal | undefined }): Promise<Grant> {
    if (this.options.jwtRefreshCallback && !(await this.tokens.recent(subject))) {
      const signingIn = this.#guests.run(subject, () => this.track(this.#signInGuest(subject)));
      return untilAbort(signingIn, options?.signal);
    }
    return this.tokens.refresh(subject, options);
  }

  async #signInGuest(subject: string): Promise<Grant> {
    const tokenSet = await this.renewal.guestByCallback(subject);
    return this.keep(subject, tokenSet, { kind: 'guest_jwt' });
  }

  /** Whether this process is refreshing the grant now. */
  isRefreshing(subject: string): boolean {
    return this.#refresher.isRefreshing(subject);
  }

  /** Signs a guest in at the start, where a callback gives their JWT. A failure is told and stops nothing. */
  async signInByCallback(subject: string): Promise<void> {
    if (!this.options.jwtRefreshCallback) return;
    const done = new AbortController();
    const signedIn = this.refresh(subject)
      .catch((error: unknown) => {
        if (!isWebexAuthError(error)) throw error;
        const { code, retryable, trackingId, retryAt } = error;
        this.emitter.emit('auth:error', { subject, code, retryable, trackingId, retryAt });
      })
      .finally(() => done.abort());
    // One that hangs, or waits for this very start, goes on behind.
    const patience = this.clock.sleep(START_PATIENCE_MS, { signal: done.signal }).catch(() => undefined);
    await Promise.race([signedIn, patience]);
  }

  /** The services that are known now; nothing is loaded or asked for it. */
  knownServices(): Readonly<Record<string, string>> {
    return this.#loaded?.services.list() ?? Object.fromEntries(builtInServices(this.options.endpoints));
  }

  /** Forgets a grant here and its sessions, and revokes nothing. */
  invalidate(subject: string): Promise<void> {
    return invalidate(this, subject);
  }

  /** What signs people in. Errors: as `assertLogin`. */
  async login(): Promise<LoginParts> {
    this.assertLogin();
    const { web } = await this.authorization();
    if (!web) throw new ConfigurationError([{ setting: 'redirectUri', problem: 'is missing' }]);
    return web;
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

  #warnOfMemory(): void {
    if (this.#warnedOfMemory) return;
    this.#warnedOfMemory = true;
    const message =
      'The grant is kept in memory only: its refresh token is lost when the process ends; give a store';
    this.emitter.emit('degraded', { reason: 'STORE_NOT_DURABLE', message });
  }

  /** Forgets a grant and its sessions here first, then revokes it at Webex; says honestly whether that was confirmed. */
  disconnect(subject: string): Promise<Disconnected> {
    return this.track(disconnect(this, subject));
  }

  /** Lets `close` wait for this work: a code that was exchanged must still be stored. */
  track<Result>(work: Promise<Result>): Promise<Result> {
    this.#underWay.add(work);
    const done = (): void => void this.#underWay.delete(work);
    work.then(done, done);
    return work;
  }

  /** The HTTP client of one subject. */
  async clientOf(subject: string): Promise<AuthorizedClient> {
    return (await this.network()).clientOf(new VaultTokenSource(this.tokens, subject), subject);
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
    // First: a device that nobody has allowed yet must not be waited for.
    await this.#tearDown?.();
    await this.#scheduler.close();
    await this.#finishWork();
    await this.#refresher.close();
    await this.audit.close();
    // Calls that are still under way on one that was replaced end well.
    if (this.#replaced) this.tokens.clear();
    else this.tokens.close();
    try {
      await (await this.#network?.catch(() => undefined))?.close();
    } finally {
      if (this.#opened && lastOpening(this.store)) await this.store.close();
    }
  }

  async #finishWork(): Promise<void> {
    const work = Promise.allSettled(this.#underWay);
    await new Promise<void>((resolve) => {
      const limit = this.clock.after(GOODBYE_MS, resolve);
      void work.then(() => {
        limit.cancel();
        resolve();
      });
    });
  }
}

// Several may share one store object: the last one to close closes it.
const openings = new WeakMap<Store, number>();

function lastOpening(store: Store): boolean {
  const left = (openings.get(store) ?? 1) - 1;
  openings.set(store, left);
  return left === 0;
}

/** The names under which Webex's own SDK tells the same. */
function withOlderNames(emitter: Emitter<WebexAuthEvents>): Emitter<WebexAuthEvents> {
  emitter.on('logout', (payload) => emitter.emit('client:logout', payload));
  emitter.on('unauthorized', (payload) => {
    if (payload.kind === 'dead') emitter.emit('client:InvalidRequestError', payload);
  });
  return emitter;
}
