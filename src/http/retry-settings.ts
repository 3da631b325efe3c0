import { ConfigurationError } from '../errors.js';

/** How a call may be repeated. `retry: false` in place of it: sent once, and never made to wait for a rate limit. */
export interface RetryOptions {
  /** How often a call is sent at most: 1, 2 or 3; 3. The one replay after a 401 is not counted. */
  attempts?: number | undefined;
  /** The longest wait that a server or a gate may ask for, milliseconds; 30,000. Never beyond the deadline. */
  maxRetryAfterMs?: number | undefined;
}

/** The same, complete and checked. */
export interface RetrySettings {
  readonly attempts: number;
  readonly maxRetryAfterMs: number;
}

const MOST_ATTEMPTS = 3;
const ONCE: RetrySettings = Object.freeze({ attempts: 1, maxRetryAfterMs: 0 });
const USUAL: RetrySettings = Object.freeze({ attempts: MOST_ATTEMPTS, maxRetryAfterMs: 30_000 });

/** Reads `retry` as callers write it; what is left out is as in `base`. `ConfigurationError` for what makes no sense. */
export function retrySettings(
  retry: RetryOptions | false | undefined,
  base: RetrySettings = USUAL,
): RetrySettings {
  if (retry === undefined) return base;
  if (retry === false) return ONCE;
  const { attempts = base.attempts, maxRetryAfterMs = base.maxRetryAfterMs, ...unknown } = retry;
  const [name] = Object.keys(unknown);
  if (name !== undefined)
    throw new ConfigurationError([
      { setting: `retry.${name}`, problem: 'is not known; there are attempts and maxRetryAfterMs' },
    ]);
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > MOST_ATTEMPTS)
    throw new ConfigurationError([{ setting: 'retry.attempts', problem: 'must be 1, 2 or 3' }]);
  if (!(maxRetryAfterMs >= 0))
    throw new ConfigurationError([
      { setting: 'retry.maxRetryAfterMs', problem: 'must be a number of milliseconds, 0 or more' },
    ]);
  return { attempts, maxRetryAfterMs };
}
