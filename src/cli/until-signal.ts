/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP. A second one ends the process at once with code 1: what is under way is then
 * left to the next process.
 */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(1);
      asked = true;
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}
