import type { EmulatorState, GrantRecord } from './emulator-state.js';
import { publicId } from './fake-token.js';

/** A live token, told without the token. Ending a refresh token ends its access tokens too (webex-facts 3.4). */
export interface Authorization {
  id: string;
  type: 'refresh' | 'access';
  grant: GrantRecord;
  /** Milliseconds since the epoch. */
  created: number;
  end: () => void;
}

/** Every token that is live at `now`. Of the refresh tokens of a grant that is the newest. */
export function listAuthorizations(state: EmulatorState, now: number): Authorization[] {
  const found: Authorization[] = [];
  const liveGrant = (grantId: string, expiresAt: number): GrantRecord | undefined => {
    const grant = state.grants.get(grantId);
    return grant?.revoked === false && expiresAt > now ? grant : undefined;
  };
  for (const { grantId, generation, expiresAt } of state.refreshTokens.values()) {
    const grant = liveGrant(grantId, expiresAt);
    if (grant?.generation !== generation) continue;
    const id = publicId('AUTHORIZATION', grantId);
    const created = grant.rotatedAt;
    found.push({ id, type: 'refresh', grant, created, end: () => void (grant.revoked = true) });
  }
  for (const record of state.accessTokens.values()) {
    const grant = liveGrant(record.grantId, record.expiresAt);
    if (!grant || record.revoked) continue;
    const id = publicId('AUTHORIZATION', `${grant.id}:${record.serial}`);
    found.push({
      id,
      type: 'access',
      grant,
      created: record.issuedAt,
      end: () => void (record.revoked = true),
    });
  }
  return found;
}
