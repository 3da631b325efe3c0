import type { Assembly } from './assembly.js';
import { PRIVILEGED_SCOPE } from './assembly-principals.js';
import type { ValidateOptions, Validation } from './assembly-validation.js';
import { ConfigurationError, GrantNotFoundError } from './errors.js';
import { formatScope } from './oauth/scope.js';
import { uuidOfPublicId } from './platform/public-id.js';
import { orgIdFromToken, userTypeFromToken } from './platform/token-anatomy.js';
import { assertOptions, scopeOption } from './config/call-options.js';
import type { Grant } from './vault/grant.js';
import type { Supertoken } from './vault/supertoken.js';

/** Query parameters of `buildLoginUrl`, and its state. */
export interface LoginUrlOptions {
  /** Sent as base64url of its JSON. You check it when it comes back; `authorization.initiateLogin` does all that for you. */
  state?: Readonly<Record<string, unknown>> | undefined;
  /** In place of the configured scopes. */
  scope?: string | readonly string[] | undefined;
  /** `confidential` is the only one there is at Webex. */
  clientType?: string | undefined;
  /** More parameters, such as `prompt` or `login_hint`. */
  [parameter: string]: unknown;
}

/** `webex.credentials`: what is known of the principal's token, and what can be made of it. */
export class WebexCredentials {
  readonly #assembly: Assembly;
  readonly #subject: string;

  constructor(assembly: Assembly, subject: string) {
    this.#assembly = assembly;
    this.#subject = subject;
  }

  /** The token set as last seen by this process; undefined before sign-in and after logout. */
  get supertoken(): Supertoken | undefined {
    const grant = this.#seen();
    return grant && this.#assembly.supertoken(grant);
  }

  /** Whether a request could be authorized now: with a valid token, or one that can be renewed. As last seen by this process. */
  get canAuthorize(): boolean {
    const grant = this.#seen();
    const canRenew = grant !== undefined && this.#assembly.canRenew(grant);
    return canRenew || this.#assembly.tokens.peek(this.#subject) !== undefined;
  }

  /** Whether the token can be renewed without the person. */
  get canRefresh(): boolean {
    const grant = this.#seen();
    return grant ? this.#assembly.canRenew(grant) : this.#assembly.options.jwtRefreshCallback !== undefined;
  }

  /** Whether this process is refreshing it now. */
  get isRefreshing(): boolean {
    return this.#assembly.isRefreshing(this.#subject);
  }

  /** Whether it is a guest's, as the token itself says (webex-facts 5.1). */
  get isUnverifiedGuest(): boolean {
    const grant = this.#seen();
    return grant !== undefined && userTypeFromToken(grant.tokenSet.accessToken) === 'guest';
  }

  /** Refreshes now, due or not. Errors: `ReauthRequiredError`, those of the token endpoint. */
  async refresh(options?: { signal?: AbortSignal }): Promise<Supertoken> {
    return this.#assembly.supertoken(await this.#assembly.refresh(this.#subject, options));
  }

  /**
   * Holds the token against what is required, without refreshing it: `{valid, code, error, expiresAt, remaining, missingScopes}`.
   * Webex is asked too, unless `remote` is false. Errors: those of the network.
   */
  async validate(options?: ValidateOptions): Promise<Validation> {
    const { validateGrant } = await import('./assembly-validation.js');
    return validateGrant(this.#assembly, this.#subject, options);
  }

  /**
   * The organisation's UUID, as the token or the person says (webex-facts 7): unverified, good for routing. Errors: `GrantNotFoundError`
   * where neither does.
   */
  getOrgId(): string {
    const grant = this.#seen();
    const orgId =
      grant &&
      (orgIdFromToken(grant.tokenSet.accessToken) ??
        uuidOfPublicId(grant.person?.orgId ?? '', 'ORGANIZATION'));
    if (orgId !== undefined) return orgId;
    throw new GrantNotFoundError('There is no token here that tells its organisation; sign in first');
  }

  /**
   * A token that carries these scopes and no others, made of the full one and kept until that is replaced; without `scope` the full
   * one. Errors: `MissingScopeError`, `ScopeReductionError` (the full token never takes its place), those of `token()`.
   */
  async getUserToken(
    scope?: string | readonly string[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Supertoken> {
    if (scope === undefined) {
      await this.#assembly.tokens.token(this.#subject, { signal });
      const grant = this.#seen() ?? (await this.#assembly.tokens.recent(this.#subject));
      if (grant) return this.#assembly.supertoken(grant);
      throw new GrantNotFoundError('Nothing is stored for this subject; sign in first');
    }
    const scopes = scopeOption(scope);
    if (scopes.length === 0) {
      throw new ConfigurationError([
        { setting: 'scope', problem: 'names no scope', example: 'spark:people_read' },
      ]);
    }
    const tokenSet = await this.#assembly.reduced.token(this.#subject, scopes, { signal });
    return this.#assembly.supertoken({ tokenSet });
  }

  /**
   * A token of the client itself, kept and renewed (RFC 6749, 4.4). Errors: `UnauthorizedClientError` for ordinary integrations: Webex
   * gives them none, use a service app.
   */
  async getClientToken(
    options: { scope?: string | readonly string[]; signal?: AbortSignal } = {},
  ): Promise<Supertoken> {
    assertOptions(options);
    const { scope = PRIVILEGED_SCOPE, signal } = options;
    const { subject } = await this.#assembly.principals.client(scopeOption(scope), { signal });
    await this.#assembly.tokens.token(subject, { signal });
    const { tokens } = this.#assembly;
    const grant = tokens.seen(subject) ?? (await tokens.recent(subject));
    if (grant) return this.#assembly.supertoken(grant);
    throw new GrantNotFoundError('The client token was forgotten while it was read; ask again');
  }

  /**
   * The address of Webex's login page, always for a code (never the implicit grant). It carries no PKCE and its state is yours to
   * check: prefer `authorization.initiateLogin`. Errors: `ConfigurationError`.
   */
  buildLoginUrl(options: LoginUrlOptions = {}): string {
    assertOptions(options);
    const { state, scope, clientType, ...parameters } = options;
    const { client, endpoints } = this.#assembly.options;
    this.#assembly.assertLogin();
    if ((clientType ?? 'confidential') !== 'confidential') {
      throw refused('clientType', 'must be confidential: a server asks for a code, not for a token');
    }
    if (!isState(state)) {
      throw refused('state', 'must be an object');
    }
    const scopes = scope === undefined ? (client?.scope ?? []) : scopeOption(scope);
    const own = {
      state: state && Object.keys(state).length > 0 ? stateText(state) : undefined,
      client_id: client?.clientId,
      redirect_uri: client?.redirectUri,
      scope: scopes.length > 0 ? formatScope(scopes) : undefined,
      response_type: 'code',
    };
    for (const name of Object.keys(parameters)) {
      if (Object.hasOwn(own, name)) throw refused(name, 'is set by the library');
    }
    return withQuery(endpoints.authorizationServer.authorizationEndpoint, { ...own, ...parameters });
  }

  /** The address that ends the person's session at Webex in their browser. No token is in it. Errors: `ConfigurationError`. */
  buildLogoutUrl(
    options: {
      goto?: string | undefined;
      cisService?: string | undefined;
      [parameter: string]: unknown;
    } = {},
  ): string {
    assertOptions(options);
    const { client, endpoints, cisService: own = 'webex' } = this.#assembly.options;
    const { goto, cisService = own, ...parameters } = options;
    if (goto !== undefined && !isWebAddress(goto))
      throw refused('goto', 'must be an absolute http or https URL');
    return withQuery(endpoints.idbroker.logout, {
      cisService,
      goto: goto ?? client?.redirectUri,
      ...parameters,
    });
  }

  /** Forgets the tokens here, and revokes nothing: `webex.logout()` does both. */
  async invalidate(): Promise<void> {
    await this.#assembly.invalidate(this.#subject);
  }

  toJSON(): Record<string, unknown> {
    const { canAuthorize, canRefresh, supertoken } = this;
    return { canAuthorize, canRefresh, supertoken };
  }

  #seen(): Grant | undefined {
    return this.#assembly.tokens.seen(this.#subject);
  }
}

function isWebAddress(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

function isState(state: unknown): boolean {
  return state === undefined || (typeof state === 'object' && state !== null && !Array.isArray(state));
}

function stateText(state: object): string {
  try {
    return Buffer.from(JSON.stringify(state)).toString('base64url');
  } catch {
    throw refused('state', 'must be made of JSON values only');
  }
}

function refused(setting: string, problem: string): ConfigurationError {
  return new ConfigurationError([{ setting, problem }]);
}

// RFC 9700, 4.2 and 4.3.
const SECRET =
  /^(?:(?:access|refresh|id)_?token(?:_hint)?|token|client_?secret|code_?verifier|password|jwt|assertion)$/i;

function withQuery(address: string, parameters: Readonly<Record<string, unknown>>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) {
    if (SECRET.test(name)) throw refused(name, 'must not travel in a URL, where histories and logs keep it');
    if (value === undefined) continue;
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw refused(name, 'must be a string, a number or a boolean');
    }
    url.searchParams.set(name, String(value));
  }
  // %20 is read as a space by every server; + only by those that decode forms.
  url.search = url.search.replaceAll('+', '%20');
  return url.href;
}
