import type { Renewal, RenewalSettings } from './assembly-renewal.js';
import { untilAbort } from './base/until-abort.js';
import type { Clock } from './base/clock.js';
import { SingleFlight } from './base/single-flight.js';
import { refuse, scopeOption } from './config/call-options.js';
import { functionProblems } from './config/part-settings.js';
import { ConfigurationError, isWebexAuthError, ServiceAppNotAuthorizedError } from './errors.js';
import type { DeviceAuthorization } from './oauth/device-authorization.js';
import type { RenewalMaterial } from './oauth/grants/renewer.js';
import type { Person } from './oauth/person.js';
import type { TokenSet } from './oauth/token-set.js';
import { isOneLine } from './platform/person-text.js';
import { applicationNamed, uuidOfOrgId } from './platform/public-id.js';
import type { ServiceAppEvent } from './platform/webhooks.js';
import type { ServerAuthorization } from './plugins/server-authorization.js';
import type { GrantTokens } from './refresh/grant-tokens.js';
import type { Grant, GrantDetails } from './vault/grant.js';
import { botSubject, clientSubject, guestSubject, serviceAppSubject } from './vault/derived-subject.js';

// Between attempts to learn who allowed a device.
const PAUSES_MS = [500, 2_000];

/** What privileged clients ask for (webex-facts 6.1). */
export const PRIVILEGED_SCOPE = 'webexsquare:admin';

/** What a person must be shown to allow a device. Instants are milliseconds since the epoch. */
export interface DevicePrompt {
  readonly userCode: string;
  readonly verificationUri: string;
  /** The same with the code in it, for a QR code. */
  readonly verificationUriComplete: string | undefined;
  readonly expiresAt: number;
}

/** How a device is authorized. */
export interface DeviceOptions {
  /** Shows the person where to go and what to enter. */
  onPrompt: (prompt: DevicePrompt) => void | Promise<void>;
  /** In place of the configured scopes; OpenID scopes are not possible (webex-facts 2.3). */
  scope?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

/** A guest without a Webex account (webex-facts 5). */
export interface GuestOptions {
  /** The guest's id in your application: the same one is the same guest. */
  subject: string;
  displayName: string;
  /** Organisation of the service app that guests are made with; by default the one that is configured. */
  orgId?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** What the principals are made of. */
export interface PrincipalParts {
  readonly options: Pick<RenewalSettings, 'client' | 'guestIssuer' | 'serviceApp'>;
  readonly clock: Clock;
  readonly tokens: Pick<GrantTokens, 'recent'>;
  readonly renewal: Renewal;
  authorization(): Promise<ServerAuthorization>;
  keep(subject: string, tokenSet: TokenSet, options: { kind: string } & GrantDetails): Promise<Grant>;
  track<Result>(work: Promise<Result>): Promise<Result>;
  canRenew(grant: Grant): boolean;
}

interface Waiting {
  signal?: AbortSignal | undefined;
}

/** The principals that no browser signs in: the client itself, service apps, guests, bots and devices. */
export class Principals {
  readonly #parts: PrincipalParts;
  readonly #flights = new SingleFlight<Grant>();

  constructor(parts: PrincipalParts) {
    this.#parts = parts;
  }

  /** A token of the client's own, kept and renewed like any other (RFC 6749, 4.4). Errors: `UnauthorizedClientError` for ordinary integrations. */
  async client(scope: readonly string[], { signal }: Waiting = {}): Promise<Grant> {
    const subject = clientSubject(scope);
    return this.#existingOr(
      subject,
      async () => {
        const authorization = await this.#parts.authorization();
        const tokenSet = await authorization.clientCredentials(scope, { purpose: 'sign-in' });
        const renewal = { scope: scope.join(' ') };
        const kind = 'client_credentials';
        return this.#parts.keep(subject, tokenSet, { kind, requestedScope: scope, renewal });
      },
      { signal },
    );
  }

  /** The service app in one organisation (UUID or public id). Errors: `ServiceAppNotAuthorizedError`, `ConfigurationError` without an owner. */
  async serviceApp(orgId: string, { signal }: Waiting = {}): Promise<Grant> {
    const org = organisation(orgId);
    const subject = serviceAppSubject(org);
    return this.#existingOr(
      subject,
      async () => {
        const tokenSet = await this.#parts.renewal.reissue(org);
        return this.#parts.keep(subject, tokenSet, { kind: 'service_app', renewal: { orgId: org } });
      },
      { signal },
    );
  }

  /** Whether an event is about this client's service app: it is, unless it names another application. */
  mayBeOwn({ applicationId }: { applicationId?: string | undefined }): boolean {
    const { client, serviceApp } = this.#parts.options;
    const own = applicationNamed(serviceApp?.applicationId) ?? client?.clientId;
    const named = applicationNamed(applicationId);
    return own === undefined || named === undefined || named === own;
  }

  /** Stores what an organisation's administrator has authorized just now, in place of what was there. */
  async renewServiceApp(orgId: string): Promise<Grant> {
    const org = organisation(orgId);
    const subject = serviceAppSubject(org);
    return this.#flights.run(`renew ${subject}`, async () => {
      const tokenSet = await this.#parts.renewal.reissue(org);
      return this.#parts.keep(subject, tokenSet, { kind: 'service_app', renewal: { orgId: org } });
    });
  }

  /**
   * What a webhook says is a reason to ask: an old one may come late, or again. An app that is authorized after all has its new token
   * then. Without an owner nobody can be asked, and the webhook is believed.
   */
  async isStillAuthorized({ event, orgId }: Pick<ServiceAppEvent, 'event' | 'orgId'>): Promise<boolean> {
    if (event === 'deauthorized' && !this.#parts.options.serviceApp) return false;
    try {
      await this.renewServiceApp(orgId);
      return true;
    } catch (error) {
      if (event === 'deauthorized' && error instanceof ServiceAppNotAuthorizedError) return false;
      throw error;
    }
  }

  /** A guest, by a service app or by a guest issuer, whichever is configured. Errors: `ConfigurationError` without either. */
  async guest({ subject: guest, displayName, orgId, signal }: GuestOptions): Promise<Grant> {
    refuse(
      Object.entries({ subject: guest, displayName })
        .filter(([, text]) => !isOneLine(text))
        .map(([name]) => ({ setting: `guest.${name}`, problem: 'must be one line of 1 to 256 characters' })),
    );
    // Without one, all visitors whose id is missing would be the same guest.
    if (typeof guest !== 'string' || guest === '') {
      throw new ConfigurationError([
        { setting: 'guest.subject', problem: 'must be a string that is not empty', example: 'visitor-7' },
      ]);
    }
    const subject = guestSubject(guest);
    const { guestIssuer, serviceApp } = this.#parts.options;
    const org = orgId ?? serviceApp?.guestOrgId;
    if (org !== undefined) return this.#guestOfServiceApp(subject, { guest, displayName, org, signal });
    if (guestIssuer) return this.#guestOfIssuer(subject, { guest, displayName, signal });
    throw new ConfigurationError([
      {
        setting: 'serviceApp.guestOrgId',
        problem: 'is needed to make guests (or orgId with the call, or guestIssuer)',
      },
    ]);
  }

  async #guestOfServiceApp(
    subject: string,
    options: { guest: string; displayName: string; org: string } & Waiting,
  ): Promise<Grant> {
    const { guest, displayName, org, signal } = options;
    const renewal = { serviceApp: serviceAppSubject(organisation(org)), subject: guest, displayName };
    return this.#existingOr(
      subject,
      async () => {
        await this.serviceApp(org);
        const wanted = { subject: guest, displayName };
        const made = await this.#parts.renewal.guestOfServiceApp(renewal.serviceApp, wanted);
        return this.#parts.keep(subject, made.tokenSet, { kind: 'guest', person: made.person, renewal });
      },
      { signal, asked: renewal },
    );
  }

  async #guestOfIssuer(
    subject: string,
    { guest, displayName, signal }: { guest: string; displayName: string } & Waiting,
  ): Promise<Grant> {
    const { guestIssuer } = this.#parts.options;
    if (!guestIssuer) throw new ConfigurationError([{ setting: 'guestIssuer', problem: 'is missing' }]);
    const renewal = { issuer: guestIssuer.issuer, subject: guest, displayName };
    return this.#existingOr(
      subject,
      async () => {
        const { createGuestJwt } = await import('./platform/guest-issuer.js');
        const now = this.#parts.clock.now();
        const jwt = createGuestJwt({ ...guestIssuer, subject: guest, displayName, now });
        const tokenSet = await (await this.#parts.authorization()).exchangeGuestJwt(jwt);
        return this.#parts.keep(subject, tokenSet, { kind: 'guest_jwt', renewal });
      },
      { signal, asked: renewal },
    );
  }

  /** A bot's or a personal token, checked at Webex and kept. A new token of the same bot takes the old one's place. */
  async bot(tokenSet: TokenSet, { signal }: Waiting = {}): Promise<Grant> {
    const authorization = await this.#parts.authorization();
    const person = await authorization.identify(tokenSet, { signal });
    return this.#parts.keep(botSubject(person.id), tokenSet, { kind: 'bot', person });
  }

  /** Lets a person allow this device elsewhere (RFC 8628). Errors: `DeviceCodeExpiredError`, `AccessDeniedError`. */
  async device({ onPrompt, scope, signal }: DeviceOptions): Promise<{
    tokenSet: TokenSet;
    person: Person | undefined;
    requestedScope: readonly string[];
  }> {
    const isMissing = (onPrompt as unknown) === undefined;
    refuse(isMissing ? [{ setting: 'onPrompt', problem: 'is missing' }] : functionProblems('', { onPrompt }));
    const requestedScope =
      scope === undefined ? (this.#parts.options.client?.scope ?? []) : scopeOption(scope);
    const authorization = await this.#parts.authorization();
    const device = await authorization.requestDevice(requestedScope, { signal });
    // Asked meanwhile: a prompt may stay open until the person is done, and must not outlive its code.
    const failed = new AbortController();
    const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
    const shown = Promise.resolve(onPrompt(promptOf(device)));
    shown.catch((error: unknown) => failed.abort(error));
    const tokenSet = await authorization.pollDevice(device, { signal: either });
    return { tokenSet, person: await this.#personOf(tokenSet), requestedScope };
  }

  // Somebody has just allowed it by hand, and should not have to again because of a hiccup.
  async #personOf(tokenSet: TokenSet): Promise<Person | undefined> {
    const authorization = await this.#parts.authorization();
    for (const pause of PAUSES_MS) {
      try {
        return await authorization.identify(tokenSet);
      } catch (error) {
        if (!isWebexAuthError(error) || !error.retryable) return undefined;
      }
      await this.#parts.clock.sleep(pause);
    }
    return authorization.identify(tokenSet).catch(() => undefined);
  }

  // Concurrent callers share one request; a grant that ended is asked for anew, as is a guest by another name or of another app.
  async #existingOr(
    subject: string,
    make: () => Promise<Grant>,
    { signal, asked = {} }: Waiting & { asked?: RenewalMaterial },
  ): Promise<Grant> {
    const known = await this.#parts.tokens.recent(subject);
    const { clock } = this.#parts;
    const isSame = Object.entries(asked).every(([name, value]) => known?.renewal?.[name] === value);
    const usable = known && known.state !== 'dead' && isSame;
    const alive =
      usable && (this.#parts.canRenew(known) || (known.tokenSet.expiresAt ?? Infinity) > clock.now());
    return alive
      ? known
      : untilAbort(
          this.#flights.run(JSON.stringify([subject, asked]), () => this.#parts.track(make())),
          signal,
        );
  }
}

function promptOf(device: DeviceAuthorization): DevicePrompt {
  const { userCode, verificationUri, verificationUriComplete, expiresAt } = device;
  return { userCode, verificationUri, verificationUriComplete, expiresAt };
}

function organisation(orgId: string): string {
  const uuid = uuidOfOrgId(orgId);
  if (uuid !== undefined) return uuid;
  throw new ConfigurationError([
    { setting: 'orgId', problem: 'must be the UUID or the public id of an organisation' },
  ]);
}
