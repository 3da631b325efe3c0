import { randomUUID } from 'node:crypto';
import type { Network, NetworkOptions } from './assembly-network.js';
import { systemClock, type Clock } from './base/clock.js';
import { Emitter } from './base/emitter.js';
import { ClosedError, ConfigurationError, isWebexAuthError } from './errors.js';
import type { Phase, PhaseTiming, WebexAuthEvents } from './events.js';
import type { AuthorizedClient } from './http/authorized-client.js';
import type { Renewer } from './oauth/grants/renewer.js';
import { outcomeOf } from './oauth/outcome.js';
import type { TokenEndpoint } from './oauth/token-endpoint.js';
import type { TokenSet } from './oauth/token-set.js';
import { GrantTokens } from './refresh/grant-tokens.js';
import { planDue } from './refresh/refresh-policy.js';
import type { TracePoint } from './refresh/refresh-protocol.js';
import { Refresher } from './refresh/refresher.js';
import { Scheduler } from './refresh/scheduler.js';
import { VaultTokenSource } from './refresh/vault-token-source.js';
import type { GrantOwner } from './stores/grant-store.js';
import { memoryStore } from './stores/memory-store.js';
import type { Store } from './stores/store.js';
import { AuditTrail } from './telemetry/audit-trail.js';
import type { Grant, GrantDetails } from './vault/grant.js';
import { Vault, type DisconnectedTokens } from './vault/vault.js';
import { sessionScope } from './web/session-scope.js';
import type { Login } from './web/login.js';

const GOODBYE_MS = 10_000;

/** What both public faces pass on: settings that are checked, and parts that can be replaced. */
export interface AssemblyOptions extends Omit<NetworkOptions, 'store' | 'clock'> {
  /** By default in memory. */
  store?: Store | undefined;
  clock?: Clock | undefined;
  /** Refresh due grants in the background. */
  scheduler: boolean;
  random?: (() => number) | undefined;
  maxStalenessMs?: number | undefined;
  cacheBytes?: number | undefined;
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
  readonly #refresher: Refresher;
  readonly #scheduler: Scheduler;
  #network: Promise<Network> | undefined;
  #phases: PhaseTiming[] = [];
  #closing: Promise<void> | undefined;
  #warnedOfMemory = false;
  #opened = false;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: AssemblyOptions) {
    const { client, keys, tenant, clock = systemClock, random = Math.random } = options;
    const { store = memoryStore({ clock }) } = options;
    const emitter = new Emitter<WebexAuthEvents>();
    const owner = { tenant, clientId: client?.clientId ?? '' };
    const renewer = client && this.#renewer();
    const { grants, leases, gates } = store;
    const vault = new Vault({
      grants,
      keys,
      owner,
      dueAt: (tokenSet) => (renewer?.canRenew(tokenSet) ? planDue(tokenSet, random()) : undefined),
    });
    this.#refresher = new Refresher({
      vault,
      leases,
      gates,
      owner,
      emitter,
      clock,
      random,
      grants,
      renewerOf: () => renewer,
      outcomeOf,
      revokeOrphan: async (refreshToken) => (await this.network()).revoke(refreshToken, 'refresh_token'),
      holder: `${String(process.pid)}:${randomUUID()}`,
      trace: options.trace,
    });
    const { maxStalenessMs, cacheBytes } = options;
    const refresher = this.#refresher;
    const tokens = new GrantTokens({ vault, refresher, emitter, clock, maxStalenessMs, cacheBytes });
    this.#scheduler = new Scheduler({ grants, owner, clock, refresher, tokens });
    this.audit = new AuditTrail({ emitter, audit: store.audit, owner, clock });
    this.options = options;
    this.store = store;
    this.owner = owner;
    this.clock = clock;
    this.emitter = emitter;
    this.vault = vault;
    this.tokens = tokens;
  }

  /** What talks to Webex and to browsers, loaded on first use. */
  network(): Promise<Network> {
    this.#network ??= import('./assembly-network.js').then(
      ({ Network }) => new Network({ ...this.options, store: this.store, clock: this.clock }),
    );
    return this.#network;
  }

  /** The phases that are done, with their times. */
  get phases(): readonly PhaseTiming[] {
    return this.#phases;
  }

  /** Runs the phases in their order; `configure` belongs to the configuration phase. Errors: the store's and the keys'. */
  async start(configure: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    openings.set(this.store, (openings.get(this.store) ?? 0) + 1);
    this.#opened = true;
    await this.#phase('modules', async () => {
      await Promise.all([this.network(), this.store.open()]);
    });
    await this.#phase('plugins', () => Promise.resolve());
    await this.#phase('configuration', async () => {
      await this.vault.verifyKeys();
      await configure();
    });
    await this.#phase('discovery', () => Promise.resolve());
    if (this.#closing) throw new ClosedError('Closed while starting');
    await this.#phase('ready', () => Promise.resolve());
    if (this.options.scheduler) this.#scheduler.start();
    this.emitter.emit('ready', { phases: this.#phases });
  }

  async #phase(phase: Phase, run: () => Promise<void>): Promise<void> {
    this.emitter.emit('phase', { phase });
    const started = this.clock.monotonic();
    await run();
    this.#phases = [...this.#phases, { phase, ms: this.clock.monotonic() - started }];
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

  /** What signs people in. Errors: as `assertLogin`. */
  async login(): Promise<{ login: Login; tokenEndpoint: TokenEndpoint }> {
    this.assertLogin();
    const { web, client } = await this.network();
    if (!web || !client) throw new ConfigurationError([{ setting: 'clientId', problem: 'is missing' }]);
    return { login: web.login, tokenEndpoint: client.tokenEndpoint };
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

  /** Forgets a grant here first, then revokes it at Webex; says honestly whether that was confirmed. Ends its sessions too. */
  disconnect(subject: string): Promise<Disconnected> {
    return this.track(this.#disconnect(subject));
  }

  async #disconnect(subject: string): Promise<Disconnected> {
    const gone = await this.vault.disconnect(subject);
    this.tokens.forget(subject);
    const [sessions, revocation] = await Promise.allSettled([
      this.store.sessions.deleteBySubject(sessionScope(this.owner), subject),
      gone ? this.#revokeAll(gone.tokens) : Promise.resolve({ revoked: false }),
    ]);
    if (gone) this.emitter.emit('logout', { subject, revoked: isRevoked(revocation) });
    if (sessions.status === 'rejected') throw sessions.reason;
    if (revocation.status === 'rejected') throw revocation.reason;
    return { existed: gone !== undefined, ...revocation.value };
  }

  async #revokeAll(tokens: DisconnectedTokens): Promise<{ revoked: boolean; error?: string }> {
    if (!tokens) return { revoked: false, error: 'KEY_UNAVAILABLE' };
    if (!this.options.client) return { revoked: false, error: 'CONFIGURATION_INVALID' };
    const { accessToken, refreshTokens } = tokens;
    try {
      const network = await this.network();
      for (const token of refreshTokens) await network.revoke(token, 'refresh_token');
      if (refreshTokens.length === 0) await network.revoke(accessToken, 'access_token');
      return { revoked: true };
    } catch (error) {
      return { revoked: false, error: isWebexAuthError(error) ? error.code : 'NETWORK_ERROR' };
    }
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
    return (await this.network()).clientOf(new VaultTokenSource(this.tokens, subject));
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
    await this.#finishWork();
    await this.#refresher.close();
    await this.audit.close();
    this.tokens.clear();
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

  // Knows what can be renewed before anything that renews is loaded.
  #renewer(): Renewer {
    return {
      canRenew: ({ refreshToken }) => Boolean(refreshToken),
      renew: async (current, options) => {
        const { client } = await this.network();
        if (!client) throw new ConfigurationError([{ setting: 'clientId', problem: 'is needed to renew' }]);
        return client.renewer.renew(current, options);
      },
    };
  }
}

// Several may share one store object: the last one to close closes it.
const openings = new WeakMap<Store, number>();

function lastOpening(store: Store): boolean {
  const left = (openings.get(store) ?? 1) - 1;
  openings.set(store, left);
  return left === 0;
}

function isRevoked(revocation: PromiseSettledResult<{ revoked: boolean }>): boolean {
  return revocation.status === 'fulfilled' && revocation.value.revoked;
}
