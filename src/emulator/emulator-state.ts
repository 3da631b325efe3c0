import { randomToken } from '../base/random.js';
import { emulatorError } from './emulator-options.js';
import type { Lifetimes, TokenFormat } from './emulator-options.js';
import type { UserType } from './fake-token.js';

/** A PKCE challenge (RFC 7636). */
export interface Challenge {
  method: 'S256' | 'plain';
  value: string;
}

/** An authorization code, with whether the authorization request sent the redirect URI or relied on the only one. */
export interface CodeRecord {
  clientId: string;
  userId: string;
  scopes: string[];
  redirectUri: string;
  redirectUriSent: boolean;
  challenge?: Challenge;
  /** Where `openid` was granted: what the ID token will say. `authTime` in seconds. */
  openid?: { nonce: string; authTime: number };
  expiresAt: number;
  used: boolean;
  grantId?: string;
}

/** What a person allowed a client, with all tokens that came of it: a token family. */
export interface GrantRecord {
  id: string;
  clientId: string;
  userId?: string;
  orgId: string;
  scopes: string[];
  revoked: boolean;
  /** Generation of the newest refresh token, from 1; 0 where there is none. */
  generation: number;
  /** When the newest refresh token replaced its predecessor. */
  rotatedAt: number;
  accessSerial: number;
  latestAccess?: string;
  /** What its self-contained tokens say they are; by default user, or machine where there is no user. */
  userType?: UserType;
  /** How long its access tokens live; default `accessToken`. */
  lifetime?: keyof Lifetimes;
  /** The format of all its access tokens; else as each request asks. */
  onlyFormat?: TokenFormat;
}

/** A refresh token that was given out. */
export interface RefreshRecord {
  grantId: string;
  generation: number;
  expiresAt: number;
}

/** An access token that was given out. */
export interface AccessRecord {
  grantId: string;
  serial: number;
  scopes: string[];
  format: TokenFormat;
  issuedAt: number;
  expiresAt: number;
  revoked: boolean;
}

/** Who an access token can act as. A machine is the actor of a service app in one organisation (webex-facts 6.2). */
export type AccountKind = 'person' | 'guest' | 'bot' | 'machine';

/** An account that came into being while the emulator ran. `issuer` is the guest issuer or client that made a guest. */
export interface AccountRecord {
  kind: Exclude<AccountKind, 'person'>;
  id: string;
  orgId: string;
  email: string;
  displayName: string;
  issuer?: string;
}

/** A device that asked to be let in (RFC 8628). `pending` may be past its end. */
export interface DeviceRecord {
  clientId: string;
  userCode: string;
  scopes: string[];
  state: 'pending' | 'allowed' | 'declined' | 'used';
  userId?: string;
  expiresAt: number;
  intervalMs: number;
  polledAt?: number;
  polls: number;
  earlyPolls: number;
  pollsAfterExpiry: number;
}

/** That an admin authorized a service app in an organisation. */
export interface ServiceAppRecord {
  clientId: string;
  orgId: string;
  authorizedAt: number;
}

/** A webhook that a developer registered for their service apps; deliveries are signed with the secret. */
export interface WebhookRecord {
  id: string;
  name: string;
  targetUrl: string;
  secret?: string;
  ownerId: string;
  created: number;
}

/** A message that somebody posted. */
export interface MessageRecord {
  id: string;
  roomId: string;
  personId: string;
  text: string;
  created: number;
}

/** All that the emulator remembers. Tokens and codes appear as fingerprints only; instants are in milliseconds. */
export interface EmulatorState {
  key: string;
  clockOffset: number;
  codes: Map<string, CodeRecord>;
  grants: Map<string, GrantRecord>;
  refreshTokens: Map<string, RefreshRecord>;
  accessTokens: Map<string, AccessRecord>;
  messages: MessageRecord[];
  /** By fingerprint of the device code. */
  devices: Map<string, DeviceRecord>;
  /** Guests, bots and machines, by UUID. */
  accounts: Map<string, AccountRecord>;
  serviceApps: Map<string, ServiceAppRecord>;
  webhooks: Map<string, WebhookRecord>;
}

/** A state in which nothing has happened. */
export function emptyState(key = randomToken()): EmulatorState {
  return {
    key,
    clockOffset: 0,
    codes: new Map(),
    grants: new Map(),
    refreshTokens: new Map(),
    accessTokens: new Map(),
    messages: [],
    devices: new Map(),
    accounts: new Map(),
    serviceApps: new Map(),
    webhooks: new Map(),
  };
}

/** Forgets everything but the key, in place. */
export function clearState(state: EmulatorState): void {
  Object.assign(state, emptyState(state.key));
}

/** Drops what can no longer matter at `now`: codes and tokens past their end, grants without any token. */
export function pruneState(state: EmulatorState, now: number): void {
  for (const records of [state.codes, state.accessTokens, state.refreshTokens, state.devices]) {
    for (const [print, { expiresAt }] of records)
      if (expiresAt < now - KEPT_AFTER_END_MS) records.delete(print);
  }
  const held = [...state.accessTokens.values(), ...state.refreshTokens.values()].map(
    ({ grantId }) => grantId,
  );
  const alive = new Set(held);
  for (const id of state.grants.keys()) if (!alive.has(id)) state.grants.delete(id);
}

const KEPT_AFTER_END_MS = 3_600_000;
const VERSION = 1;

/** The state as JSON text. */
export function writeState(state: EmulatorState): string {
  const plain = Object.entries(state).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Map ? [...value] : value,
  ]);
  return JSON.stringify({ version: VERSION, ...Object.fromEntries(plain) });
}

type Newer = 'devices' | 'accounts' | 'serviceApps' | 'webhooks';
type StateText = Record<Exclude<keyof EmulatorState, Newer> | 'version', never> &
  Partial<Record<Newer, [string, never][]>>;

/** Reads what `writeState` wrote; throws EMULATOR_STATE_UNREADABLE for anything else. */
export function readState(text: string): EmulatorState {
  try {
    const plain = JSON.parse(text) as StateText;
    if (plain.version !== VERSION || typeof plain.key !== 'string' || !Array.isArray(plain.messages)) {
      throw new TypeError('not a state of this version');
    }
    return {
      key: plain.key,
      clockOffset: Number(plain.clockOffset),
      codes: new Map(plain.codes),
      grants: new Map(plain.grants),
      refreshTokens: new Map(plain.refreshTokens),
      accessTokens: new Map(plain.accessTokens),
      messages: plain.messages,
      // What older files lack: they are read as if it were empty.
      devices: new Map(plain.devices ?? []),
      accounts: new Map(plain.accounts ?? []),
      serviceApps: new Map(plain.serviceApps ?? []),
      webhooks: new Map(plain.webhooks ?? []),
    };
  } catch {
    throw emulatorError(
      'EMULATOR_STATE_UNREADABLE',
      'The state file of the emulator cannot be read. Delete it to begin afresh: only fake tokens are in it.',
    );
  }
}
