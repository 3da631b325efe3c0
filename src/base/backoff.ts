/** The shape of a backoff; milliseconds. */
export interface BackoffOptions {
  base: number;
  cap: number;
  random?: () => number;
}

/** Exponential backoff with full jitter: between half of and the whole of min(cap, base * 2^attempt). Milliseconds. */
export function backoffDelay(attempt: number, { base, cap, random = Math.random }: BackoffOptions): number {
  const ceiling = Math.min(cap, base * 2 ** Math.min(attempt, 30));
  return ceiling / 2 + random() * (ceiling / 2);
}
