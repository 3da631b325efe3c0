import type { Clock } from '../src/base/clock.js';
import { TimeoutError, Webex } from '../src/index.js';
import { createAuthorizationRequest } from '../src/oauth/authorization-request.js';
import { readAuthorizationResponse } from '../src/oauth/authorization-response.js';
import type { RawAnswer } from './exchange.js';
import { grantOf } from './grants.js';
import type { KnownSecrets } from './known-secrets.js';
import { LoopbackCallback } from './loopback-callback.js';
import type { VerifiedGrant } from './question.js';
import type { Recorder } from './recorder.js';
import type { VerifySettings } from './settings.js';

const LONGEST_VISIT_MS = 600_000;

/** What signing in takes. */
export interface SignInsOptions {
  readonly settings: VerifySettings;
  readonly recorder: Recorder;
  readonly secrets: KnownSecrets;
  readonly clock: Clock;
  /** Shows the person where to sign in. */
  readonly onLoginUrl: (url: string) => void | Promise<void>;
  /** Whether a person signs in more often than the once that is needed. */
  readonly allowsMore: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A code that nobody has exchanged yet. */
export interface SpareCode {
  readonly code: string;
  readonly verifier: string;
}

/** Sends a person through Webex's login page, as often as questions need it. */
export class SignIns {
  readonly #options: SignInsOptions;

  constructor(options: SignInsOptions) {
    this.#options = options;
  }

  /** Whether a question may send the person there once more. */
  get allowsMore(): boolean {
    return this.#options.allowsMore;
  }

  /** A whole sign-in by the library itself, with the raw answer that it got. Errors: the library's. */
  async complete(): Promise<VerifiedGrant> {
    const { settings, recorder } = this.#options;
    const { clientId, clientSecret, redirectUri, scope, endpoints } = settings;
    const { authorizationServer: server } = endpoints;
    let exchanged: RawAnswer | undefined;
    const webex = Webex.init({
      credentials: { client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri, scope },
      endpoints: {
        apiBase: endpoints.apiBase,
        issuer: server.issuer,
        authorizationEndpoint: server.authorizationEndpoint,
        tokenEndpoint: server.tokenEndpoint,
        identityBroker: endpoints.idbroker.token.replace(/\/idb\/.*$/, ''),
        idTokenIssuers: endpoints.idTokenIssuers,
      },
      scheduler: false,
      discovery: false,
      fetch: async (url, init) => {
        const response = await recorder.fetch(url, init);
        if (new URL(url).href === new URL(server.tokenEndpoint).href) exchanged = recorder.lastAnswer;
        return response;
      },
    });
    try {
      await webex.whenReady();
      const { url, transaction, state } = await webex.authorization.initiateLogin();
      const callback = await this.#visit(url, state);
      await webex.authorization.completeLogin(callback, transaction);
    } finally {
      await webex.close();
    }
    const grant = exchanged && grantOf(exchanged);
    if (!grant) throw new Error('The library signed in without a token answer');
    return grant;
  }

  /** A code, with what proves it, that is left for questions to use. Errors: those of the authorization response. */
  async code(): Promise<SpareCode> {
    const { settings, secrets, clock } = this.#options;
    const { clientId, redirectUri, scope, endpoints } = settings;
    const { authorizationServer: server } = endpoints;
    const now = clock.now();
    const begun = await createAuthorizationRequest({ server, clientId, redirectUri, scope, now });
    const { url, transaction } = begun;
    const callback = await this.#visit(url, transaction.state);
    const { searchParams } = new URL(callback);
    const { code } = readAuthorizationResponse(searchParams, { server, clientId, transaction });
    secrets.learn(transaction.codeVerifier, 'code verifier');
    return { code, verifier: transaction.codeVerifier };
  }

  async #visit(url: string, state: string): Promise<string> {
    const { settings, secrets, clock, onLoginUrl, signal } = this.#options;
    secrets.learn(state, 'state');
    const callback = new LoopbackCallback(settings.redirectUri);
    await callback.listen();
    const limit = new AbortController();
    const timer = clock.after(LONGEST_VISIT_MS, () =>
      limit.abort(new TimeoutError('Nobody came back from Webex within 10 minutes')),
    );
    const either = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
    try {
      const arrived = callback.next(state, { signal: either });
      // Heard before it is awaited.
      arrived.catch(() => undefined);
      await onLoginUrl(url);
      const address = await arrived;
      secrets.learn(new URL(address).searchParams.get('code') ?? undefined, 'code');
      return address;
    } finally {
      timer.cancel();
      await callback.close();
    }
  }
}
