import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process of its own that prints JSON lines: `{ready: true}` first, then waits for `go`. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  /** Everything it has printed so far. */
  readonly said: readonly Record<string, unknown>[];
  /** Resolves when it has printed a line that satisfies `is`. */
  until(is: (line: Record<string, unknown>) => boolean): Promise<void>;
  go(): void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

/** Starts `script` and waits until it is ready. */
export async function startWorker(
  script: URL,
  { args, umask }: { args: readonly string[]; umask?: number },
): Promise<WorkerProcess> {
  const command = [fileURLToPath(script), ...args];
  const stdio = ['pipe', 'pipe', 'inherit'] as const;
  // The umask is a matter of the whole process, so a shell sets it for the child alone.
  const child =
    umask === undefined
      ? spawn(process.execPath, command, { stdio: [...stdio] })
      : spawn(
          '/bin/sh',
          ['-c', `umask ${umask.toString(8)}; exec "$@"`, 'sh', process.execPath, ...command],
          {
            stdio: [...stdio],
          },
        );
  const said: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((one) => one());
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error('the worker has no pipes');
  createInterface({ input: stdout }).on('line', (line) => {
    said.push(JSON.parse(line) as Record<string, unknown>);
    wake();
  });
  let isOver = false;
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => {
    isOver = true;
    wake();
    return (code ?? signal) as number | string | null;
  });
  const until = (is: (line: Record<string, unknown>) => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (said.some(is)) resolve();
        else if (isOver)
          reject(new Error(`the worker ended first; it said ${JSON.stringify(said.slice(-3))}`));
        else return;
        waiting.delete(look);
      };
      waiting.add(look);
      look();
    });
  const worker = { child, said, until, ended, go: () => void stdin.write('go\n') };
  await until((line) => line['ready'] === true);
  return worker;
}
