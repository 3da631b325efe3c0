import type { Clock } from './base/clock.js';
import type { Fetch, WholeFetch } from './base/fetch.js';
import type { ClientSettings } from './config/client-options.js';
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
import { refreshTokenRenewer } from './oauth/grants/refresh-token.js';
import type { Renewer } from './oauth/grants/renewer.js';
import type { Person } from './oauth/person.js';
import { revokeToken } from './oauth/revocation.js';
import { TokenEndpoint } from './oauth/token-endpoint.js';
import type { TokenSource } from './oauth/token-source.js';
import { defaultClientAuthentication } from './platform/default-client-authentication.js';
import type { WebexEndpoints } from './platform/endpoints.js';
import { fetchPerson } from './platform/people.js';
import { webexNormaliser } from './platform/quirks.js';
import { PRESENTATION_DEADLINE_MS } from './refresh/refresh-protocol.js';
import type { KeyRing } from './sealing/key-ring.js';
import type { Store } from './stores/store.js';
import { createLoginHandler } from './web/login-handler.js';
import type { LoginHandlerOptions } from './web/login-handler-options.js';
import { Login } from './web/login.js';
import { sessionScope } from './web/session-scope.js';
import { Sessions } from './web/sessions.js';

const SIGN_IN_DEADLINE_MS = 30_000;

/** What talks to Webex and to browsers needs. */
export interface NetworkOptions {
  client: ClientSettings | undefined;
  store: Store;
  keys: KeyRing;
  tenant: string;
  endpoints: WebexEndpoints;
  clock: Clock;
  transport?: Transport | undefined;
  fetch?: Fetch | undefined;
  loginLifetimeMs?: number | undefined;
}

/** What only exists with a client id and secret. */
interface ClientParts {
  readonly tokenEndpoint: TokenEndpoint;
  readonly renewer: Renewer;
}

/** What only exists with a redirect URI as well. */
interface LoginParts {
  readonly login: Login;
  readonly sessions: Sessions;
  readonly redirectUri: string;
}

/** The floors that talk to Webex and to browsers, wired. They are loaded in the modules phase, not by importing the package. */
export class Network {
  readonly #options: NetworkOptions;
  readonly #transport: Transport;
  readonly #fetch: WholeFetch;
  readonly #api: ApiSettings;
  readonly client: ClientParts | undefined;
  readonly web: LoginParts | undefined;

  constructor(options: NetworkOptions) {
    const { client, endpoints, clock, fetch } = options;
    const { apiBase, allowedOrigins } = endpoints;
    this.#options = options;
    this.#transport = options.transport ?? (fetch ? new FetchTransport({ fetch }) : new UndiciTransport());
    this.#fetch = this.#fetchWithin(SIGN_IN_DEADLINE_MS);
    this.#api = new ApiSettings({
      transport: this.#transport,
      clock,
      apiBase,
      allowedOrigins,
      resolveService: (name) => (name === 'hydra' ? apiBase : undefined),
    });
    if (!client) return;
    const tokenEndpoint = this.#tokenEndpoint(client, this.#fetch);
    const refreshEndpoint = this.#tokenEndpoint(client, this.#fetchWithin(PRESENTATION_DEADLINE_MS));
    this.client = { tokenEndpoint, renewer: refreshTokenRenewer(refreshEndpoint) };
    if (client.redirectUri !== undefined)
      this.web = this.#webParts(client, client.redirectUri, tokenEndpoint);
  }

  /** The HTTP client of one principal. */
  clientOf(tokenSource: TokenSource): AuthorizedClient {
    return new AuthorizedClient({ settings: this.#api, tokenSource });
  }

  /** Who an access token belongs to. */
  identify(accessToken: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Person> {
    const { apiBase } = this.#options.endpoints;
    return fetchPerson({ fetch: this.#fetch, apiBase, accessToken, signal, clock: this.#options.clock });
  }

  /** Revokes a token; nothing to do without a client. */
  async revoke(token: string, hint: 'access_token' | 'refresh_token'): Promise<void> {
    const { client, endpoints, clock } = this.#options;
    if (!client) return;
    const server = endpoints.authorizationServer;
    await revokeToken({
      server,
      clientId: client.clientId,
      authenticate: authenticationOf(client, server.revocationEndpoint ?? server.tokenEndpoint),
      fetch: this.#fetch,
      token,
      hint,
      clock,
    });
  }

  /** The login handler around these parts; undefined without a redirect URI. */
  loginHandler(
    application: Omit<LoginHandlerOptions, 'login' | 'sessions' | 'redirectUri' | 'clock' | 'identify'>,
  ): ((request: Request) => Promise<Response>) | undefined {
    return (
      this.web &&
      createLoginHandler({
        ...application,
        ...this.web,
        clock: this.#options.clock,
        identify: ({ accessToken }, options) => this.identify(accessToken, options),
      })
    );
  }

  /** Gives the connections back. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  #webParts(client: ClientSettings, redirectUri: string, tokenEndpoint: TokenEndpoint): LoginParts {
    const { store, keys, tenant, endpoints, clock, loginLifetimeMs } = this.#options;
    const { clientId, scope } = client;
    const server = endpoints.authorizationServer;
    const login = new Login({
      server,
      clientId,
      redirectUri,
      scope,
      tokenEndpoint,
      keys,
      tenant,
      once: store.once,
      clock,
      lifetimeMs: loginLifetimeMs,
    });
    const sessions = new Sessions({
      store: store.sessions,
      tenant: sessionScope({ tenant, clientId }),
      redirectUri,
      clock,
    });
    return { login, sessions, redirectUri };
  }

  #fetchWithin(deadlineMs: number): WholeFetch {
    return transportFetch({ transport: this.#transport, clock: this.#options.clock, deadlineMs });
  }

  #tokenEndpoint(client: ClientSettings, fetch: WholeFetch): TokenEndpoint {
    const server = this.#options.endpoints.authorizationServer;
    return new TokenEndpoint({
      server,
      clientId: client.clientId,
      authenticate: authenticationOf(client, server.tokenEndpoint),
      fetch,
      normalise: webexNormaliser,
      clock: this.#options.clock,
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
