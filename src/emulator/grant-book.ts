import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import type { EmulatorSettings, Lifetimes, TokenFormat } from './emulator-options.js';
import type { AccessRecord, EmulatorState, GrantRecord, RefreshRecord } from './emulator-state.js';
import { fingerprint, jwtToken, opaqueToken } from './fake-token.js';
import type { UserType } from './fake-token.js';

/** The body of a successful answer of the token endpoint (webex-facts 3.3). Lifetimes in seconds. */
export interface TokenAnswer {
  access_token: string;
  expires_in: number;
  refresh_token?: string;
  refresh_token_expires_in?: number;
  token_type: 'Bearer';
  scope: string;
  /** Of a code exchange with `openid`. */
  id_token?: string;
}

/** Which refresh token was presented, told without the token. */
export interface Presentation {
  grantId: string;
  generation: number;
  newest: number;
  stale: boolean;
}

/** What a new grant is for. It has a refresh token unless `refreshable` is false; without `userId` it is the client's own and has none. */
export interface NewGrant {
  clientId: string;
  userId?: string;
  orgId: string;
  scopes: string[];
  format: TokenFormat;
  refreshable?: boolean;
  userType?: UserType;
  lifetime?: keyof Lifetimes;
  onlyFormat?: TokenFormat;
}

const SAME_ACCESS_FOR_MS = 24 * 3_600_000;

/** Grants and their tokens: issues, refreshes by the current mode, looks up, revokes. */
export class GrantBook {
  readonly #state: EmulatorState;
  readonly #clock: Clock;
  readonly #settings: EmulatorSettings;

  constructor(state: EmulatorState, parts: { clock: Clock; settings: EmulatorSettings }) {
    this.#state = state;
    this.#clock = parts.clock;
    this.#settings = parts.settings;
  }

  /** Opens a grant and issues its first tokens. */
  open({ format, refreshable = true, ...allowed }: NewGrant): { grantId: string; answer: TokenAnswer } {
    const now = this.#clock.now();
    const id = randomUUID();
    const grant: GrantRecord = {
      ...allowed,
      id,
      revoked: false,
      generation: 0,
      rotatedAt: now,
      accessSerial: 0,
    };
    this.#state.grants.set(id, grant);
    const access = this.#newAccess(grant, { scopes: grant.scopes, format, now });
    return {
      grantId: id,
      answer: grant.userId !== undefined && refreshable ? { ...access, ...this.#rotate(grant, now) } : access,
    };
  }

  /** Refreshes. Undefined when the token is unknown, expired, revoked, replaced, or another client's. */
  refresh(
    token: string,
    { clientId, scopes, format }: { clientId: string; scopes?: string[]; format: TokenFormat },
  ): TokenAnswer | undefined {
    const now = this.#clock.now();
    const presented = this.#state.refreshTokens.get(fingerprint(token));
    const grant = presented && this.#state.grants.get(presented.grantId);
    if (!presented || grant?.clientId !== clientId || grant.revoked) return undefined;
    if (presented.generation < grant.generation && !this.#isGraced(presented, grant, now)) return undefined;
    if (presented.expiresAt <= now) return undefined;
    const access =
      this.#sameAccess(grant, now) ?? this.#newAccess(grant, { scopes: scopes ?? grant.scopes, format, now });
    return { ...access, ...this.#refreshPart(grant, { token, presented, now }) };
  }

  /** Tells which refresh token this is; undefined for one that was never issued. */
  identify(token: string): Presentation | undefined {
    const record = this.#state.refreshTokens.get(fingerprint(token));
    const newest = record && this.#state.grants.get(record.grantId)?.generation;
    if (!record || newest === undefined) return undefined;
    const { grantId, generation } = record;
    return { grantId, generation, newest, stale: generation < newest };
  }

  /** The scopes that a refresh token may ask for; undefined for an unknown one. */
  scopesOf(token: string): string[] | undefined {
    const presented = this.identify(token);
    return presented && this.#state.grants.get(presented.grantId)?.scopes;
  }

  /** The live access token behind a bearer, with its grant. */
  access(token: string): { grant: GrantRecord; record: AccessRecord } | undefined {
    const record = this.#state.accessTokens.get(fingerprint(token));
    const grant = record && this.#state.grants.get(record.grantId);
    if (!grant || grant.revoked || record.revoked || record.expiresAt <= this.#clock.now()) return undefined;
    return { grant, record };
  }

  /**
   * A further access token of the same grant with only these scopes. No refresh token comes with it, and it ends no
   * later than the one it was made from. Undefined when that one is not live or is another client's.
   */
  reduce(
    token: string,
    { clientId, scopes, format }: { clientId: string; scopes: string[]; format: TokenFormat },
  ): TokenAnswer | undefined {
    const wide = this.access(token);
    if (wide?.grant.clientId !== clientId) return undefined;
    const { grant, record } = wide;
    const { latestAccess } = grant;
    const now = this.#clock.now();
    const answer = this.#newAccess(grant, { scopes, format, now, until: record.expiresAt });
    // A refresh that gives the same access token again must not give this one.
    if (latestAccess !== undefined) grant.latestAccess = latestAccess;
    return answer;
  }

  /** Revokes a token of `clientId` (any client when left out): an access token alone, a refresh token with its family. */
  revokeToken(token: string, clientId?: string): void {
    const print = fingerprint(token);
    const access = this.#state.accessTokens.get(print);
    const grant = this.#state.grants.get((access ?? this.#state.refreshTokens.get(print))?.grantId ?? '');
    if (!grant || (clientId !== undefined && grant.clientId !== clientId)) return;
    if (access) access.revoked = true;
    else grant.revoked = true;
  }

  /** Revokes every grant that matches. */
  revokeGrants(matches: (grant: GrantRecord) => boolean): void {
    for (const grant of this.#state.grants.values()) if (matches(grant)) grant.revoked = true;
  }

  #isGraced(presented: RefreshRecord, grant: GrantRecord, now: number): boolean {
    if (this.#settings.refreshMode === 'rotate-strict') {
      grant.revoked = true;
      return false;
    }
    const inTime = now < grant.rotatedAt + this.#settings.graceSeconds * 1000;
    return (
      this.#settings.refreshMode === 'rotate-grace' && presented.generation === grant.generation - 1 && inTime
    );
  }

  #refreshPart(
    grant: GrantRecord,
    { token, presented, now }: { token: string; presented: RefreshRecord; now: number },
  ): Partial<TokenAnswer> {
    switch (this.#settings.refreshMode) {
      case 'omit':
        return {};
      case 'same':
        presented.expiresAt = now + this.#settings.lifetimes.refreshToken * 1000;
        return this.#shown(token, presented, now);
      case 'same-access':
      case 'not-renewed':
        return this.#shown(token, presented, now);
      case 'rotate-strict':
        return this.#rotate(grant, now);
      case 'rotate-grace':
        return presented.generation < grant.generation ? this.#newest(grant, now) : this.#rotate(grant, now);
    }
  }

  #rotate(grant: GrantRecord, now: number): Partial<TokenAnswer> {
    grant.generation += 1;
    grant.rotatedAt = now;
    const expiresAt = now + this.#settings.lifetimes.refreshToken * 1000;
    const { id: grantId, generation } = grant;
    this.#state.refreshTokens.set(fingerprint(this.#newestToken(grant)), { grantId, generation, expiresAt });
    return this.#newest(grant, now);
  }

  #newest(grant: GrantRecord, now: number): Partial<TokenAnswer> {
    const token = this.#newestToken(grant);
    const record = this.#state.refreshTokens.get(fingerprint(token));
    return record ? this.#shown(token, record, now) : {};
  }

  #newestToken({ id, generation, orgId }: GrantRecord): string {
    return opaqueToken(this.#state.key, `refresh:${id}:${generation}`, orgId);
  }

  #shown(token: string, { expiresAt }: RefreshRecord, now: number): Partial<TokenAnswer> {
    return { refresh_token: token, refresh_token_expires_in: secondsBetween(now, expiresAt) };
  }

  #sameAccess(grant: GrantRecord, now: number): TokenAnswer | undefined {
    const record = this.#state.accessTokens.get(grant.latestAccess ?? '');
    if (this.#settings.refreshMode !== 'same-access' || !record || record.revoked) return undefined;
    if (record.expiresAt <= now || now >= record.issuedAt + SAME_ACCESS_FOR_MS) return undefined;
    return this.#accessPart(grant, record, now);
  }

  #newAccess(
    grant: GrantRecord,
    {
      scopes,
      format: asked,
      now,
      until = Infinity,
    }: { scopes: string[]; format: TokenFormat; now: number; until?: number },
  ): TokenAnswer {
    const { id: grantId, onlyFormat: format = asked, lifetime = 'accessToken' } = grant;
    const expiresAt = Math.min(until, now + this.#settings.lifetimes[lifetime] * 1000);
    const serial = (grant.accessSerial += 1);
    const record = { grantId, serial, scopes, format, issuedAt: now, expiresAt, revoked: false };
    const answer = this.#accessPart(grant, record, now);
    grant.latestAccess = fingerprint(answer.access_token);
    this.#state.accessTokens.set(grant.latestAccess, record);
    return answer;
  }

  #accessPart(
    grant: GrantRecord,
    { serial, format, expiresAt, scopes }: AccessRecord,
    now: number,
  ): TokenAnswer {
    const { id, orgId, userId, userType, clientId } = grant;
    const label = `access:${id}:${serial}`;
    const token =
      format === 'jwt'
        ? jwtToken(this.#state.key, { label, orgId, userId, userType, clientId, expiresAt })
        : opaqueToken(this.#state.key, label, orgId);
    const expires_in = secondsBetween(now, expiresAt);
    return { access_token: token, expires_in, token_type: 'Bearer', scope: scopes.join(' ') };
  }
}

function secondsBetween(now: number, instant: number): number {
  return Math.max(0, Math.floor((instant - now) / 1000));
}
