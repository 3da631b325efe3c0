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

/** What is kept, sealed, beside a token set so that it can be renewed without its person. */
export type RenewalMaterial = Readonly<Record<string, string>>;

/** What a renewal starts from. */
export interface Renewable {
  readonly subject: string;
  readonly kind: string;
  readonly tokenSet: TokenSet;
  readonly renewal?: RenewalMaterial | undefined;
}

/** How grants of one kind get their next token set. */
export interface Renewer {
  /** Presents what is held and returns the successor, within 120 s: nobody waits longer. Errors: those of the token endpoint. */
  renew(current: Renewable, options?: RenewOptions): Promise<TokenSet>;
  /**
   * Set where there is nothing to renew with and the token has no known end (bots, personal tokens): `renew` only asks, this often,
   * whether the token still works, and returns it unchanged. Milliseconds.
   */
  readonly verifyEveryMs?: number | undefined;
  /** Set where another endpoint than the token endpoint is asked: the gate that a 429 shuts there is no concern of this renewal. */
  readonly besideTokenEndpoint?: true | undefined;
}
