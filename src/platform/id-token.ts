import type { JWTPayload, JWTVerifyOptions } from 'jose';
import type { Clock } from '../base/clock.js';
import type { WholeFetch } from '../base/fetch.js';
import { IdTokenError, isWebexAuthError } from '../errors.js';
import { untilAbort } from '../base/until-abort.js';
import type { IdTokenIssuer } from './endpoints.js';
import { IssuerKeys } from './issuer-keys.js';
import { isOpenIdSubject, type OpenIdProfile, readOpenIdProfile } from './openid-profile.js';
import { mayBeSignedByNewerKey, namedIssuer, refusalText, signedPayload } from './signed-payload.js';

const TOLERANCE_S = 60;
const LONGEST = 16 * 1024;

/** What an ID token says, checked. Instants are seconds since the epoch, as in the token. Frozen. */
export interface IdTokenClaims extends OpenIdProfile {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly authTime?: number | undefined;
  readonly nonce?: string | undefined;
}

/** What checking takes. */
export interface IdTokenVerifierOptions {
  /** Exactly these may sign. Webex has one per region, and a person's is not known before (webex-facts 1.3, 7). */
  issuers: readonly IdTokenIssuer[];
  fetch: WholeFetch;
  clientId: string;
  clock: Clock;
}

/** Checks ID tokens (OpenID Connect Core, 3.1.3.7): RS256 by a key of the issuer that they name, for this client, in time. */
export class IdTokenVerifier {
  readonly #issuers: ReadonlyMap<string, IssuerKeys>;
  readonly #clientId: string;
  readonly #clock: Clock;

  constructor({ issuers, fetch, clientId, clock }: IdTokenVerifierOptions) {
    this.#issuers = new Map(
      issuers.map(({ issuer, jwksUri }) => [issuer, new IssuerKeys({ jwksUri, fetch, clock })]),
    );
    this.#clientId = clientId;
    this.#clock = clock;
  }

  /**
   * The claims of an ID token that passes every check; a nonce that is given must be in it. Else `IdTokenError`, or the network's
   * error where the issuer's keys cannot be fetched.
   */
  async verify(
    idToken: string | undefined,
    { nonce, signal }: { nonce?: string | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<IdTokenClaims> {
    signal?.throwIfAborted();
    if (typeof idToken !== 'string' || idToken === '') throw refused('there is none');
    const issuer = idToken.length > LONGEST ? undefined : await namedIssuer(idToken);
    if (issuer === undefined) throw refused('it cannot be read');
    const keys = this.#issuers.get(issuer);
    if (!keys) throw refused('its issuer is none of those that are expected');
    const payload = await untilAbort(this.#verified(idToken, { issuer, keys }), signal);
    const claims = this.#claimsOf(payload, issuer);
    if (nonce !== undefined && claims.nonce !== nonce) throw refused('it is not for this sign-in (nonce)');
    return claims;
  }

  async #verified(
    idToken: string,
    { issuer, keys }: { issuer: string; keys: IssuerKeys },
  ): Promise<JWTPayload> {
    const options: JWTVerifyOptions = {
      algorithms: ['RS256'],
      issuer,
      audience: this.#clientId,
      requiredClaims: ['sub', 'exp', 'iat'],
      clockTolerance: TOLERANCE_S,
      currentDate: new Date(this.#clock.now()),
    };
    try {
      const known = await keys.current();
      try {
        return await signedPayload(idToken, known, options);
      } catch (error) {
        const newer = (await mayBeSignedByNewerKey(error, idToken)) ? await keys.newerThan(known) : undefined;
        if (!newer) throw error;
        return await signedPayload(idToken, newer, options);
      }
    } catch (error) {
      // What jose throws holds the claims; it goes no further.
      throw isWebexAuthError(error) ? error : refused(refusalText(error));
    }
  }

  #claimsOf(payload: JWTPayload, iss: string): IdTokenClaims {
    const { sub, exp, iat, nonce, azp, auth_time: authTime } = payload;
    const aud = [payload.aud].flat();
    if (!isOpenIdSubject(sub)) throw refused('it names nobody');
    if (!aud.every((one) => typeof one === 'string')) throw refused('its audience cannot be read');
    if (azp === undefined ? aud.length > 1 : azp !== this.#clientId)
      throw refused('it is for another client');
    if (typeof exp !== 'number' || typeof iat !== 'number' || iat > this.#clock.now() / 1000 + TOLERANCE_S)
      throw refused("it was issued in the future; check this machine's clock");
    return Object.freeze({
      ...readOpenIdProfile(payload),
      iss,
      sub,
      aud: Object.freeze(aud),
      exp,
      iat,
      authTime: typeof authTime === 'number' && Number.isFinite(authTime) ? authTime : undefined,
      nonce: typeof nonce === 'string' ? nonce : undefined,
    });
  }
}

function refused(why: string): IdTokenError {
  return new IdTokenError(`The ID token is not accepted: ${why}`);
}
