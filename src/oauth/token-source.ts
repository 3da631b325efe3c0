/** An access token handed out to a caller. Instants are milliseconds since the epoch. */
export interface AccessToken {
  readonly accessToken: string;
  /** When it ends; undefined = not known. */
  readonly expiresAt: number | undefined;
  /** It is due and the last refresh failed. */
  readonly stale: boolean;
  /** The code of that failure. */
  readonly lastError: string | undefined;
}

/** How a caller may narrow what it accepts. */
export interface TokenOptions {
  /** Wanted remaining life, seconds; best effort: `stale` tells when it could not be had. */
  minTtl?: number | undefined;
  /** Scopes the grant must carry, else `MissingScopeError`. */
  requireScope?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

/** Where an authorized client gets its bearer from. It knows nothing of vaults, leases or grants. */
export interface TokenSource {
  /** A token that is valid now, refreshed first where needed. */
  token(options?: TokenOptions): Promise<AccessToken>;
  /** "The API refused this one": refreshes only if it is still the current one. Resolves to the token to use now. */
  reportRejected(accessToken: string, options?: { signal?: AbortSignal | undefined }): Promise<AccessToken>;
  /** A valid token or nothing; never refreshes, never waits. */
  peek(): AccessToken | undefined;
}
