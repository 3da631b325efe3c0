import { randomToken } from '../base/random.js';
import { emulatorError } from './emulator-options.js';
import type { TokenFormat } from './emulator-options.js';

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
  };
}

/** Forgets everything but the key, in place. */
export function clearState(state: EmulatorState): void {
  Object.assign(state, emptyState(state.key));
}

/** Drops what can no longer matter at `now`: codes and tokens past their end, grants without any token. */
export function pruneState(state: EmulatorState, now: number): void {
  for (const records of [state.codes, state.accessTokens, state.refreshTokens]) {
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

/** Reads what `writeState` wrote; throws EMULATOR_STATE_UNREADABLE for anything else. */
export function readState(text: string): EmulatorState {
  try {
    const plain = JSON.parse(text) as Record<keyof EmulatorState | 'version', never>;
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
    };
  } catch {
    throw emulatorError(
      'EMULATOR_STATE_UNREADABLE',
      'The state file of the emulator cannot be read. Delete it to begin afresh: only fake tokens are in it.',
    );
  }
}
