import { Assembly } from './assembly.js';
import type { Disconnected } from './assembly-disconnect.js';
import type { DeviceOptions, GuestOptions } from './assembly-principals.js';
import type { ValidateOptions, Validation } from './assembly-validation.js';
import type { Listener } from './base/emitter.js';
import { assertOptions, scopeOption, tokenDemands } from './config/call-options.js';
import { checkClient } from './config/client-options.js';
import { resolveEndpoints } from './config/endpoint-options.js';
import { tlsWarning } from './config/tls-warning.js';
import { ClosedError, ConfigurationError, GrantNotFoundError, ProtocolError } from './errors.js';
import type { PhaseTiming, WebexAuthEvents } from './events.js';
import { isAccessToken } from './oauth/token-answer.js';
import type { AccessToken, TokenOptions } from './oauth/token-source.js';
import { TokenSet } from './oauth/token-set.js';
import type { ServiceAppEvent } from './platform/webhooks.js';
import { assertOwnSubject, serviceAppSubject } from './vault/derived-subject.js';
import type { Grant } from './vault/grant.js';
import { describe, type GrantDescription } from './vault/grant-summary.js';
import type { LoginHandlerOptions } from './web/login-handler-options.js';
import { personSubject } from './web/person-subject.js';
import type { CurrentSession } from './web/sessions.js';
import { Webex } from './webex.js';
import { Grants } from './webex-auth-grants.js';
import {
  checkOptions,
  reconnectUrlOf,
  type LoginSettings,
  type WebexAuthOptions,
} from './webex-auth-options.js';
import { WebexServices } from './webex-services.js';

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
      http: options.http,
      log: options.log,
      tlsWarning: tlsWarning(options, process.env),
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
  async validate(subject: string, options?: ValidateOptions): Promise<Validation> {
    const { validateGrant } = await import('./assembly-validation.js');
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
    const { readServiceAppEvent, readWebhook } = await import('./platform/webhooks.js');
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
