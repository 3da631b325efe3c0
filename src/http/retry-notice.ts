import { Emitter } from '../base/emitter.js';

/** What an `onRetry` hook is told before the wait. No token, path, query or body is in it. */
export interface RetryNotice {
  /** Which attempt this one was: 1 or 2. */
  attempt: number;
  /** Until the next one, whole milliseconds; a rate limit's queue may add to it. */
  delayMs: number;
  /** The status that was answered, or the code of the error that came instead. */
  status?: number | undefined;
  code?: string | undefined;
  method: string;
  origin: string;
  /** Of the answer, else of the request. */
  trackingId?: string | undefined;
}

/** Told of every retry. What it throws is reported as a warning and harms nothing. */
export type OnRetry = (notice: RetryNotice) => void;

/** Tells the hooks, each on its own. */
export function announceRetry(hooks: readonly (OnRetry | undefined)[], notice: RetryNotice): void {
  const emitter = new Emitter<{ onRetry: RetryNotice }>();
  for (const hook of hooks) if (hook) emitter.on('onRetry', hook);
  emitter.emit('onRetry', notice);
}
