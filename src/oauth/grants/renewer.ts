import type { TokenSet } from '../token-set.js';

/** A successful answer of the token endpoint as it came: parsed, not yet validated. */
export type RawTokenResponse = Readonly<Record<string, unknown>>;

/** What a renewal may be given. */
export interface RenewOptions {
  signal?: AbortSignal | undefined;
  /**
   * Called, and awaited, with any 2xx answer that holds a refresh token but cannot be turned into a token set without
   * further checks or at all: the rotated token must not be lost with them.
   */
  onCandidate?: ((response: RawTokenResponse) => Promise<void>) | undefined;
}

/** How grants of one kind get their next token set. */
export interface Renewer {
  /** Whether this token set holds what the renewal needs. */
  canRenew(current: TokenSet): boolean;
  /** Presents what it holds and returns the successor, within 120 s: nobody waits longer. Errors: those of the token endpoint. */
  renew(current: TokenSet, options?: RenewOptions): Promise<TokenSet>;
}
