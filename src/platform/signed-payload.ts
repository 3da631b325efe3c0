import type { JWTPayload, JWTVerifyOptions, LocalJWKSet } from 'jose';

/** The issuer that a JWT names, unchecked: it says no more than whose keys to try. */
export async function namedIssuer(jwt: string): Promise<string | undefined> {
  const { decodeJwt } = await import('jose');
  try {
    const { iss } = decodeJwt(jwt);
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}

/** The payload of a JWT that one of the keys has signed and that passes `options`. Rejects with what jose throws: it holds claims. */
export async function signedPayload(
  jwt: string,
  keys: LocalJWKSet,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  const { errors, jwtVerify } = await import('jose');
  try {
    return (await jwtVerify(jwt, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    // A token that names no key is tried with each: nothing says that Webex always names one.
    let last: unknown = new errors.JWSSignatureVerificationFailed();
    for await (const key of error) {
      try {
        return (await jwtVerify(jwt, key, options)).payload;
      } catch (failed) {
        if (!(failed instanceof errors.JWSSignatureVerificationFailed)) throw failed;
        last = failed;
      }
    }
    throw last;
  }
}

/** Whether keys that we do not have yet could make good what was thrown: the key is not known, or none was named. */
export async function mayBeSignedByNewerKey(error: unknown, jwt: string): Promise<boolean> {
  const { decodeProtectedHeader, errors } = await import('jose');
  if (error instanceof errors.JWKSNoMatchingKey) return true;
  const isUnverified = error instanceof errors.JWSSignatureVerificationFailed;
  return isUnverified && decodeProtectedHeader(jwt).kid === undefined;
}

/** What is wrong with a JWT, in words of ours. */
export function refusalText(error: unknown): string {
  const code = codeOf(error);
  const claim = typeof error === 'object' && error !== null && 'claim' in error ? error.claim : undefined;
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED' && typeof claim === 'string')
    return CLAIM_TEXTS.get(claim) ?? 'a claim is missing or wrong';
  return TEXTS.get(code) ?? 'it cannot be read';
}

const TEXTS = new Map<unknown, string>([
  ['ERR_JWT_EXPIRED', "it has expired; check this machine's clock"],
  ['ERR_JOSE_ALG_NOT_ALLOWED', 'it is not signed with RS256'],
  ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'its signature is wrong'],
  ['ERR_JWKS_NO_MATCHING_KEY', 'no key of its issuer fits'],
]);

const CLAIM_TEXTS = new Map([
  ['aud', 'it is for another client'],
  ['nbf', "it is not valid yet; check this machine's clock"],
  ['exp', 'its end is missing or no number'],
  ['iat', 'its time of issue is missing or no number'],
  ['sub', 'it names nobody'],
]);

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
