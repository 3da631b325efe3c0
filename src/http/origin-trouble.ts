import { isWebexAuthError } from '../errors.js';
import type { PrincipalKey } from './rate-gates.js';

const UNAVAILABLE = new Set([502, 503, 504]);
// A call that had less may have ended before any answer could come.
const TELLING_MS = 10_000;

/** Whose call it is, and what kind of thing it asks for: one principal's or one resource's trouble is no outage. */
export interface Witness {
  readonly principal: PrincipalKey;
  /** The first two sections of the path, behind a space that no principal begins with. */
  readonly resource: string;
}

/** The witness that a call is. */
export function witnessOf(principal: PrincipalKey, { pathname }: URL): Witness {
  return { principal, resource: ` ${pathname.split('/', 3).join('/')}` };
}

/**
 * What an API call met that had so many milliseconds left: an `origin` that cannot be reached, or trouble that may be its `resource`'s
 * alone. A 500 or 501 is the request's; giving up in less than 10 s says nothing.
 */
export function troubleOf(
  outcome: number | { error: unknown },
  hadMs: number,
): 'origin' | 'resource' | undefined {
  if (typeof outcome === 'number') return UNAVAILABLE.has(outcome) ? 'resource' : undefined;
  const { error } = outcome;
  if (!isWebexAuthError(error)) return undefined;
  if (error.code === 'NETWORK_ERROR') return error.maybeProcessed ? 'resource' : 'origin';
  return error.code === 'TIMEOUT' && hadMs >= TELLING_MS ? 'resource' : undefined;
}
