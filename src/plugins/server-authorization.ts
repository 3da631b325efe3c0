import type { Clock } from '../base/clock.js';
import type { WholeFetch } from '../base/fetch.js';
import { Secret } from '../base/secret.js';
import { secureUrl } from '../base/secure-url.js';
import type { ClientSettings } from '../config/client-options.js';
import { detectRuntime, serverRuntimeProblems } from '../config/runtime.js';
import {
  ClosedError,
  ConfigurationError,
  IdTokenError,
  InvalidClientError,
  InvalidGrantError,
  RateLimitError,
  type ConfigurationProblem,
} from '../errors.js';
import {
  clientSecretBasic,
  clientSecretPost,
  noClientAuthentication,
  type ClientAuthentication,
} from '../oauth/client-authentication.js';
import { errorOfAnswer } from '../oauth/endpoint-error.js';
import { requestDeviceAuthorization, type DeviceAuthorization } from '../oauth/device-authorization.js';
import { requestClientCredentials } from '../oauth/grants/client-credentials.js';
import { pollDeviceToken } from '../oauth/grants/device-code.js';
import { presentRefreshToken } from '../oauth/grants/refresh-token.js';
import type { RenewOptions } from '../oauth/grants/renewer.js';
import type { Person } from '../oauth/person.js';
import { revokeToken } from '../oauth/revocation.js';
import { TokenEndpoint, type TokenPurpose } from '../oauth/token-endpoint.js';
import type { TokenSet } from '../oauth/token-set.js';
import { defaultClientAuthentication } from '../platform/default-client-authentication.js';
import type { WebexEndpoints } from '../platform/endpoints.js';
import { exchangeGuestJwt } from '../platform/guest-login.js';
import { requestGuestToken } from '../platform/guest-tokens.js';
import { IdTokenVerifier, type IdTokenClaims } from '../platform/id-token.js';
import { receiveWithBearer } from '../platform/bearer-call.js';
import { fetchPerson } from '../platform/people.js';
import { webexNormaliser } from '../platform/quirks.js';
import { reduceScope } from '../platform/scope-reduction.js';
import { applicationIdOf, requestServiceAppToken } from '../platform/service-apps.js';
import { orgIdFromToken } from '../platform/token-anatomy.js';
import { fetchUserinfo, personFromOpenId } from '../platform/userinfo.js';
import { PRESENTATION_DEADLINE_MS } from '../refresh/refresh-protocol.js';
import type { TokenGate } from '../refresh/token-gate.js';
import type { KeyRing } from '../sealing/key-ring.js';
import type { Store } from '../stores/store.js';
import { createLoginHandler } from '../web/login-handler.js';
import type { LoginHandlerOptions } from '../web/login-handler-options.js';
import { Login } from '../web/login.js';
import { sessionScope } from '../web/session-scope.js';
import { Sessions } from '../web/sessions.js';
import type { Plugin } from './plugin.js';

const SIGN_IN_DEADLINE_MS = 30_000;
const PEOPLE_SCOPES = ['spark:people_read', 'spark:all'];

/** What the server authorization is made of. */
export interface AuthorizationContext {
  client: ClientSettings | undefined;
  endpoints: WebexEndpoints;
  store: Store;
  keys: KeyRing;
  tenant: string;
  clock: Clock;
  /** Stands before the token endpoint. */
  gate: TokenGate;
  loginLifetimeMs?: number | undefined;
  /** A fetch for calls with secrets, under a deadline of so many milliseconds. */
  fetchWithin(deadlineMs: number): WholeFetch;
}

/** What only exists with a redirect URI as well. */
export interface LoginParts {
  readonly login: Login;
  readonly sessions: Sessions;
  readonly redirectUri: string;
}

interface Waiting {
  signal?: AbortSignal | undefined;
}

/**
 * The server authorization plugin: every way in which a Node.js server gets tokens from Webex, with a confidential client. Loaded by
 * itself; a browser gets a stub that says why not (`browser.ts`).
 */
export const serverAuthorization: Plugin<AuthorizationContext, ServerAuthorization> = {
  name: 'authorization',
  check: ({ endpoints }) => [...serverRuntimeProblems(detectRuntime()), ...endpointProblems(endpoints)],
  setUp: (context) => new ServerAuthorization(context),
  tearDown: (authorization) => authorization.close(),
};

function endpointProblems({ authorizationServer, device, idbroker }: WebexEndpoints): ConfigurationProblem[] {
  const { tokenEndpoint, revocationEndpoint } = authorizationServer;
  return Object.entries({ tokenEndpoint, revocationEndpoint, device: device.token, idbroker: idbroker.token })
    .filter(([, url]) => url !== undefined && !secureUrl(url))
    .map(([name]) => ({
      setting: `endpoints.${name}`,
      problem: 'must be an https URL, or http on loopback, without user or fragment',
    }));
}

/** Webex's grants for one client, wired to its endpoints. What needs the client's secret throws `ConfigurationError` without one. */
export class ServerAuthorization {
  readonly #context: AuthorizationContext;
  readonly #fetch: WholeFetch;
  readonly #endpoint: TokenEndpoint | undefined;
  readonly #refreshEndpoint: TokenEndpoint | undefined;
  readonly #idTokens: IdTokenVerifier | undefined;
  // Of the token sets whose ID token was checked here.
  readonly #claims = new WeakMap<TokenSet, IdTokenClaims>();
  readonly #closing = new AbortController();
  readonly web: LoginParts | undefined;

  constructor(context: AuthorizationContext) {
    const { client, endpoints, clock } = context;
    this.#context = context;
    this.#fetch = context.fetchWithin(SIGN_IN_DEADLINE_MS);
    if (!client) return;
    const { clientId } = client;
    const { tokenEndpoint } = endpoints.authorizationServer;
    this.#endpoint = this.#endpointAt(tokenEndpoint, this.#fetch);
    this.#refreshEndpoint = this.#endpointAt(tokenEndpoint, context.fetchWithin(PRESENTATION_DEADLINE_MS));
    const issuers = endpoints.idTokenIssuers;
    this.#idTokens = new IdTokenVerifier({ issuers, fetch: this.#fetch, clientId, clock });
    if (client.redirectUri !== undefined) this.web = this.#webParts(client, client.redirectUri);
  }

  /** Exchanges a code whose redirect was checked by the caller (RFC 6749, 4.1.3). */
  exchangeCode(
    { code, codeVerifier }: { code: string; codeVerifier?: string | undefined },
    { signal }: Waiting = {},
  ): Promise<TokenSet> {
    const { redirectUri = '', scope } = this.#client();
    const endpoint = this.#tokenEndpoint();
    return this.#signIn(() =>
      endpoint.request(
        {
          grantType: 'authorization_code',
          parameters: {
            code,
            redirect_uri: redirectUri,
            ...(codeVerifier && { code_verifier: codeVerifier }),
          },
        },
        { purpose: 'sign-in', requestedScope: scope, signal },
      ),
    );
  }

  /** Presents a refresh token (RFC 6749, 6). */
  refresh(current: TokenSet, options?: RenewOptions): Promise<TokenSet> {
    if (!this.#refreshEndpoint) throw needsClient('to renew');
    return presentRefreshToken(this.#refreshEndpoint, current, options);
  }

  /** A token of the client's own (RFC 6749, 4.4). */
  clientCredentials(
    scope: readonly string[],
    { purpose, signal }: Waiting & { purpose: TokenPurpose },
  ): Promise<TokenSet> {
    const parameters = { self_contained_token: 'true' };
    const endpoint = this.#tokenEndpoint();
    const request = (): Promise<TokenSet> =>
      requestClientCredentials(endpoint, { scope, parameters, purpose, signal });
    // A refresh has looked at the gate with its lease.
    return purpose === 'sign-in' ? this.#signIn(request) : request();
  }

  /** Begins to authorize a device (RFC 8628, 3.1). */
  requestDevice(scope: readonly string[], { signal }: Waiting = {}): Promise<DeviceAuthorization> {
    const { endpoints, clock } = this.#context;
    return requestDeviceAuthorization({
      endpoint: endpoints.device.authorization,
      clientId: this.#client().clientId,
      scope,
      fetch: this.#fetch,
      normalise: webexNormaliser,
      clock,
      signal,
    });
  }

  /** Waits until somebody has allowed the device (RFC 8628, 3.4). */
  pollDevice(authorization: DeviceAuthorization, { signal }: Waiting = {}): Promise<TokenSet> {
    const { endpoints, clock } = this.#context;
    const endpoint = this.#endpointAt(endpoints.device.token, this.#fetch);
    const either = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    return pollDeviceToken(endpoint, authorization, { clock, signal: either });
  }

  /** Exchanges a guest's JWT (webex-facts 5.1). */
  exchangeGuestJwt(jwt: string, { signal }: Waiting = {}): Promise<TokenSet> {
    return exchangeGuestJwt({ ...this.#api(), jwt, signal });
  }

  /** A token for a guest of a service app, whose own token is `accessToken` (webex-facts 5.2). */
  guestToken(
    accessToken: string,
    guest: { subject: string; displayName: string },
    { signal }: Waiting = {},
  ): Promise<{ tokenSet: TokenSet; person: Person }> {
    return requestGuestToken({ ...this.#api(), accessToken, ...guest, signal });
  }

  /** A token set of the service app in one organisation, asked for with its owner's token (webex-facts 6.2). */
  serviceAppToken(
    { targetOrgId, ownerToken, applicationId }: ServiceAppTarget,
    { signal }: Waiting = {},
  ): Promise<TokenSet> {
    const { clientId, scope } = this.#client();
    return this.#withSecret((clientSecret) =>
      requestServiceAppToken({
        ...this.#api(),
        applicationId: applicationId ?? applicationIdOf(clientId),
        clientId,
        clientSecret,
        targetOrgId,
        accessToken: ownerToken,
        requestedScope: scope.length > 0 ? scope : undefined,
        signal,
      }),
    );
  }

  /** A token with fewer scopes made of one with more (webex-facts 3.2). */
  reduceScope(accessToken: string, scope: readonly string[], { signal }: Waiting = {}): Promise<TokenSet> {
    const endpoint = this.#endpointAt(
      this.#context.endpoints.idbroker.token,
      this.#fetch,
      noClientAuthentication(),
    );
    return reduceScope(endpoint, { accessToken, scope, signal });
  }

  /**
   * Checks the ID token of a sign-in that asked for `openid`; others pass. Errors: `IdTokenError`, and the network's where the
   * keys cannot be fetched.
   */
  async verifyIdToken(
    tokenSet: TokenSet,
    { requestedScope, nonce }: { requestedScope: readonly string[]; nonce: string | undefined },
  ): Promise<void> {
    if (!this.#idTokens || !requestedScope.includes('openid')) return;
    if (tokenSet.idToken === undefined) {
      throw new IdTokenError('Webex gave no usable ID token though openid was asked for; sign in again');
    }
    this.#claims.set(tokenSet, await this.#idTokens.verify(tokenSet.idToken, { nonce }));
  }

  /** Who a token set belongs to: by people/me, or by the checked ID token where its scopes do not reach there. */
  async identify(tokenSet: TokenSet, { signal }: Waiting = {}): Promise<Person> {
    const claims = this.#claims.get(tokenSet);
    const reachesPeople = !tokenSet.scope || PEOPLE_SCOPES.some((scope) => tokenSet.scope?.includes(scope));
    const { accessToken } = tokenSet;
    if (!claims || reachesPeople) return fetchPerson({ ...this.#api(), accessToken, signal });
    const userinfo = await fetchUserinfo({ ...this.#api(), accessToken, signal });
    return personFromOpenId({ claims, userinfo, orgId: orgIdFromToken(accessToken) });
  }

  /** Whether Webex accepts an access token now, asked at people/me: 401 is no, JSON with 200 or a 403 is yes. Errors: all others. */
  async isAccepted(accessToken: string, { signal }: Waiting = {}): Promise<boolean> {
    const call = { ...this.#api(), accessToken, signal };
    const answer = await receiveWithBearer(call, { method: 'GET', path: '/people/me' });
    const { status } = answer;
    if (status === 401) return false;
    // 403: it lacks the scope for people/me, which Webex can only say of a token that it knows.
    // A 200 without JSON is somebody else's, such as a captive portal's.
    if ((status === 200 && answer.body) || status === 403) return true;
    throw errorOfAnswer(answer);
  }

  /** Revokes a token (RFC 7009); nothing to do without a client. */
  async revoke(token: string, hint: 'access_token' | 'refresh_token'): Promise<void> {
    const { client, endpoints, clock } = this.#context;
    if (!client) return;
    const server = endpoints.authorizationServer;
    const endpoint = server.revocationEndpoint ?? server.tokenEndpoint;
    await this.#withSecret((secret) =>
      revokeToken({
        server,
        clientId: client.clientId,
        authenticate: authenticationOf(client, secret, endpoint),
        fetch: this.#fetch,
        token,
        hint,
        clock,
      }),
    );
  }

  /** The login handler around these parts; undefined without a redirect URI. */
  loginHandler(
    application: Omit<LoginHandlerOptions, 'login' | 'sessions' | 'redirectUri' | 'clock' | 'identify'>,
  ): ((request: Request) => Promise<Response>) | undefined {
    const { clock } = this.#context;
    const identify: LoginHandlerOptions['identify'] = (tokenSet, options) => this.identify(tokenSet, options);
    return this.web && createLoginHandler({ ...application, ...this.web, clock, identify });
  }

  /** Forgets what it knows of sign-ins under way; devices that wait are told. */
  close(): Promise<void> {
    this.#closing.abort(new ClosedError('Closed while a device waited to be allowed'));
    return Promise.resolve();
  }

  #api(): { fetch: WholeFetch; apiBase: string; clock: Clock } {
    return { fetch: this.#fetch, apiBase: this.#context.endpoints.apiBase, clock: this.#context.clock };
  }

  #client(): ClientSettings {
    const { client } = this.#context;
    if (!client) throw needsClient('here');
    return client;
  }

  #tokenEndpoint(): TokenEndpoint {
    if (!this.#endpoint) throw needsClient('here');
    return this.#endpoint;
  }

  #endpointAt(tokenEndpoint: string, fetch: WholeFetch, authenticate?: ClientAuthentication): TokenEndpoint {
    const { endpoints, clock } = this.#context;
    return new TokenEndpoint({
      server: { ...endpoints.authorizationServer, tokenEndpoint },
      clientId: this.#client().clientId,
      authenticate:
        authenticate ??
        secretsOf(this.#client()).map((secret) => authenticationOf(this.#client(), secret, tokenEndpoint)),
      fetch,
      normalise: webexNormaliser,
      clock,
    });
  }

  // While a 429 of the token endpoint lasts, or Webex refuses the client, nobody calls it, in no process.
  async #signIn<Result>(run: () => Promise<Result>): Promise<Result> {
    await this.#context.gate.admit();
    return this.#told(run);
  }

  async #told<Result>(run: () => Promise<Result>): Promise<Result> {
    const { gate } = this.#context;
    try {
      const result = await run();
      await gate.accepted();
      return result;
    } catch (error) {
      if (error instanceof RateLimitError || error instanceof InvalidClientError) await gate.refused(error);
      else if (error instanceof InvalidGrantError) await gate.accepted();
      throw error;
    }
  }

  // While a secret is being replaced: the newest first, the others when Webex refuses it.
  async #withSecret<Result>(run: (secret: Secret) => Promise<Result>): Promise<Result> {
    let refused: unknown;
    for (const secret of secretsOf(this.#client())) {
      try {
        return await run(secret);
      } catch (error) {
        if (!(error instanceof InvalidClientError)) throw error;
        refused ??= error;
      }
    }
    throw refused;
  }

  #webParts(client: ClientSettings, redirectUri: string): LoginParts {
    const { store, keys, tenant, endpoints, clock, gate, loginLifetimeMs } = this.#context;
    const { clientId, scope } = client;
    const login = new Login({
      server: endpoints.authorizationServer,
      clientId,
      redirectUri,
      scope,
      tokenEndpoint: { request: (...call) => this.#told(() => this.#tokenEndpoint().request(...call)) },
      admit: () => gate.admit(),
      verify: (tokenSet, asked) => this.verifyIdToken(tokenSet, asked),
      keys,
      tenant,
      once: store.once,
      clock,
      lifetimeMs: loginLifetimeMs,
    });
    const owner = sessionScope({ tenant, clientId });
    const sessions = new Sessions({ store: store.sessions, tenant: owner, redirectUri, clock });
    return { login, sessions, redirectUri };
  }
}

/** Which organisation's token of the service app, and with whose token it is asked for. */
export interface ServiceAppTarget {
  /** UUID or public id of the organisation. */
  targetOrgId: string;
  ownerToken: string;
  /** By default made of the client id (webex-facts 6.2). */
  applicationId?: string | undefined;
}

function needsClient(what: string): ConfigurationError {
  return new ConfigurationError([
    { setting: 'clientId', problem: `is needed ${what}, and so is clientSecret` },
  ]);
}

function secretsOf({ clientSecret, olderClientSecrets }: ClientSettings): readonly Secret[] {
  return [clientSecret, ...olderClientSecrets].map((secret) => new Secret(secret));
}

function authenticationOf(client: ClientSettings, secret: Secret, endpoint: string): ClientAuthentication {
  switch (client.clientAuthentication) {
    case 'client_secret_basic':
      return clientSecretBasic(secret);
    case 'client_secret_post':
      // Webex's device token endpoint knows Basic alone (webex-facts 2.3).
      return endpoint.endsWith('/device/token') ? clientSecretBasic(secret) : clientSecretPost(secret);
    case undefined:
      return defaultClientAuthentication(endpoint, secret);
  }
}
