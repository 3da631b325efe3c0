import type { Assembly } from './assembly.js';
import type { Disconnected } from './assembly-disconnect.js';
import type { Listener } from './base/emitter.js';
import { assertOptions, refuse } from './config/call-options.js';
import type { WebexConfig } from './config/credential-shapes.js';
import { givesToken, mergeConfig } from './config/merge-config.js';
import { checkNumber } from './config/number-setting.js';
import { recordOf } from './config/record.js';
import type { CredentialSettings, GivenTokens } from './config/webex-options.js';
import { ClosedError, ConfigurationError, TimeoutError } from './errors.js';
import type { Phase, PhaseTiming, WebexAuthEvents } from './events.js';
import type { ApiRequest, ApiResult } from './http/api-request.js';
import type { AuthorizedClient, AuthorizedFetchInit } from './http/authorized-client.js';
import { JsonCalls } from './http/json-calls.js';
import type { PaginateOptions } from './http/paginated.js';
import { formatScope } from './oauth/scope.js';
import { TokenSet } from './oauth/token-set.js';
import { assertOwnSubject } from './vault/derived-subject.js';
import type { Supertoken } from './vault/supertoken.js';
import { assembleWebex, DEFAULT_SUBJECT, type WebexOptions } from './webex-assembly.js';
import { WebexAuthorization } from './webex-authorization.js';
import { WebexCredentials } from './webex-credentials.js';
import { WebexServices } from './webex-services.js';

const DEFAULT_READY_TIMEOUT_MS = 60_000;

/** The configuration in force, as `webex.config` shows it. */
export interface WebexConfiguration {
  readonly credentials: {
    readonly client_id: string | undefined;
    readonly redirect_uri: string | undefined;
    readonly scope: string | undefined;
    readonly authorizeUrl: string;
    readonly clientType: 'confidential';
  };
}

/** What belongs to an instance made by `Webex.init`, and not to a handle of `WebexAuth.user`. */
interface Startup {
  readonly options: WebexOptions | string | undefined;
  readonly ready: Promise<void>;
  /** Those that it took the place of, until they are closed. */
  readonly replaced: Set<Assembly>;
  readonly given: string | undefined;
  /** A given access token that a sign-in or a logout has taken the place of. */
  spent: string | undefined;
}

interface Listening {
  readonly name: keyof WebexAuthEvents;
  readonly listener: unknown;
  readonly stop: () => void;
}

/** One principal: a person, bot or machine of Webex, its token and an HTTP client that carries it. */
export class Webex extends JsonCalls {
  #assembly: Assembly;
  readonly #subject: string;
  #startup: Startup | undefined;
  #client: AuthorizedClient | undefined;
  #authorization: WebexAuthorization | undefined;
  #listening: readonly Listening[] | undefined;

  /** Use `Webex.init` for one principal, `WebexAuth#user` for one of many. */
  constructor(assembly: Assembly, subject: string) {
    super();
    this.#assembly = assembly;
    this.#subject = subject;
  }

  /**
   * Makes a Webex at once and starts it behind; `whenReady()` or the event `ready` tell when it is usable. Errors:
   * `ConfigurationError` for what is wrong locally, naming each setting.
   */
  static init(options?: WebexOptions | string): Webex {
    const { subject = DEFAULT_SUBJECT }: Pick<WebexOptions, 'subject'> = recordOf(options) ?? {};
    assertOwnSubject(subject);
    // Made first, for the callback that gets it; nothing runs before it is whole.
    let webex: Webex | undefined = undefined;
    const self = (): Webex => webex as unknown as Webex;
    const { assembly, settings } = assembleWebex(options, self);
    webex = new Webex(assembly, subject);
    webex.#startup = webex.#start(options, settings);
    for (const event of ['login', 'logout'] as const) webex.on(event, () => self().#spendGiven());
    return webex;
  }

  get subject(): string {
    return this.#subject;
  }

  /** All phases are done. */
  get ready(): boolean {
    return !this.#startup || this.#assembly.ready;
  }

  /** The phase under way; `ready` at the end. */
  get phase(): Phase {
    return this.#startup ? this.#assembly.phase : 'ready';
  }

  /** The phases that are done, with their milliseconds. */
  get phases(): readonly PhaseTiming[] {
    return this.#assembly.phases;
  }

  /** Resolves when all phases are done. Errors: what stopped them, `TimeoutError` after `timeout` ms (60,000). */
  async whenReady({ timeout = DEFAULT_READY_TIMEOUT_MS }: { timeout?: number } = {}): Promise<void> {
    refuse(checkNumber('timeout', timeout, { unit: 'milliseconds' }));
    if (!this.#startup) return;
    const { clock } = this.#assembly;
    const done = new AbortController();
    const limit = clock.sleep(timeout, { signal: done.signal }).then(() => {
      throw new TimeoutError(`Not ready after ${String(timeout)} ms; still in the phase '${this.phase}'`);
    });
    limit.catch(() => undefined);
    try {
      await Promise.race([this.#started(), limit]);
    } finally {
      done.abort();
    }
  }

  // Whoever waits while the settings change waits for the new ones.
  async #started(): Promise<void> {
    const startup = this.#startup;
    await startup?.ready.catch((error: unknown) => {
      if (startup === this.#startup) throw error;
    });
    if (startup !== this.#startup) await this.#started();
  }

  /** Whether a request could be authorized now: with a valid token, or one that can be renewed. As last seen by this process. */
  get canAuthorize(): boolean {
    return this.credentials.canAuthorize;
  }

  /** Whether the token can be renewed without the person. */
  get canRefresh(): boolean {
    return this.credentials.canRefresh;
  }

  /** Whether a sign-in is under way here. */
  get isAuthorizing(): boolean {
    return this.#authorization?.isAuthorizing ?? false;
  }

  /** As `isAuthorizing`. */
  get isAuthenticating(): boolean {
    return this.isAuthorizing;
  }

  /** The configuration in force, without its secrets. */
  get config(): WebexConfiguration {
    const { client, endpoints } = this.#assembly.options;
    return {
      credentials: {
        client_id: client?.clientId,
        redirect_uri: client?.redirectUri,
        scope: client && formatScope(client.scope),
        authorizeUrl: endpoints.authorizationServer.authorizationEndpoint,
        clientType: 'confidential',
      },
    };
  }

  /**
   * Takes new settings in place of the old ones of the same name, and starts anew with them; listeners, store and keys stay. Errors:
   * `ConfigurationError`; nothing has changed then. `ClosedError` after `close()`.
   */
  setConfig(config: WebexConfig): void {
    const before = this.#startup;
    if (!before) {
      throw new ConfigurationError([
        { setting: 'config', problem: 'belongs to the WebexAuth that gave this handle, and is set there' },
      ]);
    }
    assertOptions(config, 'config');
    const { credentials } = config;
    if (credentials !== undefined && typeof credentials !== 'string')
      assertOptions(credentials, 'credentials');
    const old = this.#assembly;
    if (old.closed) throw new ClosedError('This Webex is closed; make a new one');
    const {
      store,
      emitter,
      options: { keys },
    } = old;
    const options = { ...mergeConfig<WebexOptions>(before.options, config), store, keys };
    // Requests under way go on, over the same connections.
    const { assembly, settings } = assembleWebex(options, () => this, {
      emitter,
      transport: () => old.transport(),
    });
    old.replace();
    this.#assembly = assembly;
    this.#client = undefined;
    this.#authorization = undefined;
    const startup = this.#start(options, settings, before);
    // Given once more, it counts once more.
    if (givesToken(config)) startup.spent = undefined;
    this.#startup = startup;
    startup.replaced.add(old);
    // The new one has store and connections open by then, so that they stay so.
    void Promise.allSettled([startup.ready, assembly.network()])
      .then(() => old.close())
      .catch(() => undefined)
      .then(() => startup.replaced.delete(old));
  }

  /** The credentials as last seen by this process. */
  get credentials(): WebexCredentials {
    return new WebexCredentials(this.#assembly, this.#subject);
  }

  /** Signing in. */
  get authorization(): WebexAuthorization {
    this.#authorization ??= new WebexAuthorization(this.#assembly, this.#subject);
    return this.#authorization;
  }

  /** Where Webex's services are. */
  get services(): WebexServices {
    return new WebexServices(this.#assembly);
  }

  /** Refreshes the token now; as `credentials.refresh()`. */
  refresh(options?: { signal?: AbortSignal }): Promise<Supertoken> {
    return this.credentials.refresh(options);
  }

  /**
   * Calls the Webex API with a fresh token: `path` is relative to the API base, absolute URLs only on Webex's own origins.
   * Never throws for an HTTP status. Errors: those of `token()`, `OriginNotAllowedError`, network and time.
   */
  fetch(path: string | URL, init?: AuthorizedFetchInit): Promise<Response> {
    return this.#client
      ? this.#client.fetch(path, init)
      : this.#connect().then((http) => http.fetch(path, init));
  }

  /**
   * Calls the Webex API, JSON in and out: `{statusCode, headers, body}`; `get`, `post`, `put`, `patch` and `delete` give the body alone.
   * Errors: as `fetch`, and typed ones for 400 and above.
   */
  request<T = unknown>(options: ApiRequest): Promise<ApiResult<T>> {
    return this.#client
      ? this.#client.request<T>(options)
      : this.#connect().then((http) => http.request<T>(options));
  }

  /** Walks a list of the Webex API, page by page (RFC 8288 `next` links). */
  async *paginate<T = unknown>(path: string | URL, options?: PaginateOptions): AsyncGenerator<T, void> {
    yield* (await this.#connect()).paginate<T>(path, options);
  }

  async #connect(): Promise<AuthorizedClient> {
    const assembly = this.#assembly;
    const client = this.#client ?? (await assembly.clientOf(this.#subject));
    // Settings may have changed meanwhile.
    if (assembly === this.#assembly) this.#client = client;
    return client;
  }

  /** Listens to an event, other subjects' left out. Returns the function that stops it. */
  on<Name extends keyof WebexAuthEvents>(name: Name, listener: Listener<WebexAuthEvents[Name]>): () => void {
    return this.#listen(name, listener, listener);
  }

  /** As `on`, at most once. */
  once<Name extends keyof WebexAuthEvents>(
    name: Name,
    listener: Listener<WebexAuthEvents[Name]>,
  ): () => void {
    const stop = this.#listen(name, listener, (payload) => {
      stop();
      return listener(payload);
    });
    return stop;
  }

  /** Removes a listener, however it was added; unknown ones are ignored. */
  off<Name extends keyof WebexAuthEvents>(name: Name, listener: Listener<WebexAuthEvents[Name]>): void {
    this.#listening?.find((one) => one.name === name && one.listener === listener)?.stop();
  }

  #listen<Name extends keyof WebexAuthEvents>(
    name: Name,
    listener: unknown,
    run: Listener<WebexAuthEvents[Name]>,
  ): () => void {
    const remove = this.#assembly.emitter.on(name, (payload) => {
      if (this.#concerns(payload)) return run(payload);
    });
    const stop = (): void => {
      remove();
      this.#listening = this.#listening?.filter((other) => other !== one);
    };
    const one: Listening = { name, listener, stop };
    this.#listening = [...(this.#listening ?? []), one];
    return stop;
  }

  #concerns(payload: object): boolean {
    return !('subject' in payload) || payload.subject === undefined || payload.subject === this.#subject;
  }

  /** Forgets the grant and revokes it at Webex, awaited; says honestly whether Webex confirmed it. */
  logout(): Promise<Disconnected> {
    return this.#assembly.disconnect(this.#subject);
  }

  /** Finishes what is under way and lets go of everything. A handle of `WebexAuth.user` has nothing of its own to close. */
  async close(): Promise<void> {
    if (!this.#startup) return;
    // The one in their place writes down what they tell.
    const { replaced } = this.#startup;
    if (replaced.size > 0) await Promise.all(Array.from(replaced, (one) => one.close()));
    await this.#assembly.close();
  }

  toJSON(): Record<string, unknown> {
    return { subject: this.#subject, phase: this.phase, canAuthorize: this.canAuthorize };
  }

  #start(options: Startup['options'], { given, ignored }: CredentialSettings, before?: Startup): Startup {
    const assembly = this.#assembly;
    const startup: Startup = {
      options,
      // A turn later, so that listeners added right after init hear every phase.
      ready: Promise.resolve().then(() =>
        assembly.start(() => {
          for (const { setting, why } of ignored) {
            assembly.emitter.emit('degraded', { reason: 'SETTING_IGNORED', message: `${setting}: ${why}` });
          }
          const isSpent = given !== undefined && given.accessToken === startup.spent;
          // One that setConfig has just brought is meant; one of the start yields to what has lived on since.
          const isMeant = before !== undefined && given?.accessToken !== before.given;
          return this.#keepGiven(assembly, isSpent ? undefined : given, isMeant);
        }),
      ),
      replaced: before?.replaced ?? new Set(),
      given: given?.accessToken,
      spent: before?.spent,
    };
    startup.ready.catch(() => undefined);
    return startup;
  }

  // What the options hold says nothing of who is signed in from then on.
  #spendGiven(): void {
    const startup = this.#startup;
    if (startup?.given !== undefined) startup.spent = startup.given;
    // One that was begun with the settings before: they are not looked at for it.
    if (startup && startup.replaced.size > 0)
      this.#assembly.tokens.read(this.#subject).catch(() => undefined);
  }

  // A grant that can be renewed has lived on since these tokens were written down: it wins.
  async #keepGiven(assembly: Assembly, given: GivenTokens | undefined, isMeant: boolean): Promise<void> {
    const { tokens, clock, vault } = assembly;
    const stored = await tokens.read(this.#subject);
    if (!given) return stored ? undefined : assembly.signInByCallback(this.#subject);
    if (stored && assembly.canRenew(stored) && !isMeant) return;
    const { accessToken, refreshToken } = stored?.tokenSet ?? {};
    if (accessToken === given.accessToken && refreshToken === given.refreshToken) return;
    // They were issued before they were given: what has ended since is renewed like any other.
    const issuedAt = Math.min(clock.now(), (given.expiresAt ?? Infinity) - 1);
    const tokenSet = new TokenSet({ ...given, issuedAt });
    tokens.remember(await vault.keep(this.#subject, tokenSet, { kind: 'access_token' }));
  }
}
