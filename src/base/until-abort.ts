import { onAbort } from './on-abort.js';

/** The outcome of work that several callers share, or the signal's reason as soon as it aborts. The work itself goes on. */
export function untilAbort<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const leave = onAbort(signal, () => reject(signal.reason as Error));
    work.then(resolve, reject).finally(leave);
  });
}
