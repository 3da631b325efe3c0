import { Assembly, type AssemblyOptions, type Disconnected } from './assembly.js';
import type { Clock } from './base/clock.js';
import type { Listener } from './base/emitter.js';
import type { Fetch } from './base/fetch.js';
import { checkClient, type ClientOptions } from './config/client-options.js';
import { ClosedError, ConfigurationError, GrantNotFoundError, ProtocolError } from './errors.js';
import type { PhaseTiming, WebexAuthEvents } from './events.js';
import type { Transport } from './http/transport.js';
import { isAccessToken, readTokenAnswer } from './oauth/token-answer.js';
import type { AccessToken, TokenOptions } from './oauth/token-source.js';
import { TokenSet } from './oauth/token-set.js';
import { resolveEndpoints, type EndpointOptions } from './config/endpoint-options.js';
import type { KeyRing } from './sealing/key-ring.js';
import type { AuditEntry } from './stores/audit-log.js';
import type { GrantState } from './stores/grant-record.js';
import type { Store } from './stores/store.js';
import type { CustomFields } from './base/custom-fields.js';
import { describe, summarize, type GrantDescription, type GrantSummary } from './vault/grant-summary.js';
import type { LoginHandlerOptions } from './web/login-handler-options.js';
import type { CurrentSession } from './web/sessions.js';
import { Webex } from './webex.js';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;

/** How people sign in: whose grant it becomes, and what the application does about it. */
export type LoginSettings = Partial<
  Pick<LoginHandlerOptions, 'subject' | 'starter' | 'custom' | 'onLogin' | 'onError'>
> & {
  /** How long a person may take, seconds; 600. */
  lifetime?: number | undefined;
};

/** What `WebexAuth.open` takes. */
export interface WebexAuthOptions {
  client: ClientOptions;
  /** Where grants are kept: `sqliteStore`, `memoryStore`. */
  store: Store;
  /** What seals them. */
  keys: KeyRing;
  /** Keeps several customers apart in one store; `default`. */
  tenant?: string | undefined;
  login?: LoginSettings | undefined;
  /** A region's name, or addresses of your own; by default from the environment. */
  endpoints?: EndpointOptions | undefined;
  /** Refresh due grants in the background; true. */
  scheduler?: boolean | undefined;
  /** How old an answer from the cache may be, seconds; 1. */
  maxStaleness?: number | undefined;
  /** Memory for opened grants, bytes; 32 MiB. */
  cacheBytes?: number | undefined;
  fetch?: Fetch | undefined;
  transport?: Transport | undefined;
  clock?: Clock | undefined;
  /** Called at the named points of a refresh; for tests that stop a process there. */
  trace?: AssemblyOptions['trace'];
}

/** Many principals of one integration: signs people in, keeps their tokens, hands out fresh ones. */
export class WebexAuth {
  readonly #assembly: Assembly;
  readonly #handler: (request: Request) => Promise<Response>;
  readonly #grants: Grants;

  private constructor(assembly: Assembly, login: LoginSettings) {
    this.#assembly = assembly;
    this.#grants = new Grants(assembly);
    this.#handler = createHandler(assembly, login);
  }

  /**
   * Opens the store, proves the keys and starts the scheduler. Errors: `ConfigurationError`, `KeyUnavailableError`, `WrongKeyError`,
   * `StoreCorruptError`, `StoreUnavailableError`, `StoreSchemaError`; nothing is left open then.
   */
  static async open(options: WebexAuthOptions): Promise<WebexAuth> {
    const { store, keys, tenant = 'default', login = {}, maxStaleness, scheduler = true } = options;
    if (maxStaleness !== undefined && !(maxStaleness >= 0)) {
      throw new ConfigurationError([{ setting: 'maxStaleness', problem: 'must be a number of seconds' }]);
    }
    const assembly = new Assembly({
      client: checkClient(options.client),
      store,
      keys,
      tenant,
      scheduler,
      endpoints: resolveEndpoints(options.endpoints),
      maxStalenessMs: maxStaleness === undefined ? undefined : maxStaleness * 1000,
      cacheBytes: options.cacheBytes,
      loginLifetimeMs: login.lifetime === undefined ? undefined : login.lifetime * 1000,
      transport: options.transport,
      fetch: options.fetch,
      clock: options.clock,
      trace: options.trace,
    });
    const auth = new WebexAuth(assembly, login);
    try {
      await assembly.start();
    } catch (error) {
      await assembly.close();
      throw error;
    }
    return auth;
  }

  /**
   * The login handler: `login`, `callback`, `logout` and `reconnect` below the path of the redirect URI. Errors: `ConfigurationError`
   * when the client has no redirect URI.
   */
  get handler(): (request: Request) => Promise<Response> {
    this.#assembly.assertLogin();
    return this.#handler;
  }

  /** The start-up phases with their milliseconds. */
  get phases(): readonly PhaseTiming[] {
    return this.#assembly.phases;
  }

  /** What is stored, without the tokens. */
  get grants(): Grants {
    return this.#grants;
  }

  /**
   * A token of this subject that is valid now, refreshed first where needed. Errors: `GrantNotFoundError`, `ReauthRequiredError`,
   * `MissingScopeError`, `TimeoutError`; those of the token endpoint when no valid token is left; the store's.
   */
  token(subject: string, options?: TokenOptions): Promise<AccessToken> {
    return this.#assembly.tokens.token(subject, options);
  }

  /** "The API refused this one": refreshes only if it is still the current one. Resolves to the token to use now. */
  reportRejected(
    subject: string,
    accessToken: string,
    options?: { signal?: AbortSignal },
  ): Promise<AccessToken> {
    return this.#assembly.tokens.reportRejected(subject, accessToken, options);
  }

  /** Refreshes now, due or not. Errors: as `token`, and those of the token endpoint. */
  async refresh(subject: string, options?: { signal?: AbortSignal }): Promise<GrantDescription> {
    return describe(await this.#assembly.tokens.refresh(subject, options));
  }

  /** A Webex over one grant: an HTTP client with its token. Errors: `GrantNotFoundError`, the store's. */
  async user(subject: string): Promise<Webex> {
    if (!(await this.#assembly.tokens.recent(subject)))
      throw new GrantNotFoundError('Nothing is stored for this subject; sign in first');
    return new Webex(this.#assembly, subject);
  }

  /** Forgets a grant and its sessions, then revokes it at Webex; says honestly whether Webex confirmed it. */
  disconnect(subject: string): Promise<Disconnected> {
    return this.#assembly.disconnect(subject);
  }

  /** Who is signed in, by the session that the login handler gave to this browser. */
  async session(request: Pick<Request, 'headers'>): Promise<CurrentSession | undefined> {
    return (await this.#assembly.network()).web?.sessions.read(request);
  }

  /** Listens to an event. Returns the function that stops it. */
  on<Name extends keyof WebexAuthEvents>(name: Name, listener: Listener<WebexAuthEvents[Name]>): () => void {
    return this.#assembly.emitter.on(name, listener);
  }

  /** As `on`, at most once. */
  once<Name extends keyof WebexAuthEvents>(
    name: Name,
    listener: Listener<WebexAuthEvents[Name]>,
  ): () => void {
    return this.#assembly.emitter.once(name, listener);
  }

  /** Removes a listener. */
  off<Name extends keyof WebexAuthEvents>(name: Name, listener: Listener<WebexAuthEvents[Name]>): void {
    this.#assembly.emitter.off(name, listener);
  }

  /** Finishes the refreshes under way, then closes the store. Idempotent. */
  close(): Promise<void> {
    return this.#assembly.close();
  }
}

/** What is stored, by subject, without the tokens. */
export class Grants {
  readonly #assembly: Assembly;

  constructor(assembly: Assembly) {
    this.#assembly = assembly;
  }

  /** One grant with its scopes, person and custom fields; undefined when there is none. */
  async get(subject: string): Promise<GrantDescription | undefined> {
    const grant = await this.#assembly.tokens.read(subject);
    return grant && describe(grant);
  }

  /** A page of grants in the order of their subjects; `after` is the last subject of the page before. */
  async list(
    page: { state?: GrantState; after?: string; limit?: number } = {},
  ): Promise<readonly GrantSummary[]> {
    const limit = Math.min(MAX_PAGE, Math.max(1, Math.floor(page.limit ?? DEFAULT_PAGE)));
    return (await this.#assembly.vault.list({ ...page, limit })).map(summarize);
  }

  /**
   * Stores a token response (RFC 6749, 5.1) that was obtained elsewhere. Lifetimes count from `receivedAt` (now). Errors: `ProtocolError`
   * when it holds no usable access token.
   */
  async import(
    subject: string,
    tokenResponse: Readonly<Record<string, unknown>>,
    {
      kind = 'imported',
      custom,
      receivedAt,
    }: { kind?: string; custom?: CustomFields; receivedAt?: number } = {},
  ): Promise<GrantDescription> {
    const accessToken = tokenResponse['access_token'];
    if (!isAccessToken(accessToken)) {
      throw new ProtocolError('The token response holds no usable access_token');
    }
    const now = receivedAt ?? this.#assembly.clock.now();
    const tokenSet = new TokenSet(readTokenAnswer(tokenResponse, accessToken, { now }));
    return describe(await this.#assembly.keep(subject, tokenSet, { kind, custom }));
  }

  /** Changes custom fields: given ones are set, `undefined` ones removed. They survive refreshes. Errors: `GrantNotFoundError`. */
  async update(subject: string, { custom }: { custom: CustomFields }): Promise<GrantDescription> {
    const grant = await this.#assembly.vault.updateCustom(subject, custom);
    if (!grant) throw new GrantNotFoundError('Nothing is stored for this subject; sign in first');
    this.#assembly.tokens.remember(grant);
    return describe(grant);
  }

  /** What happened to a grant, newest first. */
  async history(subject: string, { limit = DEFAULT_PAGE }: { limit?: number } = {}): Promise<AuditEntry[]> {
    const { audit, store, owner } = this.#assembly;
    await audit.flush();
    return store.audit.list(owner, { subject, limit });
  }
}

function createHandler(
  assembly: Assembly,
  { subject, starter, custom, onLogin, onError }: LoginSettings,
): (request: Request) => Promise<Response> {
  let handler: Promise<(request: Request) => Promise<Response>> | undefined;
  const create = async (): Promise<(request: Request) => Promise<Response>> => {
    const keep: LoginHandlerOptions['keep'] = async ({ subject: who, tokenSet, ...details }) => {
      await assembly.keep(who, tokenSet, { kind: 'authorization_code', ...details });
    };
    const network = await assembly.network();
    const made = network.loginHandler({ keep, subject, starter, custom, onLogin, onError });
    return made ?? (() => Promise.reject(new ClosedError('There is no login to handle')));
  };
  return async (request) => {
    handler ??= create();
    return assembly.track((await handler)(request));
  };
}
