import { backoffDelay } from '../base/backoff.js';
import { type AnyWebexAuthError, isWebexAuthError } from '../errors.js';
import type { RetrySettings } from './retry-settings.js';

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const PASSING = new Set([500, 502, 503, 504]);
const RATE_LIMIT_BACKOFF = { base: 1_000, cap: 30_000 };
const FAILURE_BACKOFF = { base: 200, cap: 5_000 };

/** What is known after an attempt. Durations are milliseconds. */
export interface Attempted {
  /** How many attempts were made, this one included. */
  attempt: number;
  method: string;
  /** Whether the request carries an `Idempotency-Key`, which makes any method idempotent. */
  idempotencyKey: boolean;
  /** Whether the very same bytes can be sent again. */
  replayable: boolean;
  /** What came of it: an answer's status, or what was thrown. */
  outcome: { status: number; retryAfterMs: number | undefined } | { error: unknown };
  /** What is left of the call's deadline. */
  leftMs: number;
  random: () => number;
}

/**
 * How long to wait before the same call is sent again, milliseconds; undefined = hand back what there is. 429 repeats
 * any method, never before its `Retry-After`; 500, 502, 503, 504 and failed connections only idempotent ones (RFC 9110,
 * 9.2.2); 423 only idempotent ones and where Webex says when.
 */
export function retryDelay(attempted: Attempted, settings: RetrySettings): number | undefined {
  const { attempt, replayable, outcome, leftMs, random } = attempted;
  if (attempt >= settings.attempts || !replayable) return undefined;
  let delay: number;
  if ('error' in outcome) {
    if (!isIdempotent(attempted) || !isPassing(outcome.error)) return undefined;
    delay = failureBackoff(attempt, random);
  } else {
    const { status, retryAfterMs } = outcome;
    const asked = isWait(retryAfterMs) ? retryAfterMs : undefined;
    if (asked !== undefined && asked > settings.maxRetryAfterMs) return undefined;
    if (status === 429) {
      delay = asked ?? rateLimitWait(undefined, { attempt, random });
      if (delay > settings.maxRetryAfterMs) return undefined;
    } else if (!isIdempotent(attempted)) return undefined;
    else if (status === 423 && asked !== undefined) delay = asked;
    else if (PASSING.has(status)) delay = Math.max(asked ?? 0, failureBackoff(attempt, random));
    else return undefined;
  }
  return delay < leftMs ? delay : undefined;
}

/** How long a 429 shuts its gate: `Retry-After` if it says anything (0 and past dates do not), else a backoff. Milliseconds. */
export function rateLimitWait(
  retryAfterMs: number | undefined,
  { attempt, random }: { attempt: number; random: () => number },
): number {
  return isWait(retryAfterMs) ? retryAfterMs : backoffDelay(attempt - 1, { ...RATE_LIMIT_BACKOFF, random });
}

/** Whether an outcome says that a lone endpoint is unwell: any 5xx, a failed connection, no answer in time. */
export function isOutage(outcome: number | { error: unknown }): boolean {
  if (typeof outcome === 'number') return outcome >= 500;
  const code = codeOf(outcome.error);
  return code === 'NETWORK_ERROR' || code === 'TIMEOUT';
}

function isWait(retryAfterMs: number | undefined): retryAfterMs is number {
  return retryAfterMs !== undefined && retryAfterMs > 0;
}

function failureBackoff(attempt: number, random: () => number): number {
  return backoffDelay(attempt - 1, { ...FAILURE_BACKOFF, random });
}

function isIdempotent({ method, idempotencyKey }: Attempted): boolean {
  return idempotencyKey || IDEMPOTENT.has(method);
}

// A name that does not resolve or a certificate that is not trusted will not be otherwise in half a second.
function isPassing(error: unknown): boolean {
  return (
    isWebexAuthError(error) &&
    error.code === 'NETWORK_ERROR' &&
    error.reason !== 'dns' &&
    error.reason !== 'tls'
  );
}

function codeOf(error: unknown): AnyWebexAuthError['code'] | undefined {
  return isWebexAuthError(error) ? error.code : undefined;
}
