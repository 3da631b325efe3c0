import type { TokenSet } from '../oauth/token-set.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The wall clock may lie this far before the instant of issue until it counts as turned back. Milliseconds. */
const TURNED_BACK_MS = MINUTE;

const RETRY_MS = 10 * SECOND;

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
 * shorter one, but never in more than its last 20 %; and always before its refresh token lapses. `jitter` is in [0, 1).
 */
export function planDue(tokenSet: TokenSet, jitter: number): number | undefined {
  const { issuedAt, expiresAt, lifetime, refreshTokenExpiresAt } = tokenSet;
  if (expiresAt === undefined || lifetime === undefined) return undefined;
  const due =
    lifetime >= DAY
      ? issuedAt + lifetime * (0.6 + 0.3 * jitter)
      : expiresAt - between(Math.min(5 * MINUTE, 0.1 * lifetime), Math.min(HOUR, 0.2 * lifetime), jitter);
  if (refreshTokenExpiresAt === undefined) return Math.floor(due);
  const refreshLifetime = Math.max(0, refreshTokenExpiresAt - issuedAt);
  return Math.floor(Math.min(due, refreshTokenExpiresAt - 0.1 * refreshLifetime));
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

/** When to try a suspect grant again: slowly, 10–60 minutes, longer each time. */
export function planSuspectRetry({
  now,
  failures,
  jitter,
}: {
  now: number;
  failures: number;
  jitter: number;
}): number {
  const ceiling = Math.min(HOUR, 20 * MINUTE * 2 ** Math.min(failures - 1, 8));
  return Math.floor(now + between(ceiling / 2, ceiling, jitter));
}

function between(low: number, high: number, jitter: number): number {
  return low + (high - low) * jitter;
}
