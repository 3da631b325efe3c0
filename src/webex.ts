import { Assembly, type AssemblyOptions, type Disconnected } from './assembly.js';
import { readCredentials, type CredentialSources, type GivenTokens } from './config/webex-options.js';
import type { Clock } from './base/clock.js';
import type { Listener } from './base/emitter.js';
import type { Fetch } from './base/fetch.js';
import { TimeoutError } from './errors.js';
import type { Phase, PhaseTiming, WebexAuthEvents } from './events.js';
import type { ApiRequest, ApiResult } from './http/api-request.js';
import type { AuthorizedClient, AuthorizedFetchInit } from './http/authorized-client.js';
import type { PaginateOptions } from './http/paginated.js';
import type { Transport } from './http/transport.js';
import { TokenSet } from './oauth/token-set.js';
import { resolveEndpoints, type EndpointOptions } from './config/endpoint-options.js';
import { KeyRing } from './sealing/key-ring.js';
import type { Store } from './stores/store.js';
import { Supertoken } from './vault/supertoken.js';
import type { InitiatedLogin, InitiateOptions } from './web/login.js';

const DEFAULT_SUBJECT = 'default';
const DEFAULT_READY_TIMEOUT_MS = 60_000;

/** What `Webex.init` takes; everything may also come from the environment. */
export interface WebexOptions extends CredentialSources {
  /** Where the grant is kept; by default in memory, sealed with a key of the process. */
  store?: Store | undefined;
  /** Needed with a store that outlives the process. */
  keys?: KeyRing | undefined;
  /** Whose grant it is; `default`. */
  subject?: string | undefined;
  /** A region's name, or addresses of your own; by default from the environment. */
  endpoints?: EndpointOptions | undefined;
  /** Refresh in the background; true. */
  scheduler?: boolean | undefined;
  fetch?: Fetch | undefined;
  transport?: Transport | undefined;
  clock?: Clock | undefined;
}

/** What belongs to an instance made by `Webex.init`, and not to a handle of `WebexAuth.user`. */
interface Startup {
  readonly ready: Promise<void>;
  phase: Phase;
  done: boolean;
}

/** One principal: a person, bot or machine of Webex, its token and an HTTP client that carries it. */
export class Webex {
  readonly #assembly: Assembly;
  readonly #subject: string;
  readonly #startup: Startup | undefined;
  #client: AuthorizedClient | undefined;

  /** Use `Webex.init` for one principal, `WebexAuth#user` for one of many. */
  constructor(assembly: Assembly, subject: string, given?: { tokens: GivenTokens | undefined }) {
    this.#assembly = assembly;
    this.#subject = subject;
    this.#startup = given && this.#start(given.tokens);
  }

  /**
   * Makes a Webex at once and starts it behind; `whenReady()` or the event `ready` tell when it is usable. Errors:
   * `ConfigurationError` for what is wrong locally.
   */
  static init(options?: WebexOptions | string): Webex {
    const settings: WebexOptions = typeof options === 'string' ? {} : (options ?? {});
    const { client, given } = readCredentials(options);
    const assemblyOptions: AssemblyOptions = {
      client,
      store: settings.store,
      keys: settings.keys ?? (settings.store ? KeyRing.fromEnvironment() : KeyRing.ephemeral()),
      tenant: 'default',
      endpoints: resolveEndpoints(settings.endpoints),
      scheduler: settings.scheduler ?? true,
      fetch: settings.fetch,
      transport: settings.transport,
      clock: settings.clock,
    };
    return new Webex(new Assembly(assemblyOptions), settings.subject ?? DEFAULT_SUBJECT, { tokens: given });
  }

  get subject(): string {
    return this.#subject;
  }

  /** All phases are done. */
  get ready(): boolean {
    return this.#startup?.done ?? true;
  }

  /** The phase under way; `ready` at the end. */
  get phase(): Phase {
    return this.#startup?.phase ?? 'ready';
  }

  /** The phases that are done, with their milliseconds. */
  get phases(): readonly PhaseTiming[] {
    return this.#assembly.phases;
  }

  /** Resolves when all phases are done. Errors: what stopped them, `TimeoutError` after `timeout` ms (60,000). */
  async whenReady({ timeout = DEFAULT_READY_TIMEOUT_MS }: { timeout?: number } = {}): Promise<void> {
    if (!this.#startup) return;
    const { clock } = this.#assembly;
    const done = new AbortController();
    const limit = clock.sleep(timeout, { signal: done.signal }).then(() => {
      throw new TimeoutError(`Not ready after ${String(timeout)} ms; still in the phase '${this.phase}'`);
    });
    limit.catch(() => undefined);
    try {
      await Promise.race([this.#startup.ready, limit]);
    } finally {
      done.abort();
    }
  }

  /** Whether a request could be authorized now: with a valid token, or one that can be renewed. As last seen by this process. */
  get canAuthorize(): boolean {
    const grant = this.#assembly.tokens.seen(this.#subject);
    return (
      this.#assembly.tokens.peek(this.#subject) !== undefined ||
      (grant !== undefined && this.#assembly.canRenew(grant))
    );
  }

  /** The credentials as last seen by this process. */
  get credentials(): WebexCredentials {
    return new WebexCredentials(this.#assembly, this.#subject);
  }

  /** Signing in. */
  get authorization(): WebexAuthorization {
    return new WebexAuthorization(this.#assembly, this.#subject);
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

  /** Calls the Webex API, JSON in and out: `{statusCode, headers, body}`. Errors: as `fetch`, and typed ones for 400 and above. */
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
    this.#client ??= await this.#assembly.clientOf(this.#subject);
    return this.#client;
  }

  /** Listens to an event, other subjects' left out. Returns the function that stops it. */
  on<Name extends keyof WebexAuthEvents>(name: Name, listener: Listener<WebexAuthEvents[Name]>): () => void {
    return this.#assembly.emitter.on(name, (payload) => {
      if (this.#concerns(payload)) return listener(payload);
    });
  }

  /** As `on`, at most once. */
  once<Name extends keyof WebexAuthEvents>(
    name: Name,
    listener: Listener<WebexAuthEvents[Name]>,
  ): () => void {
    const stop = this.on(name, (payload) => {
      stop();
      return listener(payload);
    });
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
    if (this.#startup) await this.#assembly.close();
  }

  toJSON(): Record<string, unknown> {
    return { subject: this.#subject, phase: this.phase, canAuthorize: this.canAuthorize };
  }

  #start(tokens: GivenTokens | undefined): Startup {
    const assembly = this.#assembly;
    const stop = assembly.emitter.on('phase', ({ phase }) => {
      startup.phase = phase;
    });
    // A turn later, so that listeners added right after init hear every phase.
    const ready = Promise.resolve()
      .then(() => assembly.start(() => this.#keepGiven(tokens)))
      .finally(stop);
    const startup: Startup = { ready, phase: 'modules', done: false };
    assembly.emitter.on('ready', () => {
      startup.done = true;
    });
    ready.catch(() => undefined);
    return startup;
  }

  // A grant that can be renewed has lived on since these tokens were written down: it wins.
  async #keepGiven(given: GivenTokens | undefined): Promise<void> {
    const assembly = this.#assembly;
    const { tokens, clock, vault } = assembly;
    const stored = await tokens.read(this.#subject);
    if (!given || (stored && assembly.canRenew(stored))) return;
    if (stored?.tokenSet.accessToken === given.accessToken) return;
    const tokenSet = new TokenSet({ ...given, issuedAt: clock.now() });
    tokens.remember(await vault.keep(this.#subject, tokenSet, { kind: 'access_token' }));
  }
}

/** `webex.credentials`. */
export class WebexCredentials {
  readonly #assembly: Assembly;
  readonly #subject: string;

  constructor(assembly: Assembly, subject: string) {
    this.#assembly = assembly;
    this.#subject = subject;
  }

  /** The token set as last seen by this process; undefined before sign-in and after logout. */
  get supertoken(): Supertoken | undefined {
    const grant = this.#assembly.tokens.seen(this.#subject);
    return grant && new Supertoken(grant, () => this.#assembly.clock.now());
  }

  /** Whether the token can be renewed without the person. */
  get canRefresh(): boolean {
    const grant = this.#assembly.tokens.seen(this.#subject);
    return grant !== undefined && this.#assembly.canRenew(grant);
  }

  /** Refreshes now, due or not. Errors: `ReauthRequiredError`, those of the token endpoint. */
  async refresh(options?: { signal?: AbortSignal }): Promise<Supertoken> {
    const grant = await this.#assembly.tokens.refresh(this.#subject, options);
    return new Supertoken(grant, () => this.#assembly.clock.now());
  }
}

/** `webex.authorization`: the authorization code grant. */
export class WebexAuthorization {
  readonly #assembly: Assembly;
  readonly #subject: string;

  constructor(assembly: Assembly, subject: string) {
    this.#assembly = assembly;
    this.#subject = subject;
  }

  /**
   * Begins a login: send the browser to `url`, and keep `transaction` (sealed) for that browser alone, in a cookie or session.
   * Errors: `ConfigurationError` without client or redirect URI.
   */
  async initiateLogin(options?: InitiateOptions): Promise<InitiatedLogin> {
    const { login } = await this.#assembly.login();
    return login.initiate(options);
  }

  /**
   * Finishes a login with the URL that Webex called back: state, issuer, errors and PKCE are checked, then the code is exchanged, once.
   * Resolves when the grant is stored. Errors: those of the authorization response and the token endpoint.
   */
  async completeLogin(
    callbackUrl: string | URL,
    transaction: string,
    options?: { starter?: string; signal?: AbortSignal },
  ): Promise<{ returnTo: string | undefined; supertoken: Supertoken }> {
    const { login } = await this.#assembly.login();
    const work = async () => {
      const { tokenSet, returnTo, requestedScope } = await login.complete(callbackUrl, transaction, options);
      return { returnTo, supertoken: await this.#keep(tokenSet, requestedScope) };
    };
    return this.#assembly.track(work());
  }

  /**
   * Exchanges a code and stores the grant; nothing else. Who calls it has checked `state`. Errors: those of the token endpoint.
   */
  async requestAuthorizationCodeGrant(options: {
    code: string;
    /** Of the authorization request, if one was sent (RFC 7636). */
    codeVerifier?: string;
    signal?: AbortSignal;
  }): Promise<Supertoken> {
    const { code, codeVerifier, signal } = options;
    const { tokenEndpoint } = await this.#assembly.login();
    const { redirectUri = '', scope = [] } = this.#assembly.options.client ?? {};
    const tokenSet = await tokenEndpoint.request(
      {
        grantType: 'authorization_code',
        parameters: { code, redirect_uri: redirectUri, ...(codeVerifier && { code_verifier: codeVerifier }) },
      },
      { purpose: 'sign-in', requestedScope: scope, signal },
    );
    return this.#keep(tokenSet, scope);
  }

  async #keep(tokenSet: TokenSet, requestedScope: readonly string[]): Promise<Supertoken> {
    const kind = 'authorization_code';
    const grant = await this.#assembly.keep(this.#subject, tokenSet, { kind, requestedScope });
    return new Supertoken(grant, () => this.#assembly.clock.now());
  }
}
