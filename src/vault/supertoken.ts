import { inspect } from 'node:util';
import type { Person } from '../oauth/person.js';
import { formatScope, missingScopes } from '../oauth/scope.js';
import type { CustomFields } from '../base/custom-fields.js';
import type { Grant } from './grant.js';

/** What a supertoken shows: a grant, or a token that is kept nowhere. */
export type SupertokenSource = Pick<Grant, 'tokenSet' | 'requestedScope' | 'person' | 'custom'>;

/**
 * A grant as applications see it, under the field names people know from Webex's own SDK. A snapshot: read
 * `webex.credentials.supertoken` again after a refresh. Printing or serialising it shows no token.
 */
export class Supertoken {
  readonly #grant: SupertokenSource;
  readonly #now: () => number;
  readonly #canRefresh: boolean;

  constructor(grant: SupertokenSource, { now, canRefresh }: { now: () => number; canRefresh: boolean }) {
    this.#grant = grant;
    this.#now = now;
    this.#canRefresh = canRefresh;
  }

  get access_token(): string {
    return this.#grant.tokenSet.accessToken;
  }

  get refresh_token(): string | undefined {
    return this.#grant.tokenSet.refreshToken;
  }

  get token_type(): 'Bearer' {
    return 'Bearer';
  }

  /** When the access token ends, milliseconds since the epoch; undefined = not known. */
  get expires(): number | undefined {
    return this.#grant.tokenSet.expiresAt;
  }

  /** Lifetime of the access token as issued, seconds. */
  get expires_in(): number | undefined {
    return seconds(this.#grant.tokenSet.lifetime);
  }

  /** When the refresh token ends, milliseconds since the epoch; undefined = not known. */
  get refresh_token_expires(): number | undefined {
    return this.#grant.tokenSet.refreshTokenExpiresAt;
  }

  /** Lifetime of the refresh token as the last answer gave it, seconds. */
  get refresh_token_expires_in(): number | undefined {
    const { refreshTokenExpiresAt, issuedAt } = this.#grant.tokenSet;
    return refreshTokenExpiresAt === undefined ? undefined : seconds(refreshTokenExpiresAt - issuedAt);
  }

  /** Granted scopes, separated by spaces. */
  get scope(): string | undefined {
    const { scope } = this.#grant.tokenSet;
    return scope && formatScope(scope);
  }

  /** Scopes that were asked for and not granted. */
  get missingScopes(): readonly string[] {
    const { tokenSet, requestedScope } = this.#grant;
    return tokenSet.scope && requestedScope ? missingScopes(requestedScope, tokenSet.scope) : [];
  }

  get isExpired(): boolean {
    return this.expires !== undefined && this.expires <= this.#now();
  }

  /** Of a sign-in with `openid`, checked when it was new (OpenID Connect Core, 3.1.3.7); of an import, as it was given. */
  get id_token(): string | undefined {
    return this.#grant.tokenSet.idToken;
  }

  /** Whether it can be sent now, or renewed to be. */
  get canAuthorize(): boolean {
    return !this.isExpired || this.#canRefresh;
  }

  /** Whether it can be renewed without the person. */
  get canRefresh(): boolean {
    return this.#canRefresh;
  }

  /** Whether tokens with fewer scopes can be made of it: `webex.credentials.getUserToken(scope)`. */
  get canDownscope(): boolean {
    return this.canAuthorize && (this.#grant.tokenSet.scope?.length ?? 2) > 1;
  }

  get person(): Person | undefined {
    return this.#grant.person;
  }

  get custom(): CustomFields {
    return this.#grant.custom ?? {};
  }

  /** `Bearer …`, ready for an Authorization field. A method of its own, so that no string conversion gives a token away. */
  toHeader(): string {
    return `Bearer ${this.access_token}`;
  }

  toJSON(): Record<string, unknown> {
    const { expires, refresh_token_expires, scope, isExpired } = this;
    return { access_token: '[redacted]', expires, refresh_token_expires, scope, isExpired };
  }

  toString(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return `Supertoken ${inspect(this.toJSON())}`;
  }
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.round(milliseconds / 1000);
}
