import { Assembly, type AssemblyOptions, type Disconnected } from './assembly.js';
import type { DeviceOptions, GuestOptions } from './assembly-principals.js';
import type { ServiceAppSettings } from './assembly-renewal.js';
import { validateGrant, type ValidateOptions, type Validation } from './assembly-validation.js';
import type { Clock } from './base/clock.js';
import type { CustomFields } from './base/custom-fields.js';
import type { Listener } from './base/emitter.js';
import type { Fetch } from './base/fetch.js';
import { assertOptions, refuse, scopeOption, tokenDemands } from './config/call-options.js';
import { checkClient, type ClientOptions } from './config/client-options.js';
import { resolveEndpoints, type EndpointOptions } from './config/endpoint-options.js';
import { checkFlag } from './config/flag-setting.js';
import { guestIssuerProblems } from './config/guest-issuer.js';
import { checkNumber } from './config/number-setting.js';
import { functionProblems, partProblems } from './config/part-settings.js';
import { recordOf } from './config/record.js';
import { serviceAppProblems } from './config/service-app-settings.js';
import { CLIENT_SETTINGS } from './config/setting-names.js';
import { assertKnownSettings } from './config/unknown-settings.js';
import { ClosedError, ConfigurationError, GrantNotFoundError, ProtocolError } from './errors.js';
import type { PhaseTiming, WebexAuthEvents } from './events.js';
import type { Transport } from './http/transport.js';
import { isAccessToken, readTokenAnswer } from './oauth/token-answer.js';
import type { AccessToken, TokenOptions } from './oauth/token-source.js';
import { TokenSet } from './oauth/token-set.js';
import { readServiceAppEvent, readWebhook, type ServiceAppEvent } from './platform/webhooks.js';
import type { KeyRing } from './sealing/key-ring.js';
import type { AuditEntry } from './stores/audit-log.js';
import type { GrantState } from './stores/grant-record.js';
import type { Store } from './stores/store.js';
import { assertOwnSubject, serviceAppSubject } from './vault/derived-subject.js';
import type { Grant } from './vault/grant.js';
import { describe, summarize, type GrantDescription, type GrantSummary } from './vault/grant-summary.js';
import type { LoginHandlerOptions } from './web/login-handler-options.js';
import { personSubject } from './web/person-subject.js';
import type { CurrentSession } from './web/sessions.js';
import { Webex } from './webex.js';
import { WebexServices } from './webex-services.js';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;
// That of `Date`.
const LAST_INSTANT = 8.64e15;

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
  /** How often tokens without a known end (bots, personal tokens) are checked at Webex, seconds; 86,400, 0 = never. */
  verifyEvery?: number | undefined;
  /** Issues guests' JWTs; the secret as Webex gives it, base64 (webex-facts 5.1). */
  guestIssuer?: { issuer: string; secret: string } | undefined;
  /** How tokens of service apps are had (webex-facts 6.2). */
  serviceApp?: ServiceAppSettings | undefined;
  /** Ask the service catalog while starting; false: the public API needs none (webex-facts 1.5). */
  discovery?: boolean | undefined;
  /** Prove client id and secret to Webex while starting; false. */
  verifyClient?: boolean | undefined;
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
    checkOptions(options);
    const { store, keys, tenant = 'default', login = {}, maxStaleness, scheduler = true } = options;
    const assembly = new Assembly({
      client: checkClient(options.client),
      store,
      keys,
      tenant,
      scheduler,
      endpoints: resolveEndpoints(options.endpoints),
      maxStalenessMs: maxStaleness === undefined ? undefined : maxStaleness * 1000,
      cacheBytes: options.cacheBytes,
      verifyEvery: options.verifyEvery,
      guestIssuer: options.guestIssuer,
      serviceApp: options.serviceApp,
      discovery: options.discovery ?? false,
      verifyClient: options.verifyClient,
      reconnectUrl: reconnectUrlOf(options.client.redirectUri),
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
    const { tokens } = this.#assembly;
    return options === undefined ? tokens.token(subject) : this.#tokenWith(subject, options);
  }

  async #tokenWith(subject: string, options: TokenOptions): Promise<AccessToken> {
    return this.#assembly.tokens.token(subject, tokenDemands(options));
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

  /** Holds a stored token against what is required, without refreshing it; see `Validation`. Errors: those of the network. */
  validate(subject: string, options?: ValidateOptions): Promise<Validation> {
    return validateGrant(this.#assembly, subject, options);
  }

  /** A Webex over one grant: an HTTP client with its token. Errors: `GrantNotFoundError`, the store's. */
  async user(subject: string): Promise<Webex> {
    if (!(await this.#assembly.tokens.recent(subject)))
      throw new GrantNotFoundError('Nothing is stored for this subject; sign in first');
    return new Webex(this.#assembly, subject);
  }

  /**
   * The service app in one organisation (UUID or public id), its token asked for with the owner's where there is none. Errors:
   * `ServiceAppNotAuthorizedError`, `ConfigurationError` without `serviceApp.ownerToken`.
   */
  async serviceApp(orgId: string, options?: { signal?: AbortSignal }): Promise<Webex> {
    return this.#handle(await this.#assembly.principals.serviceApp(orgId, options));
  }

  /** A guest without a Webex account; the same subject is the same guest. Errors: `ConfigurationError`, those of Webex. */
  async guest(options: GuestOptions): Promise<Webex> {
    assertOptions(options);
    return this.#handle(await this.#assembly.principals.guest(options));
  }

  /** A bot, or a person by their personal token, checked at Webex and kept. Errors: `UnauthorizedError` for a token it does not know. */
  async bot(accessToken: string, { signal }: { signal?: AbortSignal } = {}): Promise<Webex> {
    const token = bearer(accessToken);
    const tokenSet = new TokenSet({ accessToken: token, issuedAt: this.#assembly.clock.now() });
    return this.#handle(await this.#assembly.principals.bot(tokenSet, { signal }));
  }

  /**
   * Lets a person allow a device elsewhere (RFC 8628), and keeps the grant under `subject` (by default that of the person). Errors:
   * `DeviceCodeExpiredError`, `AccessDeniedError`, those of the token endpoint.
   */
  async device(settings: DeviceOptions & { subject?: string | undefined }): Promise<Webex> {
    assertOptions(settings);
    const { subject, ...options } = settings;
    if (subject !== undefined) assertOwnSubject(subject);
    const work = async (): Promise<Grant> => {
      const { tokenSet, person, requestedScope } = await this.#assembly.principals.device(options);
      const whose = subject ?? (person && personSubject(person));
      if (whose === undefined) {
        throw new ProtocolError(
          'Webex did not say who allowed the device; give a subject, or ask for spark:people_read',
        );
      }
      return this.#assembly.keep(whose, tokenSet, { kind: 'device_code', person, requestedScope });
    };
    return this.#handle(await this.#assembly.track(work()));
  }

  /** A token of the client itself (RFC 6749, 4.4), kept and renewed. Errors: `UnauthorizedClientError` for ordinary integrations. */
  async clientToken(scope: readonly string[], options?: { signal?: AbortSignal }): Promise<AccessToken> {
    const { subject } = await this.#assembly.principals.client(scopeOption(scope), options);
    return this.#assembly.tokens.token(subject, options);
  }

  /**
   * Takes a webhook about the service app (webex-facts 6.2): when an organisation authorized it, its token is asked for and kept; when
   * it withdrew, the grant is forgotten. `body` exactly as it came. Undefined for events of other kinds and of
   * other service apps. Errors: `WebhookSignatureError`; then nothing was done.
   */
  async receiveWebhook(webhook: ReceivedWebhook): Promise<ServiceAppEvent | undefined> {
    assertOptions(webhook, 'webhook');
    const { body, signature, secret } = webhook;
    const event = readServiceAppEvent(readWebhook({ body, signature }, secret));
    // Webex tells an owner of all their service apps.
    if (event && !this.#assembly.principals.mayBeOwn(event)) return undefined;
    if (!event) return undefined;
    const { principals } = this.#assembly;
    const isAuthorized = await this.#assembly.track(principals.isStillAuthorized(event));
    if (!isAuthorized) await this.#assembly.disconnect(serviceAppSubject(event.orgId));
    return event;
  }

  /** Where Webex's services are. */
  get services(): WebexServices {
    return new WebexServices(this.#assembly);
  }

  #handle({ subject }: Grant): Webex {
    return new Webex(this.#assembly, subject);
  }

  /** Forgets a grant and its sessions, then revokes it at Webex; says honestly whether Webex confirmed it. */
  disconnect(subject: string): Promise<Disconnected> {
    return this.#assembly.disconnect(subject);
  }

  /** Who is signed in, by the session that the login handler gave to this browser. */
  async session(request: Pick<Request, 'headers'>): Promise<CurrentSession | undefined> {
    return (await this.#assembly.authorization()).web?.sessions.read(request);
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

// Beside the callback, where the login handler is mounted.
function reconnectUrlOf(redirectUri: string | undefined): string | undefined {
  return redirectUri !== undefined && URL.canParse(redirectUri)
    ? new URL('reconnect', redirectUri).href
    : undefined;
}

const SETTINGS: readonly (keyof WebexAuthOptions)[] = [
  'client',
  'store',
  'keys',
  'tenant',
  'login',
  'endpoints',
  'scheduler',
  'maxStaleness',
  'cacheBytes',
  'verifyEvery',
  'guestIssuer',
  'serviceApp',
  'discovery',
  'verifyClient',
  'fetch',
  'transport',
  'clock',
  'trace',
];
const LOGIN_SETTINGS: readonly (keyof LoginSettings)[] = [
  'subject',
  'starter',
  'custom',
  'onLogin',
  'onError',
  'lifetime',
];

function checkOptions(options: WebexAuthOptions): void {
  assertKnownSettings(options, { path: '', known: SETTINGS });
  const { client, login = {}, tenant, serviceApp, guestIssuer } = options;
  assertKnownSettings(login, { path: 'login', known: LOGIN_SETTINGS });
  if (recordOf(client)) assertKnownSettings(client, { path: 'client', known: CLIENT_SETTINGS });
  const { lifetime, ...hooks } = login;
  refuse([
    ...partProblems(options, { required: ['store', 'keys'] }),
    ...functionProblems('', { trace: options.trace }),
    ...functionProblems('login', hooks),
    ...(tenant === undefined || isName(tenant) ? [] : [{ setting: 'tenant', problem: 'must be a name' }]),
    ...serviceAppProblems('serviceApp', serviceApp),
    ...guestIssuerProblems('guestIssuer', guestIssuer),
    ...checkNumber('maxStaleness', options.maxStaleness, { unit: 'seconds' }),
    ...checkNumber('cacheBytes', options.cacheBytes, { unit: 'bytes' }),
    ...checkNumber('verifyEvery', options.verifyEvery, { min: 60, orZero: true, unit: 'seconds' }),
    ...checkNumber('login.lifetime', lifetime, { min: 1, max: 86_400, unit: 'seconds' }),
    ...checkFlag('scheduler', options.scheduler),
    ...checkFlag('discovery', options.discovery),
    ...checkFlag('verifyClient', options.verifyClient),
  ]);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

/** A webhook as it came. */
export interface ReceivedWebhook {
  /** Byte for byte. */
  body: string | Uint8Array;
  /** The field `X-Spark-Signature`. */
  signature: string | null | undefined;
  /** As given to Webex when the webhook was made. */
  secret: string;
}

function bearer(text: unknown): string {
  const token = typeof text === 'string' ? text.trim().replace(/^Bearer +/i, '') : '';
  if (isAccessToken(token)) return token;
  throw new ConfigurationError([{ setting: 'accessToken', problem: 'is no bearer token (RFC 6750, 2.1)' }]);
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
    assertOptions(page);
    refuse(checkNumber('limit', page.limit, { unit: 'grants' }));
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
    assertOwnSubject(subject);
    assertOptions(tokenResponse, 'tokenResponse');
    refuse(checkNumber('receivedAt', receivedAt, { max: LAST_INSTANT, unit: 'milliseconds' }));
    const accessToken = tokenResponse['access_token'];
    if (!isAccessToken(accessToken)) {
      throw new ProtocolError('The token response holds no usable access_token');
    }
    const now = receivedAt ?? this.#assembly.clock.now();
    const tokenSet = new TokenSet(readTokenAnswer(tokenResponse, accessToken, { now }));
    return describe(await this.#assembly.keep(subject, tokenSet, { kind, custom }));
  }

  /** Changes custom fields: given ones are set, `undefined` ones removed. They survive refreshes. Errors: `GrantNotFoundError`. */
  async update(subject: string, change: { custom: CustomFields }): Promise<GrantDescription> {
    assertOptions(change);
    const { custom } = change;
    assertOptions(custom, 'custom');
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
      assertOwnSubject(who);
      await assembly.keep(who, tokenSet, { kind: 'authorization_code', ...details });
    };
    const authorization = await assembly.authorization();
    const made = authorization.loginHandler({ keep, subject, starter, custom, onLogin, onError });
    return made ?? (() => Promise.reject(new ClosedError('There is no login to handle')));
  };
  return async (request) => {
    handler ??= create();
    return assembly.track((await handler)(request));
  };
}
