import type { Emitter } from './base/emitter.js';
import type { ClientSettings } from './config/client-options.js';
import { isWebexAuthError } from './errors.js';
import type { WebexAuthEvents } from './events.js';
import type { ServerAuthorization } from './plugins/server-authorization.js';
import type { GrantTokens } from './refresh/grant-tokens.js';
import type { ReducedTokens } from './refresh/reduced-tokens.js';
import type { GrantOwner } from './stores/grant-store.js';
import type { Store } from './stores/store.js';
import type { DisconnectedTokens, Vault } from './vault/vault.js';
import { sessionScope } from './web/session-scope.js';

/** How a disconnect went. */
export interface Disconnected {
  /** Whether there was a grant. It is forgotten here in any case. */
  existed: boolean;
  /** Whether Webex confirmed that the tokens are revoked. */
  revoked: boolean;
  /** Code of what prevented the revocation. */
  error?: string | undefined;
}

interface Parts {
  vault: Vault;
  tokens: GrantTokens;
  reduced: ReducedTokens;
  store: Store;
  owner: GrantOwner;
  emitter: Emitter<WebexAuthEvents>;
  options: { client: ClientSettings | undefined };
  authorization(): Promise<ServerAuthorization>;
}

/** Forgets a grant and its sessions here, and revokes nothing. */
export async function invalidate(parts: Parts, subject: string): Promise<void> {
  const gone = await parts.vault.disconnect(subject);
  parts.tokens.forget(subject);
  parts.reduced.forget(subject);
  await endSessions(parts, subject);
  if (gone) parts.emitter.emit('logout', { subject, revoked: false });
}

/** Forgets a grant and its sessions here first, then revokes it at Webex; says honestly whether that was confirmed. */
export async function disconnect(parts: Parts, subject: string): Promise<Disconnected> {
  const gone = await parts.vault.disconnect(subject);
  parts.tokens.forget(subject);
  const reduced = parts.reduced.forget(subject);
  const [sessions, revocation] = await Promise.allSettled([
    endSessions(parts, subject),
    gone ? revokeAll(parts, gone.tokens, reduced) : Promise.resolve({ revoked: false }),
  ]);
  const revoked = revocation.status === 'fulfilled' && revocation.value.revoked;
  if (gone) parts.emitter.emit('logout', { subject, revoked });
  if (sessions.status === 'rejected') throw sessions.reason;
  if (revocation.status === 'rejected') throw revocation.reason;
  return { existed: gone !== undefined, ...revocation.value };
}

async function endSessions({ store, owner }: Parts, subject: string): Promise<void> {
  await store.sessions.deleteBySubject(sessionScope(owner), subject);
}

async function revokeAll(
  parts: Parts,
  tokens: DisconnectedTokens,
  reduced: readonly string[],
): Promise<{ revoked: boolean; error?: string }> {
  if (!tokens) return { revoked: false, error: 'KEY_UNAVAILABLE' };
  if (!parts.options.client) return { revoked: false, error: 'CONFIGURATION_INVALID' };
  const { accessToken, refreshTokens } = tokens;
  try {
    const authorization = await parts.authorization();
    for (const token of refreshTokens) await authorization.revoke(token, 'refresh_token');
    const accessTokens = refreshTokens.length === 0 ? [accessToken, ...reduced] : reduced;
    for (const token of accessTokens) await authorization.revoke(token, 'access_token');
    return { revoked: true };
  } catch (error) {
    return { revoked: false, error: isWebexAuthError(error) ? error.code : 'NETWORK_ERROR' };
  }
}
