import type { TokenSet } from '../oauth/token-set.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The wall clock may lie this far before the instant of issue until it counts as turned back. Milliseconds. */
const TURNED_BACK_MS = MINUTE;

const RETRY_MS = 10 * SECOND;

const SOONEST_MS = 10 * SECOND;

/** A server that names a day in another year must not end all signing in and refreshing. Milliseconds. */
export const LONGEST_WAIT_MS = DAY;

/** How a token set stands: `due` asks for a refresh behind the scenes, `mandatory` for one before it is handed out. */
export type Freshness = 'fresh' | 'due' | 'mandatory' | 'expired';

/** Everything `freshness` looks at besides the token set; instants in milliseconds since the epoch. */
export interface FreshnessOptions {
  now: number;
  /** When it becomes due, as planned by `planDue` when it was stored; undefined = never. */
  dueAt: number | undefined;
  /** Remaining life that the caller wants, milliseconds. */
  minTtl?: number;
}

/**
 * The rule of freshness, pure. A token set without a known end is always fresh. A wall clock that was turned back makes it
 * due, never expired: that costs one early refresh.
 */
export function freshness(tokenSet: TokenSet, { now, dueAt, minTtl = 0 }: FreshnessOptions): Freshness {
  const { expiresAt } = tokenSet;
  if (expiresAt === undefined) return 'fresh';
  if (now >= expiresAt) return 'expired';
  if (now >= mandatoryAt(tokenSet) || now + minTtl > expiresAt) return 'mandatory';
  if (dueAt !== undefined && now >= dueAt) return 'due';
  return now < tokenSet.issuedAt - TURNED_BACK_MS ? 'due' : 'fresh';
}

/** From when on a token is refreshed before it is handed out: the last 60 s, or 5 % of its life if that is less. */
export function mandatoryAt(tokenSet: TokenSet): number {
  const { expiresAt, lifetime } = tokenSet;
  if (expiresAt === undefined || lifetime === undefined) return Infinity;
  return expiresAt - Math.min(MINUTE, 0.05 * lifetime);
}

/**
 * When a new token set becomes due: at a jittered 60–90 % of a lifetime of a day or more; 5–60 minutes before the end of a
 * shorter one, but never in more than its last 20 %; and always before its refresh token lapses. Never within the first 10 s (for
 * lifetimes below that, 80 % of them), whatever the server says. `jitter` is in [0, 1).
 */
export function planDue(tokenSet: TokenSet, jitter: number): number | undefined {
  const { issuedAt, lifetime } = tokenSet;
  const due = Math.min(dueByAccessToken(tokenSet, jitter), dueByRefreshToken(tokenSet));
  if (due === Infinity) return undefined;
  const earliest = lifetime !== undefined && lifetime > 0 ? Math.min(SOONEST_MS, 0.8 * lifetime) : SOONEST_MS;
  return Math.floor(Math.max(due, issuedAt + earliest));
}

function dueByAccessToken({ issuedAt, expiresAt, lifetime }: TokenSet, jitter: number): number {
  if (expiresAt === undefined || lifetime === undefined) return Infinity;
  if (lifetime >= DAY) return issuedAt + lifetime * (0.6 + 0.3 * jitter);
  return expiresAt - between(Math.min(5 * MINUTE, 0.1 * lifetime), Math.min(HOUR, 0.2 * lifetime), jitter);
}

// An end that lies before the answer is none: some servers write 0 for never, others slide the end without telling.
function dueByRefreshToken({ issuedAt, refreshTokenExpiresAt }: TokenSet): number {
  if (refreshTokenExpiresAt === undefined || refreshTokenExpiresAt <= issuedAt) return Infinity;
  return refreshTokenExpiresAt - 0.1 * (refreshTokenExpiresAt - issuedAt);
}

/** When to try next after the server gave the same access token back: 60 s before its end, then at its end. */
export function planDueUnchanged(tokenSet: TokenSet, now: number): number | undefined {
  const { expiresAt } = tokenSet;
  if (expiresAt === undefined) return undefined;
  return now < expiresAt - MINUTE ? expiresAt - MINUTE : Math.max(expiresAt, now + 10 * SECOND);
}

/**
 * When to try again after a failure. While the token need not be refreshed yet: in 5–10 minutes, without moving the mandatory
 * point. From then on every 10 s: six attempts a minute at most, and an outage's end is noticed within 10 s.
 */
export function planRetry(tokenSet: TokenSet, { now, jitter }: { now: number; jitter: number }): number {
  const mandatory = mandatoryAt(tokenSet);
  if (now >= mandatory) return now + RETRY_MS;
  return Math.floor(Math.min(now + between(5 * MINUTE, 10 * MINUTE, jitter), mandatory));
}

/** When to try a suspect grant again: slowly, in 10–60 minutes; once its token is used up, in half a minute to 20 minutes, longer each time. */
export function planSuspectRetry(
  tokenSet: TokenSet,
  { now, failures, jitter }: { now: number; failures: number; jitter: number },
): number {
  const doubled = 2 ** Math.min(failures - 1, 8);
  const ceiling =
    now >= mandatoryAt(tokenSet)
      ? Math.min(20 * MINUTE, MINUTE * doubled)
      : Math.min(HOUR, 20 * MINUTE * doubled);
  return Math.floor(now + between(ceiling / 2, ceiling, jitter));
}

function between(low: number, high: number, jitter: number): number {
  return low + (high - low) * jitter;
}
