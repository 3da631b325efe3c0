import { setMaxListeners } from 'node:events';
import { systemClock } from '../base/clock.js';
import type { EmulatorDevice } from './device-book.js';
import { emulatorApp } from './emulator-app.js';
import {
  assertSafePlace,
  emulatorError,
  initialSettings,
  knownPeople,
  knownRegions,
  registeredClients,
} from './emulator-options.js';
import type {
  DevicePendingStatus,
  DeviceSlowDownStatus,
  EmulatorClient,
  EmulatorOptions,
  EmulatorPerson,
  GuestIssuer,
  IdTokenFault,
  Lifetimes,
  RefreshMode,
} from './emulator-options.js';
import { clearState, pruneState } from './emulator-state.js';
import { fakeWebex, findPerson } from './fake-webex.js';
import type { Faults } from './faults.js';
import { knownGuestIssuers } from './guest-issuer.js';
import type { Ledger } from './ledger.js';
import { offsetClock } from './offset-clock.js';
import type { OffsetClock } from './offset-clock.js';
import { issueBotToken, issuePersonalToken } from './portal-tokens.js';
import type { EmulatorRegion, RegionalHost } from './regional-hosts.js';
import { decideServiceApp } from './service-app-consent.js';
import type { ServiceAppDecision } from './service-app-consent.js';
import { signIn } from './sign-in.js';
import type { SignInOptions } from './sign-in.js';
import { StateFile } from './state-file.js';
import type { WebhookBook, WebhookOptions } from './webhook-book.js';

export type { EmulatorDevice } from './device-book.js';
export type {
  DevicePendingStatus,
  DeviceSlowDownStatus,
  EmulatorClient,
  EmulatorOptions,
  EmulatorPerson,
  EmulatorUser,
  GuestIssuer,
  IdTokenFault,
  Lifetimes,
  RefreshMode,
  TokenFormat,
} from './emulator-options.js';
export { errorBodies } from './error-bodies.js';
export type { ErrorBody } from './error-bodies.js';
export type { Fault, FaultHandle, FaultRequest, FaultRoute, Faults } from './faults.js';
export type { Ledger, LedgerEntry, LedgerQuery, RefreshNote } from './ledger.js';
export type { OffsetClock } from './offset-clock.js';
export type { EmulatorRegion } from './regional-hosts.js';
export type { SignInOptions } from './sign-in.js';
export type { WebhookDelivery, WebhookOptions } from './webhook-book.js';

/** Full URLs of what an application is pointed at: `WebexAuth.open({ endpoints: emulator.endpoints, … })`. */
export interface EmulatorEndpoints {
  /** Without a slash at its end. */
  apiBase: string;
  authorizationEndpoint: string;
  tokenEndpoint: string;
  revocationEndpoint: string;
  idbrokerAuthorizationEndpoint: string;
  idbrokerTokenEndpoint: string;
  logoutEndpoint: string;
  /** Base of the identity broker, without a slash at its end. */
  identityBroker: string;
  deviceAuthorizationEndpoint: string;
  deviceTokenEndpoint: string;
  /** Base of the service catalog (U2C). */
  serviceCatalog: string;
  /** Who signs ID tokens: one for each region. */
  idTokenIssuers: { issuer: string; jwksUri: string }[];
}

/** A running emulator. */
export interface Emulator {
  readonly url: string;
  readonly port: number;
  readonly endpoints: EmulatorEndpoints;
  readonly clients: readonly EmulatorClient[];
  readonly users: readonly EmulatorPerson[];
  /** By name; `endpoints` are those of the first. */
  readonly regions: Readonly<Record<string, EmulatorRegion>>;
  readonly guestIssuers: readonly GuestIssuer[];
  /** The devices that asked to be let in, oldest first, with how often each polled too early. */
  readonly devices: readonly EmulatorDevice[];
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly webhooks: Pick<WebhookBook, 'deliveries'>;
  readonly clock: Pick<OffsetClock, 'now' | 'advance'>;
  setRefreshMode(mode: RefreshMode): void;
  /** For tokens issued from now on; seconds. */
  setLifetimes(lifetimes: Partial<Lifetimes>): void;
  /** ID tokens are wrong in this one way from now on; undefined: in none. */
  setIdTokenFault(fault: IdTokenFault | undefined): void;
  /** From now on new keys sign ID tokens, in all regions or in one. JWKS keeps showing the keys before them. */
  rotateSigningKey(region?: string): void;
  /** How the device token endpoint says that a device has to wait. */
  setDeviceAnswers(answers: { pending?: DevicePendingStatus; slowDown?: DeviceSlowDownStatus }): void;
  /**
   * Lets a device in, as its page would. Throws EMULATOR_UNKNOWN_DEVICE where none waits behind this code, and
   * EMULATOR_UNKNOWN_USER.
   */
  approveDevice(userCode: string, options?: SignInOptions): void;
  /** A bot's token, which has no end; another one for the same name ends those before it. */
  issueBotToken(bot?: { displayName?: string }): string;
  /** A person's own token from the developer portal, for 12 hours; the first person's when left out. */
  issuePersonalToken(user?: string): string;
  /** Revokes one token: an access token alone, a refresh token with all that came of it. */
  revokeToken(token: string): void;
  /** Revokes all grants, or those of one user (address, UUID or public id). */
  revokeAll(user?: string): void;
  /** Forgets grants, codes, messages, faults and ledger; settings and clock return to where they began. */
  reset(): void;
  /**
   * An admin authorizes a service app in an organisation (UUID or public id); resolves when the owner's webhooks were
   * told. Rejects with EMULATOR_UNKNOWN_CLIENT or EMULATOR_UNKNOWN_ORG.
   */
  authorizeServiceApp(clientId: string, orgId: string): Promise<void>;
  /** The admin takes that back: the app's tokens of the organisation end. Resolves and rejects likewise. */
  deauthorizeServiceApp(clientId: string, orgId: string): Promise<void>;
  /** Has a URL on this machine told when a service app of an owner is authorized or no longer. */
  registerWebhook(webhook: WebhookOptions): { id: string };
  /** Signs somebody in through the login page; gives the URL that the browser is sent back to. */
  signIn(authorizeUrl: string, options?: SignInOptions): Promise<string>;
  /** Ends all connections and keeps the state; a second call does nothing more. */
  close(): Promise<void>;
}

const SAVES_PER_PRUNE = 1000;

/**
 * Starts Webex on this machine. Rejects with EMULATOR_IN_PRODUCTION, EMULATOR_NOT_LOOPBACK, EMULATOR_BAD_OPTIONS,
 * EMULATOR_STATE_UNREADABLE, or Node's own error (EADDRINUSE).
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { host = '127.0.0.1', port = 0, clock: base = systemClock, banner } = options;
  assertSafePlace(host, process.env['NODE_ENV']);
  const clients = registeredClients(options.clients);
  const regionNames = knownRegions(options.regions);
  const users = knownPeople(options.users, regionNames);
  const guestIssuers = knownGuestIssuers(options.guestIssuers);
  const settings = initialSettings(options);
  const file = await StateFile.open(options.dataDir);
  const { state } = file;
  const clock = offsetClock(base, state.clockOffset);
  let saves = 0;
  const save = (): Promise<void> => {
    if (saves++ % SAVES_PER_PRUNE === 0) pruneState(state, clock.now());
    return file.save();
  };
  // A write that fails here fails again, visibly, before the next answer.
  const saveSoon = (): void => void save().catch(() => undefined);
  const webex = fakeWebex({ clock, settings, state, clients, users, guestIssuers, banner, save });
  const { faults, ledger, grants, regions, webhooks } = webex;
  const controls = {
    advance: (ms: number) => {
      clock.advance(ms);
      state.clockOffset = clock.offset;
      saveSoon();
    },
    revokeAll: (userId?: string) => {
      grants.revokeGrants((grant) => userId === undefined || grant.userId === userId);
      saveSoon();
    },
    decideServiceApp: (decision: ServiceAppDecision) =>
      decideServiceApp(webex, { ...decision, signal: closing.signal }),
    decideDevice: (userCode: string, decision: { userId: string } | 'decline') => {
      const isWaiting = webex.devices.decide(userCode, decision);
      if (isWaiting) saveSoon();
      return isWaiting;
    },
    reset: () => {
      clearState(state);
      webhooks.clear();
      faults.clear();
      ledger.clear();
      Object.assign(settings, initialSettings(options));
      clock.offset = 0;
      saveSoon();
    },
  };
  const personOf = (user: string | undefined): EmulatorPerson => {
    const person = user === undefined ? users[0] : findPerson(users, user);
    if (!person) throw emulatorError('EMULATOR_UNKNOWN_USER', 'No such user. Use one of emulator.users.');
    return person;
  };
  const closing = new AbortController();
  // Every request that a fault delays listens to it.
  setMaxListeners(0, closing.signal);
  const app = emulatorApp(webex, { controls, closing: closing.signal });
  await regions.listen(regionNames, (request, bindings) => app.fetch(request, bindings), { host, port });
  const { url, port: actualPort } = regions.home;
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    closing.abort(emulatorError('EMULATOR_CLOSED', 'The emulator was closed.'));
    await regions.close();
    await save();
  };
  return {
    url,
    port: actualPort,
    endpoints: endpointsAt(url, regions.all()),
    clients,
    users,
    regions: Object.fromEntries(regions.all().map((region) => [region.name, addressesOf(region)])),
    guestIssuers,
    get devices() {
      return webex.devices.list;
    },
    faults,
    ledger,
    clock: { now: () => clock.now(), advance: controls.advance },
    setRefreshMode: (mode) => void (settings.refreshMode = mode),
    setLifetimes: (lifetimes) => void Object.assign(settings.lifetimes, lifetimes),
    setIdTokenFault: (fault) => void (settings.idTokenFault = fault),
    rotateSigningKey: (name) => {
      if (name !== undefined && !regionNames.includes(name)) {
        throw emulatorError('EMULATOR_UNKNOWN_REGION', 'No such region. Use one of emulator.regions.');
      }
      for (const region of name === undefined ? regions.all() : [regions.at(name)]) region.keys.rotate();
    },
    setDeviceAnswers: ({ pending, slowDown }) => {
      settings.devicePending = pending ?? settings.devicePending;
      settings.deviceSlowDown = slowDown ?? settings.deviceSlowDown;
    },
    approveDevice: (userCode, { user, deny = false } = {}) => {
      if (controls.decideDevice(userCode, deny ? 'decline' : { userId: personOf(user).id })) return;
      throw emulatorError('EMULATOR_UNKNOWN_DEVICE', 'No device waits for this code. See emulator.devices.');
    },
    issueBotToken: (bot) => {
      const token = issueBotToken(webex, bot);
      saveSoon();
      return token;
    },
    issuePersonalToken: (user) => {
      const token = issuePersonalToken(webex, personOf(user));
      saveSoon();
      return token;
    },
    revokeToken: (token) => {
      grants.revokeToken(token);
      saveSoon();
    },
    revokeAll: (user) => controls.revokeAll(user === undefined ? undefined : personOf(user).id),
    webhooks,
    authorizeServiceApp: (clientId, orgId) =>
      controls.decideServiceApp({ clientId, orgId, authorized: true }),
    deauthorizeServiceApp: (clientId, orgId) =>
      controls.decideServiceApp({ clientId, orgId, authorized: false }),
    registerWebhook: (webhook) => {
      const registered = webhooks.register(webhook);
      saveSoon();
      return registered;
    },
    reset: controls.reset,
    signIn: (authorizeUrl, signInOptions = {}) => signIn(authorizeUrl, { ...signInOptions, users }),
    close: () => (closed ??= close()),
  };
}

function addressesOf({ url, issuer, jwksUri }: RegionalHost): EmulatorRegion {
  return { url, issuer, jwksUri };
}

function endpointsAt(url: string, regions: readonly RegionalHost[]): EmulatorEndpoints {
  return {
    authorizationEndpoint: `${url}/v1/authorize`,
    tokenEndpoint: `${url}/v1/access_token`,
    idbrokerAuthorizationEndpoint: `${url}/idb/oauth2/v1/authorize`,
    idbrokerTokenEndpoint: `${url}/idb/oauth2/v1/access_token`,
    revocationEndpoint: `${url}/idb/oauth2/v1/revoke`,
    logoutEndpoint: `${url}/idb/oauth2/v1/logout`,
    apiBase: `${url}/v1`,
    identityBroker: url,
    deviceAuthorizationEndpoint: `${url}/v1/device/authorize`,
    deviceTokenEndpoint: `${url}/v1/device/token`,
    serviceCatalog: `${url}/u2c/api/v1`,
    idTokenIssuers: regions.map(({ issuer, jwksUri }) => ({ issuer, jwksUri })),
  };
}
