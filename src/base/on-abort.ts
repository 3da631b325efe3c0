const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `run` when the signal aborts, at once if it has. Returns the way out. However many calls share one signal, it
 * carries one listener: an application may give all its calls the same one without Node warning of a leak.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) {
    run();
    return () => undefined;
  }
  const runs = waiting.get(signal) ?? new Set();
  if (runs.size === 0) {
    waiting.set(signal, runs);
    signal.addEventListener('abort', runAll, { once: true });
  }
  runs.add(run);
  return () => {
    if (runs.delete(run) && runs.size === 0) signal.removeEventListener('abort', runAll);
  };
}

function runAll(this: AbortSignal): void {
  const runs = waiting.get(this);
  waiting.delete(this);
  for (const run of runs ?? []) run();
}
