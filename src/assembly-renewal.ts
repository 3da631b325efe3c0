import type { Network } from './assembly-network.js';
import type { Clock } from './base/clock.js';
import type { ClientSettings } from './config/client-options.js';
import {
  ConfigurationError,
  GrantNotFoundError,
  InvalidGrantError,
  RateLimitError,
  ReauthRequiredError,
  ServiceAppNotAuthorizedError,
  ServiceUnavailableError,
  UnauthorizedError,
} from './errors.js';
import type { Renewable, RenewalMaterial, Renewer } from './oauth/grants/renewer.js';
import type { Person } from './oauth/person.js';
import { TokenSet } from './oauth/token-set.js';
import { orgIdFromToken } from './platform/token-anatomy.js';
import type { ServerAuthorization } from './plugins/server-authorization.js';
import { planDue } from './refresh/refresh-policy.js';

const CALLBACK_MS = 60_000;
const DAY_S = 86_400;
// Whoever says a number without end means never; stores keep instants as integers.
const LONGEST_VERIFY_S = 3_650 * DAY_S;

/** Where a token of the service app's owner comes from. */
export type OwnerToken = string | (() => string | Promise<string>);

/** How tokens of service apps are had (webex-facts 6.2). */
export interface ServiceAppSettings {
  /** A token of the app's owner, or of an app with `spark:applications_token`; or what gives one. */
  ownerToken: OwnerToken;
  /** By default made of the client id. */
  applicationId?: string | undefined;
  /** Organisation (UUID or public id) whose service app makes guests. */
  guestOrgId?: string | undefined;
}

/** How grants are renewed that have no refresh token, or whose refresh token died. */
export interface RenewalSettings {
  client: ClientSettings | undefined;
  /** Issues guests' JWTs (webex-facts 5.1). */
  guestIssuer?: { issuer: string; secret: string } | undefined;
  /** Gives a guest's JWT instead; at most a minute. */
  jwtRefreshCallback?: ((subject: string) => Promise<string>) | undefined;
  /** The service app's owner, whose token new ones are asked for with (webex-facts 6.2). */
  serviceApp?: ServiceAppSettings | undefined;
  /** How often tokens without a known end are checked; seconds, 0 = never. */
  verifyEvery?: number | undefined;
}

/** What renewing is done with; loaded when it is first needed. */
export interface RenewalParts {
  authorization(): Promise<ServerAuthorization>;
  network(): Promise<Network>;
  /** A fresh token of another grant of this assembly; another one than `refused`, where that is to be had. */
  token(subject: string, refused?: string): Promise<string>;
  clock: Clock;
  random: () => number;
}

/**
 * Decides by its kind how a grant gets its next token set, before anything that talks to Webex is loaded. This table is the whole
 * of it; what each entry does is in `oauth/grants` and `platform`.
 */
export class Renewal {
  readonly #settings: RenewalSettings;
  readonly #parts: RenewalParts;

  constructor(settings: RenewalSettings, parts: RenewalParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** How this grant is renewed; undefined = only whoever made it can make another. */
  of({ kind, tokenSet, renewal }: Renewable): Renewer | undefined {
    const { client, jwtRefreshCallback, serviceApp } = this.#settings;
    switch (kind) {
      case 'client_credentials':
        return client && this.#clientCredentials(renewal?.['scope'] ?? '');
      case 'guest_jwt':
        return jwtRefreshCallback || this.#issues(renewal) ? this.#guestJwt() : undefined;
      case 'guest':
        return renewal?.['serviceApp'] === undefined ? undefined : this.#guest();
      case 'service_app':
        return client && (tokenSet.refreshToken || serviceApp) ? this.#serviceApp() : undefined;
      default:
        if (tokenSet.refreshToken) return client && this.#refreshToken();
        return tokenSet.expiresAt === undefined ? this.#verify() : undefined;
    }
  }

  /** When the scheduler should look at it next; milliseconds since the epoch, undefined = never. */
  dueAt(grant: Renewable): number | undefined {
    const renewer = this.of(grant);
    if (!renewer) return undefined;
    const { clock, random } = this.#parts;
    const { verifyEveryMs } = renewer;
    if (verifyEveryMs === undefined) return planDue(grant.tokenSet, random());
    return Math.floor(clock.now() + verifyEveryMs * (0.9 + 0.1 * random()));
  }

  // The same subject of another issuer is another guest.
  #issues({ subject, issuer }: RenewalMaterial = {}): boolean {
    const own = this.#settings.guestIssuer?.issuer;
    return own !== undefined && subject !== undefined && (issuer ?? own) === own;
  }

  #refreshToken(): Renewer {
    return {
      renew: async ({ tokenSet }, options) => (await this.#parts.authorization()).refresh(tokenSet, options),
    };
  }

  #clientCredentials(scope: string): Renewer {
    const scopes = scope.split(' ').filter(Boolean);
    return {
      renew: async (_current, { signal } = {}) =>
        (await this.#parts.authorization()).clientCredentials(scopes, { purpose: 'refresh', signal }),
    };
  }

  #guestJwt(): Renewer {
    return {
      besideTokenEndpoint: true,
      renew: async ({ subject, renewal }, { signal } = {}) => {
        const jwt = await this.#nextJwt(subject, renewal ?? {});
        try {
          return await (await this.#parts.authorization()).exchangeGuestJwt(jwt, { signal });
        } catch (error) {
          // A verdict on this JWT, which was made just now, and not on the guest: a secret may be wrong, and be mended.
          if (error instanceof InvalidGrantError) throw refusedJwt(error);
          throw error;
        }
      },
    };
  }

  /** The first token set of a guest whose JWTs the callback gives. */
  async guestByCallback(subject: string): Promise<TokenSet> {
    const jwt = await this.#nextJwt(subject, {});
    return (await this.#parts.authorization()).exchangeGuestJwt(jwt);
  }

  async #nextJwt(subject: string, { subject: guest, displayName }: Record<string, string>): Promise<string> {
    const { guestIssuer, jwtRefreshCallback } = this.#settings;
    if (jwtRefreshCallback) return this.#inTime('jwtRefreshCallback', () => jwtRefreshCallback(subject));
    if (!guestIssuer)
      throw new ConfigurationError([{ setting: 'guestIssuer', problem: 'is needed to renew' }]);
    const { createGuestJwt } = await import('./platform/guest-issuer.js');
    return createGuestJwt({ ...guestIssuer, subject: guest, displayName, now: this.#parts.clock.now() });
  }

  // It is the application's: one that fails is tried again later, and one that never ends must not hold a grant for ever.
  #inTime(setting: string, ask: () => string | Promise<string>): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (problem: string): void =>
        reject(new ServiceUnavailableError(`${setting} ${problem}; it is asked again later`));
      const limit = this.#parts.clock.after(CALLBACK_MS, () => fail('gave nothing within a minute'));
      Promise.resolve()
        .then(ask)
        .finally(() => limit.cancel())
        .then(
          (text: unknown) =>
            typeof text === 'string' ? resolve(text) : fail('gave something that is no string'),
          (error: unknown) => fail(`failed with ${error instanceof Error ? error.name : typeof error}`),
        );
    });
  }

  #guest(): Renewer {
    return {
      besideTokenEndpoint: true,
      renew: async ({ renewal = {} }, { signal } = {}) => {
        const { serviceApp = '', subject = '', displayName = '' } = renewal;
        return (await this.guestOfServiceApp(serviceApp, { subject, displayName }, { signal })).tokenSet;
      },
    };
  }

  /**
   * A guest's token, asked for with that of a service app's grant; a fresh one of that, where Webex refuses it. Errors:
   * `ServiceAppNotAuthorizedError` when the service app's grant has ended, those of Webex.
   */
  async guestOfServiceApp(
    serviceApp: string,
    guest: { subject: string; displayName: string },
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<{ tokenSet: TokenSet; person: Person }> {
    const authorization = await this.#parts.authorization();
    const accessToken = await this.#serviceAppToken(serviceApp);
    try {
      return await authorization.guestToken(accessToken, guest, { signal });
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
      const another = await this.#serviceAppToken(serviceApp, accessToken);
      if (another === accessToken) throw error;
      return authorization.guestToken(another, guest, { signal });
    }
  }

  // That the service app has ended is no verdict on its guest.
  async #serviceAppToken(serviceApp: string, refused?: string): Promise<string> {
    try {
      return await this.#parts.token(serviceApp, refused);
    } catch (error) {
      if (!(error instanceof ReauthRequiredError || error instanceof GrantNotFoundError)) throw error;
      throw new ServiceAppNotAuthorizedError(
        'The service app that makes this guest has no grant any more; have it authorized, then ask for it again',
        { status: error.status, trackingId: error.trackingId },
      );
    }
  }

  // By its refresh token; when that is refused, anew with the owner's token (webex-facts 6.2: repeat to recover).
  #serviceApp(): Renewer {
    return {
      renew: async ({ tokenSet, renewal }, options) => {
        const authorization = await this.#parts.authorization();
        let refused: InvalidGrantError | undefined;
        if (tokenSet.refreshToken) {
          try {
            return await authorization.refresh(tokenSet, options);
          } catch (error) {
            if (!(error instanceof InvalidGrantError) || !this.#settings.serviceApp) throw error;
            refused = error;
          }
        }
        const orgId = renewal?.['orgId'] ?? orgIdFromToken(tokenSet.accessToken);
        if (orgId === undefined)
          throw refused ?? new InvalidGrantError('Nothing says whose service app this is');
        try {
          return await this.reissue(orgId, options);
        } catch (error) {
          // It is another endpoint that asks to wait: the token endpoint's gate stays open.
          if (error instanceof RateLimitError) {
            const { status, trackingId, retryAt } = error;
            throw new ServiceUnavailableError(
              'Webex asked to wait before the service app is asked for again',
              {
                status,
                trackingId,
                retryAt,
              },
            );
          }
          // So is it that refuses the owner's token. Without a status: it is no 401 of the token endpoint.
          if (error instanceof UnauthorizedError)
            throw new UnauthorizedError(
              'Webex refused serviceApp.ownerToken; give a valid token of the owner of the service app',
              { trackingId: error.trackingId },
            );
          // Refused by both: nobody but the organisation's administrator brings it back.
          if (error instanceof ServiceAppNotAuthorizedError)
            throw refused ?? new InvalidGrantError(error.message);
          throw error;
        }
      },
    };
  }

  /** A token set of the service app in one organisation, with its owner's token. Errors: `ConfigurationError` without an owner. */
  async reissue(
    targetOrgId: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<TokenSet> {
    const { serviceApp } = this.#settings;
    if (!serviceApp) {
      throw new ConfigurationError([
        { setting: 'serviceApp.ownerToken', problem: "is needed to ask for a service app's token" },
      ]);
    }
    const { ownerToken, applicationId } = serviceApp;
    const token =
      typeof ownerToken === 'string' ? ownerToken : await this.#inTime('serviceApp.ownerToken', ownerToken);
    const authorization = await this.#parts.authorization();
    return authorization.serviceAppToken({ targetOrgId, ownerToken: token, applicationId }, { signal });
  }

  #verify(): Renewer | undefined {
    const { verifyEvery = DAY_S } = this.#settings;
    if (verifyEvery === 0) return undefined;
    return {
      verifyEveryMs: Math.min(verifyEvery, LONGEST_VERIFY_S) * 1000,
      besideTokenEndpoint: true,
      renew: async ({ tokenSet }, { signal } = {}) => {
        const authorization = await this.#parts.authorization();
        if (await authorization.isAccepted(tokenSet.accessToken, { signal }))
          return new TokenSet(tokenSet.toData());
        throw new InvalidGrantError('Webex no longer accepts this token');
      },
    };
  }
}

function refusedJwt({ status, trackingId }: InvalidGrantError): UnauthorizedError {
  return new UnauthorizedError("Webex refused the guest's JWT; check issuer, secret and expiry", {
    status,
    trackingId,
  });
}
