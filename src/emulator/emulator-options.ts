import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock } from '../base/clock.js';
import { publicId } from './fake-token.js';

/**
 * What a refresh gives back (webex-facts 3.4): `same` the same refresh token, renewed; `rotate-grace` a new one, the
 * previous still good for a while; `rotate-strict` a new one, and reuse revokes the family; `omit` none;
 * `same-access` within 24 h the very same access token and expiry; `not-renewed` the same refresh token, its end fixed.
 */
export type RefreshMode = 'same' | 'rotate-grace' | 'rotate-strict' | 'omit' | 'same-access' | 'not-renewed';

/** All refresh modes. */
export const REFRESH_MODES: readonly RefreshMode[] = [
  'same',
  'rotate-grace',
  'rotate-strict',
  'omit',
  'same-access',
  'not-renewed',
];

/** `opaque` is `<64>_<cluster>_<orgId>`; `jwt` what Webex calls self-contained (webex-facts 7). */
export type TokenFormat = 'opaque' | 'jwt';

/** How the device token endpoint says `authorization_pending`: Webex with 428, RFC 8628 with 400 (webex-facts 2.3). */
export type DevicePendingStatus = '428' | '400';

/** How the device token endpoint says `slow_down` (webex-facts 2.3). */
export type DeviceSlowDownStatus = '400' | '429';

/** A guest issuer of the legacy kind (webex-facts 5.1). `secret` is base64; `orgId` a UUID, default the first person's. */
export interface GuestIssuer {
  issuer: string;
  secret: string;
  orgId?: string;
}

/** How long things live; seconds. */
export interface Lifetimes {
  accessToken: number;
  refreshToken: number;
  code: number;
  /** Device and user code (webex-facts 2.3). */
  deviceCode: number;
  /** The access tokens of a device grant. */
  deviceToken: number;
  /** What a guest JWT is exchanged for (webex-facts 5.1). */
  guestToken: number;
  /** What a service app gets for its guest (webex-facts 5.2). */
  serviceGuestToken: number;
  /** A person's own token from the developer portal (webex-facts 6.3). */
  personalToken: number;
  botToken: number;
}

/** The lifetimes of Webex, but a code's, which is not known; seconds. A bot's token has no end: 100 years. */
export const LIFETIMES: Readonly<Lifetimes> = {
  accessToken: 1_209_599,
  refreshToken: 7_775_999,
  code: 60,
  deviceCode: 300,
  deviceToken: 64_799,
  guestToken: 21_600,
  serviceGuestToken: 64_799,
  personalToken: 43_200,
  botToken: 3_153_600_000,
};

/** In which one way ID tokens are wrong; `missing` leaves them out. Undefined: in none. */
export type IdTokenFault =
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'expired'
  | 'wrong-nonce'
  | 'bad-signature'
  | 'unknown-key'
  | 'alg-none'
  | 'missing'
  | 'hs256';

/** A registered integration. Redirect URIs are compared as exact strings. */
export interface EmulatorClient {
  clientId: string;
  clientSecret: string;
  redirectUris: string[];
  scopes: string[];
  name?: string;
  allowClientCredentials?: boolean;
  /** A service app has no sign-in: an admin authorizes it, and `redirectUris` stays empty (webex-facts 6.2). */
  serviceApp?: boolean;
  /** Whose service app it is: address, UUID or public id; default the first user. */
  ownerId?: string;
  /** Whether the helper redirect URIs of the device grant are registered too (webex-facts 2.3); default true. */
  deviceRedirectUris?: boolean;
}

/** A person who can sign in. `id` and `orgId` are UUIDs; `id` is derived from the address when left out. */
export interface EmulatorUser {
  email: string;
  displayName: string;
  id?: string;
  orgId?: string;
  /** The region that signs their ID tokens; one of the option `regions`, the first of them when left out. */
  region?: string;
}

/** A person as the emulator keeps them; `personId` is the id that `people/me` shows. */
export interface EmulatorPerson extends Required<EmulatorUser> {
  personId: string;
}

/** What `startEmulator` takes; everything has a default. */
export interface EmulatorOptions {
  /** Default 0: any free port. */
  port?: number;
  /** A loopback address; default 127.0.0.1. */
  host?: string;
  clients?: EmulatorClient[];
  users?: EmulatorUser[];
  /** Names of regions, each with a host (another port) and signing keys of its own; default `us` alone. */
  regions?: string[];
  /** Seconds; the defaults are those of Webex (14 days, 90 days) and 60 s for a code. */
  lifetimes?: Partial<Lifetimes>;
  /** Default `same`. */
  refreshMode?: RefreshMode;
  /** How long `rotate-grace` accepts the previous refresh token; seconds, default 30. */
  graceSeconds?: number;
  /** Default `opaque`. */
  tokenFormat?: TokenFormat;
  /** Default `428`. */
  devicePending?: DevicePendingStatus;
  /** Default `400`. */
  deviceSlowDown?: DeviceSlowDownStatus;
  /** Default: one. */
  guestIssuers?: GuestIssuer[];
  clock?: Clock;
  /** Where state is kept over restarts, in a 0600 file; without it in memory only. */
  dataDir?: string;
  /** A line of your own in the banner of every page. */
  banner?: string;
}

/** Settings that may change while the emulator runs. */
export interface EmulatorSettings {
  lifetimes: Lifetimes;
  refreshMode: RefreshMode;
  graceSeconds: number;
  tokenFormat: TokenFormat;
  devicePending: DevicePendingStatus;
  deviceSlowDown: DeviceSlowDownStatus;
  idTokenFault: IdTokenFault | undefined;
}

/** An Error with a `code` to switch on: EMULATOR_IN_PRODUCTION, EMULATOR_NOT_LOOPBACK, EMULATOR_BAD_OPTIONS and so on. */
export function emulatorError(code: string, message: string): Error & { code: string } {
  return Object.assign(new Error(message), { code });
}

/** Refuses what an emulator must never do: run in production, or listen beyond this machine. */
export function assertSafePlace(host: string, nodeEnv: string | undefined): void {
  if (nodeEnv?.trim().toLowerCase() === 'production') {
    throw emulatorError(
      'EMULATOR_IN_PRODUCTION',
      'The Webex emulator lets anybody in, so it does not start with NODE_ENV=production. Use Webex itself there.',
    );
  }
  if (!isLoopback(host)) {
    throw emulatorError(
      'EMULATOR_NOT_LOOPBACK',
      'The Webex emulator listens on loopback only. Use host 127.0.0.1, ::1 or localhost.',
    );
  }
}

/** Whether a host name or address means this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** The settings with their defaults. */
export function initialSettings(options: EmulatorOptions): EmulatorSettings {
  const { refreshMode = 'same', graceSeconds = 30, tokenFormat = 'opaque', lifetimes = {} } = options;
  const { devicePending = '428', deviceSlowDown = '400' } = options;
  const idTokenFault = undefined;
  return {
    refreshMode,
    graceSeconds,
    tokenFormat,
    devicePending,
    deviceSlowDown,
    lifetimes: { ...LIFETIMES, ...lifetimes },
    idTokenFault,
  };
}

/** The clients: those given, or one that fits the gateway's address. */
export function registeredClients(clients: readonly EmulatorClient[] = [DEFAULT_CLIENT]): EmulatorClient[] {
  for (const { redirectUris } of clients) {
    for (const uri of redirectUris) {
      if (!URL.canParse(uri) || uri.includes('#')) {
        throw emulatorError(
          'EMULATOR_BAD_OPTIONS',
          'A redirect URI must be absolute and have no fragment. Fix clients[].redirectUris.',
        );
      }
    }
  }
  return clients.map((client) => ({ ...client }));
}

/** The regions: those given, or one. */
export function knownRegions(regions: readonly string[] = ['us']): string[] {
  const isSound = regions.every((name) => /^[a-z][a-z0-9-]{0,15}$/.test(name));
  if (regions.length > 0 && isSound && new Set(regions).size === regions.length) return [...regions];
  throw emulatorError(
    'EMULATOR_BAD_OPTIONS',
    'Regions need names such as "us" and "b-us", each once. Fix regions.',
  );
}

/** The people: those given, or three in two organisations. */
export function knownPeople(
  users: readonly EmulatorUser[] = DEFAULT_USERS,
  regions: readonly string[] = knownRegions(),
): EmulatorPerson[] {
  const [home = ''] = regions;
  if (users.some(({ region = home }) => !regions.includes(region))) {
    throw emulatorError('EMULATOR_BAD_OPTIONS', 'A region is not among the regions. Fix users[].region.');
  }
  return users.map(({ email, displayName, id = uuidOf(email), orgId = FIRST_ORG, region = home }) => ({
    email,
    displayName,
    id,
    orgId,
    region,
    personId: publicId('PEOPLE', id),
  }));
}

/** A UUID that is always the same for the same text. */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const FIRST_ORG = 'fa4e0000-0000-4000-8000-000000000001';
const SECOND_ORG = 'fa4e0000-0000-4000-8000-000000000002';

const DEFAULT_CLIENT: EmulatorClient = {
  clientId: `C${'fa4e'.repeat(16)}`,
  clientSecret: 'fa4e5ec2'.repeat(8),
  redirectUris: ['http://127.0.0.1:8787/auth/callback', 'http://localhost:8787/auth/callback'],
  scopes: [
    'spark:all',
    'spark:kms',
    'spark:people_read',
    'spark:rooms_read',
    'spark:memberships_read',
    'spark:messages_read',
    'spark:messages_write',
  ],
  name: 'Example integration',
};

const DEFAULT_USERS: EmulatorUser[] = [
  { email: 'ada@example.com', displayName: 'Ada Example' },
  { email: 'grace@example.com', displayName: 'Grace Sample' },
  { email: 'linus@example.org', displayName: 'Linus Elsewhere', orgId: SECOND_ORG },
];
