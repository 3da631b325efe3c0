import type { Assembly } from './assembly.js';
import type { DeviceOptions } from './assembly-principals.js';
import { assertOptions, refuse, scopeOption } from './config/call-options.js';
import { ConfigurationError, IdTokenError, isWebexAuthError } from './errors.js';
import type { RenewalMaterial } from './oauth/grants/renewer.js';
import type { Person } from './oauth/person.js';
import type { TokenSet } from './oauth/token-set.js';
import { guestOfJwt } from './platform/token-anatomy.js';
import { assertOwnSubject } from './vault/derived-subject.js';
import type { Supertoken } from './vault/supertoken.js';
import type { InitiatedLogin, InitiateOptions } from './web/login.js';

/** What a guest's JWT is made of (webex-facts 5.1). */
export interface CreateJwtOptions {
  /** Guest Issuer ID; by default `credentials.guestIssuer.issuer`. */
  issuer?: string | undefined;
  /** The issuer's secret as Webex gives it, base64; by default `credentials.guestIssuer.secret`. */
  secretId?: string | undefined;
  displayName?: string | undefined;
  /** The same subject is the same guest; letters, digits and hyphens. By default the guest signed in here, else a new one. */
  subject?: string | undefined;
  /** Life of the JWT: seconds, or a time span such as `1h`; one hour. */
  expiresIn?: number | string | undefined;
}

const CODE_VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/;

/** `webex.authorization`: every way to a grant for this principal. */
export class WebexAuthorization {
  readonly #assembly: Assembly;
  readonly #subject: string;
  #underWay = 0;

  constructor(assembly: Assembly, subject: string) {
    this.#assembly = assembly;
    this.#subject = subject;
  }

  /** Whether a sign-in is under way here. */
  get isAuthorizing(): boolean {
    return this.#underWay > 0;
  }

  /** As `isAuthorizing`. */
  get isAuthenticating(): boolean {
    return this.isAuthorizing;
  }

  /**
   * Begins a login: send the browser to `url`, and keep `transaction` (sealed) for that browser alone, in a cookie or session.
   * Errors: `ConfigurationError` without client or redirect URI.
   */
  async initiateLogin(options: InitiateOptions = {}): Promise<InitiatedLogin> {
    assertOptions(options);
    const { scope } = options;
    const { login } = await this.#assembly.login();
    return login.initiate({ ...options, scope: scope === undefined ? undefined : scopeOption(scope) });
  }

  /**
   * Finishes a login with the URL that Webex called back: state, issuer, errors and PKCE are checked, then the code is exchanged, once.
   * Resolves when the grant is stored, with its person where Webex says who it is. Errors: those of the authorization response, the
   * token endpoint and the ID token.
   */
  completeLogin(
    callbackUrl: string | URL,
    transaction: string,
    options?: { starter?: string; signal?: AbortSignal },
  ): Promise<{ returnTo: string | undefined; supertoken: Supertoken }> {
    return this.#work(async () => {
      const { login } = await this.#assembly.login();
      const { tokenSet, returnTo, requestedScope } = await login.complete(callbackUrl, transaction, options);
      const person = await this.#identify(tokenSet);
      const supertoken = await this.#keep('authorization_code', tokenSet, { requestedScope, person });
      return { returnTo, supertoken };
    });
  }

  /**
   * Exchanges a code and stores the grant; nothing else. Who calls it has checked `state`. Errors: those of the token endpoint, and of
   * the ID token where one came.
   */
  requestAuthorizationCodeGrant(options: {
    code: string;
    /** Of the authorization request, if one was sent (RFC 7636). */
    codeVerifier?: string;
    signal?: AbortSignal;
  }): Promise<Supertoken> {
    return this.#work(async () => {
      assertOptions(options);
      const { code, codeVerifier, signal } = options;
      if (typeof code !== 'string' || code === '') {
        throw new ConfigurationError([
          { setting: 'code', problem: 'is needed: the one that Webex sent back' },
        ]);
      }
      // Webex would refuse it, and the code would be used up.
      const isVerifier = codeVerifier === undefined || CODE_VERIFIER.test(codeVerifier);
      refuse(isVerifier ? [] : [{ setting: 'codeVerifier', problem: 'is none (RFC 7636, 4.1)' }]);
      this.#assembly.assertLogin();
      const authorization = await this.#assembly.authorization();
      const requestedScope = this.#assembly.options.client?.scope ?? [];
      const tokenSet = await authorization.exchangeCode({ code, codeVerifier }, { signal });
      // Its nonce is known to whoever made the address; one that fails the other checks is never shown.
      if (tokenSet.idToken !== undefined)
        await authorization.verifyIdToken(tokenSet, { requestedScope: ['openid'], nonce: undefined });
      return this.#keep('authorization_code', tokenSet, { requestedScope });
    });
  }

  /** Makes a guest's JWT (HS256); nothing is sent. Errors: `ConfigurationError`. */
  async createJwt(options: CreateJwtOptions = {}): Promise<{ jwt: string }> {
    assertOptions(options);
    const { createGuestJwt } = await import('./platform/guest-issuer.js');
    const { guestIssuer } = this.#assembly.options;
    const { issuer = guestIssuer?.issuer, secretId = guestIssuer?.secret, ...rest } = options;
    const now = this.#assembly.clock.now();
    const kept = this.#assembly.tokens.seen(this.#subject);
    // A callback that renews a guest must not make another one of them.
    const guest = kept?.kind === 'guest_jwt' ? kept.renewal : undefined;
    return { jwt: createGuestJwt({ issuer: issuer ?? '', secret: secretId ?? '', ...guest, ...rest, now }) };
  }

  /**
   * Signs a guest in with a JWT. The grant is renewed without a person by `jwtRefreshCallback` or by `guestIssuer`, where one of them is
   * configured. Errors: `InvalidGrantError` when Webex refuses the JWT.
   */
  requestAccessTokenFromJwt(options: { jwt: string; signal?: AbortSignal }): Promise<Supertoken> {
    return this.#work(async () => {
      assertOptions(options);
      const { jwt, signal } = options;
      const tokenSet = await (await this.#assembly.authorization()).exchangeGuestJwt(jwt, { signal });
      const person = await this.#identify(tokenSet);
      return this.#keep('guest_jwt', tokenSet, { renewal: guestOfJwt(jwt), person });
    });
  }

  /**
   * Lets a person allow this device on another one (RFC 8628): `onPrompt` gets the code and both addresses. Resolves when they have.
   * Errors: `DeviceCodeExpiredError`, `AccessDeniedError`, those of the token endpoint.
   */
  requestDeviceGrant(options: DeviceOptions): Promise<Supertoken> {
    return this.#work(async () => {
      assertOptions(options);
      const { tokenSet, person, requestedScope } = await this.#assembly.principals.device(options);
      return this.#keep('device_code', tokenSet, { requestedScope, person });
    });
  }

  // A person is worth having, and not worth losing a login for; a token of somebody else than the ID token names is no login.
  async #identify(tokenSet: TokenSet): Promise<Person | undefined> {
    try {
      return await (await this.#assembly.authorization()).identify(tokenSet);
    } catch (error) {
      if (isWebexAuthError(error) && !(error instanceof IdTokenError)) return undefined;
      throw error;
    }
  }

  async #keep(
    kind: string,
    tokenSet: TokenSet,
    details: {
      requestedScope?: readonly string[];
      person?: Person | undefined;
      renewal?: RenewalMaterial | undefined;
    },
  ): Promise<Supertoken> {
    return this.#assembly.supertoken(
      await this.#assembly.keep(this.#subject, tokenSet, { kind, ...details }),
    );
  }

  // `close` waits for it: a code that was exchanged must still be stored.
  async #work<Result>(run: () => Promise<Result>): Promise<Result> {
    // A handle of a service app, guest or bot is not somebody to sign in.
    assertOwnSubject(this.#subject);
    this.#underWay += 1;
    try {
      return await this.#assembly.track(run());
    } finally {
      this.#underWay -= 1;
    }
  }
}
