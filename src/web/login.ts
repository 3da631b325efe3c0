import { createHash } from 'node:crypto';

import type { Clock } from '../base/clock.js';
import {
  AuthorizationResponseError,
  ConfigurationError,
  StarterMismatchError,
  StateExpiredError,
  StateUsedError,
} from '../errors.js';
import type { AuthorizationServer } from '../oauth/authorization-server.js';
import { createAuthorizationRequest } from '../oauth/authorization-request.js';
import { readAuthorizationResponse } from '../oauth/authorization-response.js';
import { exchangeAuthorizationCode } from '../oauth/grants/authorization-code.js';
import type { TokenEndpoint } from '../oauth/token-endpoint.js';
import type { TokenSet } from '../oauth/token-set.js';
import type { KeyRing } from '../sealing/key-ring.js';
import type { OnceStore } from '../stores/once-store.js';
import { safeReturnTo } from './return-to.js';
import { openTransaction, sealTransaction } from './transaction.js';

const LIFETIME_MS = 600_000;

/** What `Login` needs. */
export interface LoginOptions {
  server: AuthorizationServer;
  clientId: string;
  /** As registered at Webex; sent as it stands, never derived from a request. */
  redirectUri: string;
  scope: readonly string[];
  tokenEndpoint: Pick<TokenEndpoint, 'request'>;
  /** Throws while the token endpoint wants to be left alone: before anything of the login is used up. */
  admit?: (() => Promise<void>) | undefined;
  /** Checks the ID token of what a code was exchanged for; a login that fails here is not kept. */
  verify?:
    | ((
        tokenSet: TokenSet,
        asked: { requestedScope: readonly string[]; nonce: string | undefined },
      ) => Promise<void>)
    | undefined;
  keys: KeyRing;
  tenant: string;
  once: OnceStore;
  clock: Clock;
  /** How long a person may take; milliseconds, default 10 minutes. */
  lifetimeMs?: number | undefined;
}

/** What one login may differ in. */
export interface InitiateOptions {
  /** A path of this site; anything else becomes '/'. */
  returnTo?: string | undefined;
  /** The app's own user who starts; the same must finish. */
  starter?: string | undefined;
  /** In place of the configured scopes. */
  scope?: readonly string[] | undefined;
  /** Further authorization parameters, such as `prompt` or `login_hint`. */
  parameters?: Readonly<Record<string, string>> | undefined;
}

/** A login that has begun. `transaction` is for the browser that starts it alone; it must come back with the callback. */
export interface InitiatedLogin {
  readonly url: string;
  readonly transaction: string;
  readonly state: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** A login that has succeeded. */
export interface CompletedLogin {
  readonly tokenSet: TokenSet;
  readonly returnTo: string | undefined;
  readonly requestedScope: readonly string[];
}

/** Authorization code logins with state, PKCE and a sealed transaction; nothing is kept between start and finish. */
export class Login {
  readonly #options: LoginOptions;

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  /** Begins a login: the URL to send the browser to, and the transaction to give it. */
  async initiate({ returnTo, starter, scope, parameters }: InitiateOptions = {}): Promise<InitiatedLogin> {
    const { server, clientId, redirectUri, clock, lifetimeMs = LIFETIME_MS } = this.#options;
    assertStarter(starter);
    const now = clock.now();
    const { url, transaction: authorization } = await createAuthorizationRequest({
      server,
      clientId,
      redirectUri,
      scope: scope ?? this.#options.scope,
      parameters,
      now,
    });
    const expiresAt = now + lifetimeMs;
    const transaction = sealTransaction(
      {
        authorization,
        returnTo: returnTo === undefined ? undefined : safeReturnTo(returnTo),
        starter: starter === undefined ? undefined : sha256(starter),
        expiresAt,
      },
      this.#options,
    );
    return { url, transaction, state: authorization.state, expiresAt };
  }

  /**
   * Finishes a login with the URL (or query) that Webex called back and its transaction. In this order: transaction,
   * state, issuer, error, code, expiry, starter, first use; only then the one exchange.
   */
  async complete(
    callback: string | URL | URLSearchParams,
    transaction: string | undefined,
    { starter, signal }: { starter?: string | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<CompletedLogin> {
    const { server, clientId, tokenEndpoint, clock, once } = this.#options;
    assertStarter(starter);
    const login = openTransaction(transaction, this.#options);
    const { authorization, expiresAt } = login;
    const { code } = readAuthorizationResponse(this.#parameters(callback), {
      server,
      clientId,
      transaction: authorization,
    });
    if (clock.now() >= expiresAt) {
      throw new StateExpiredError('The sign-in took too long; start it again');
    }
    if (login.starter !== (starter === undefined ? undefined : sha256(starter))) {
      throw new StarterMismatchError(
        'Someone else started this sign-in; start it again as the user who is to be connected',
      );
    }
    await this.#options.admit?.();
    // Kept for one lifetime more than needed, for processes whose clocks differ.
    const forgetAt = expiresAt + (this.#options.lifetimeMs ?? LIFETIME_MS);
    if (!(await once.consume(`login:${sha256(authorization.state)}`, { expiresAt: forgetAt }))) {
      throw new StateUsedError('This sign-in was finished before; start a new one');
    }
    const tokenSet = await exchangeAuthorizationCode(tokenEndpoint, {
      code,
      transaction: authorization,
      signal,
    });
    const { scope: requestedScope, nonce } = authorization;
    await this.#options.verify?.(tokenSet, { requestedScope, nonce });
    return { tokenSet, returnTo: login.returnTo, requestedScope };
  }

  /** Where a login that is still readable would go, finished or not; never throws. */
  returnTo(transaction: string | undefined): string | undefined {
    try {
      return openTransaction(transaction, this.#options).returnTo;
    } catch {
      return undefined;
    }
  }

  #parameters(callback: string | URL | URLSearchParams): URLSearchParams {
    if (callback instanceof URLSearchParams) return callback;
    try {
      return new URL(callback, this.#options.redirectUri).searchParams;
    } catch {
      throw new AuthorizationResponseError(
        'The callback is not a URL; pass the URL that Webex redirected to',
      );
    }
  }
}

function assertStarter(starter: unknown): void {
  if (starter === undefined || typeof starter === 'string') return;
  throw new ConfigurationError([
    { setting: 'starter', problem: 'must be a string: the id of your own user' },
  ]);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
