import type { Clock } from '../../base/clock.js';
import {
  AuthorizationPendingError,
  DeviceCodeExpiredError,
  NetworkError,
  RateLimitError,
  ServiceUnavailableError,
  SlowDownError,
  TimeoutError,
} from '../../errors.js';
import { DEVICE_CODE_GRANT } from '../device-authorization.js';
import type { DeviceAuthorization } from '../device-authorization.js';
import type { TokenEndpoint } from '../token-endpoint.js';
import type { TokenSet } from '../token-set.js';

/** What a poll can meet that polling again may mend. */
export type DevicePollSetback =
  | AuthorizationPendingError
  | SlowDownError
  | RateLimitError
  | NetworkError
  | ServiceUnavailableError
  | TimeoutError;

/** A poll that brought no tokens yet. */
export interface DevicePoll {
  /** How many polls there were, this one included. */
  readonly count: number;
  readonly setback: DevicePollSetback;
  /** Time until the next poll, milliseconds. */
  readonly waitMs: number;
}

/** What a poll for device tokens may be given. */
export interface DevicePollOptions {
  clock: Pick<Clock, 'now' | 'monotonic' | 'sleep'>;
  signal?: AbortSignal | undefined;
  /** More form fields (`self_contained_token`, `user_info`); the grant's own win. */
  parameters?: Readonly<Record<string, string>> | undefined;
  /** Told of every poll that brought no tokens yet. What it throws ends the polling. */
  onPoll?: ((poll: DevicePoll) => void) | undefined;
}

/** How fast to poll; milliseconds. */
interface Pace {
  /** Only ever grows. */
  readonly intervalMs: number;
  /** Polls without any answer since the last one that had one. */
  readonly failures: number;
  readonly waitMs: number;
}

// RFC 8628, 3.5.
const SLOWER_BY_MS = 5_000;
const LONGEST_BACKOFF_MS = 60_000;

/**
 * Polls until the person has decided (RFC 8628, 3.4 and 3.5): never earlier than the interval, the first time too, and
 * never once the codes have ended; an answer that arrives after that still counts. An answer that was lost is asked for
 * again, as the RFC says: a device code that was used up already yields no second token set, but InvalidGrantError.
 * Errors: DeviceCodeExpiredError, AccessDeniedError, TokenLimitError, the signal's reason, others of the token endpoint.
 */
export async function pollDeviceToken(
  endpoint: TokenEndpoint,
  authorization: DeviceAuthorization,
  { clock, signal, parameters, onPoll }: DevicePollOptions,
): Promise<TokenSet> {
  const { deviceCode, clientId, scope, expiresAt, intervalMs } = authorization;
  const end = clock.monotonic() + (expiresAt - clock.now());
  let pace: Pace = { intervalMs, failures: 0, waitMs: intervalMs };
  let setback: DevicePollSetback | undefined;
  for (let count = 1; ; count++) {
    signal?.throwIfAborted();
    const at = clock.monotonic() + pace.waitMs;
    // Without a poll to come, waiting for the end helps nobody.
    if (at >= end) throw expired(setback);
    await sleepUntil(at, { clock, signal });
    // A process that was frozen wakes up late on either clock.
    if (clock.monotonic() >= end || clock.now() >= expiresAt) throw expired(setback);
    try {
      return await endpoint.request(
        {
          grantType: DEVICE_CODE_GRANT,
          parameters: { ...parameters, device_code: deviceCode.reveal(), client_id: clientId },
        },
        { purpose: 'sign-in', signal, requestedScope: scope },
      );
    } catch (error) {
      if (!isSetback(error)) throw error;
      signal?.throwIfAborted();
      setback = error;
    }
    pace = paceAfter(setback, pace, clock.now());
    onPoll?.({ count, setback, waitMs: pace.waitMs });
  }
}

function isSetback(error: unknown): error is DevicePollSetback {
  return (
    error instanceof AuthorizationPendingError ||
    error instanceof SlowDownError ||
    error instanceof RateLimitError ||
    error instanceof NetworkError ||
    error instanceof ServiceUnavailableError ||
    error instanceof TimeoutError
  );
}

// A 429 is Webex's other way to say slow_down (webex-facts 2.3), with a time of its own.
function paceAfter(setback: DevicePollSetback, { intervalMs, failures }: Pace, now: number): Pace {
  const asked = (setback.retryAt ?? now) - now;
  if (setback instanceof AuthorizationPendingError) return { intervalMs, failures: 0, waitMs: intervalMs };
  if (setback instanceof SlowDownError || setback instanceof RateLimitError) {
    const slower = intervalMs + SLOWER_BY_MS;
    return { intervalMs: slower, failures: 0, waitMs: Math.max(slower, asked) };
  }
  const backoff = Math.min(intervalMs * 2 ** (failures + 1), LONGEST_BACKOFF_MS);
  return { intervalMs, failures: failures + 1, waitMs: Math.max(intervalMs, backoff, asked) };
}

// Timers may fire a little early.
async function sleepUntil(
  at: number,
  { clock, signal }: Pick<DevicePollOptions, 'clock' | 'signal'>,
): Promise<void> {
  for (let left = at - clock.monotonic(); left > 0; left = at - clock.monotonic()) {
    await clock.sleep(left, { signal });
  }
}

function expired(setback: DevicePollSetback | undefined): DeviceCodeExpiredError {
  return new DeviceCodeExpiredError('Nobody allowed the device before its code ended; ask for a new code', {
    cause: setback,
    trackingId: setback?.trackingId,
    retryAt: setback?.retryAt,
  });
}
