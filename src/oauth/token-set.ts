import { inspect } from 'node:util';

/** A token set in plain values; instants are milliseconds since the epoch. */
export interface TokenSetData {
  accessToken: string;
  /** When the access token ends; undefined = not known (bots, personal tokens). */
  expiresAt?: number | undefined;
  refreshToken?: string | undefined;
  refreshTokenExpiresAt?: number | undefined;
  /** Granted scopes; undefined = the server did not say. */
  scope?: readonly string[] | undefined;
  idToken?: string | undefined;
  /** When the answer arrived. */
  issuedAt: number;
}

/**
 * What the token endpoint gave (RFC 6749, 5.1), with instants in place of lifetimes. Immutable. Its tokens sit in
 * private fields behind getters, so that printing or serialising a token set shows none of them.
 */
export class TokenSet {
  readonly #data: Readonly<TokenSetData>;

  constructor(data: TokenSetData) {
    this.#data = Object.freeze({ ...data });
  }

  get accessToken(): string {
    return this.#data.accessToken;
  }

  get refreshToken(): string | undefined {
    return this.#data.refreshToken;
  }

  get idToken(): string | undefined {
    return this.#data.idToken;
  }

  get expiresAt(): number | undefined {
    return this.#data.expiresAt;
  }

  get refreshTokenExpiresAt(): number | undefined {
    return this.#data.refreshTokenExpiresAt;
  }

  get scope(): readonly string[] | undefined {
    return this.#data.scope;
  }

  get issuedAt(): number {
    return this.#data.issuedAt;
  }

  /** Lifetime of the access token as issued, milliseconds; undefined = not known. */
  get lifetime(): number | undefined {
    return this.expiresAt === undefined ? undefined : this.expiresAt - this.issuedAt;
  }

  /** The plain values, tokens included: for sealing, never for printing. */
  toData(): Readonly<TokenSetData> {
    return this.#data;
  }

  /** The same without secrets. */
  toJSON(): Record<string, unknown> {
    const { expiresAt, refreshTokenExpiresAt, scope, issuedAt } = this.#data;
    return {
      accessToken: '[redacted]',
      refreshToken: this.refreshToken === undefined ? undefined : '[redacted]',
      expiresAt,
      refreshTokenExpiresAt,
      scope,
      issuedAt,
    };
  }

  [inspect.custom](): string {
    return `TokenSet ${inspect(this.toJSON())}`;
  }
}
