import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createLeakScanner } from '../support/leak-scanner.js';
import type { Report } from './run-script.js';

/** A report, with what the outside saw of the process meanwhile. */
export interface WatchedReport extends Omit<Report, 'secrets' | 'personal'> {
  /** Lines on stdout and stderr. */
  readonly lines: readonly string[];
}

/** A process that runs scripts one after the other, at the highest log level. */
export interface ScriptProcess {
  run(name: string, directory: string): Promise<WatchedReport>;
  close(): Promise<void>;
}

const PATIENCE_MS = 60_000;

/** Starts `worker` with everything it can log. */
export function startScriptProcess(worker: URL): ScriptProcess {
  const child = fork(fileURLToPath(worker), [], {
    silent: true,
    env: { ...process.env, NODE_DEBUG: 'webex-auth', NO_COLOR: '1' },
  });
  const outputs = [new Output(child.stdout), new Output(child.stderr)] as const;
  let queue: Promise<unknown> = Promise.resolve();
  return {
    run(name, directory) {
      const work = queue.then(() => order(child, outputs, { name, directory }));
      queue = work.catch(() => undefined);
      return work;
    },
    async close() {
      child.disconnect();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function order(
  child: ChildProcess,
  outputs: readonly Output[],
  { name, directory }: { name: string; directory: string },
): Promise<WatchedReport> {
  const end = `end ${randomUUID()}`;
  const reply = once(child, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
  const written = outputs.map((output) => output.until(`${end}\n`));
  child.send({ name, directory, end });
  const [{ report, failure }] = (await reply) as [{ report?: Report; failure?: string }];
  if (!report) throw new Error(failure);
  const text = (await Promise.all(written)).join('');
  const { secrets, personal, hits, ...rest } = report;
  const scanner = createLeakScanner();
  for (const [index, [label, secret]] of [...secrets, ...personal].entries())
    scanner.watch(secret, `${label} ${String(index)}`);
  scanner.scanText('output of the process', text);
  scanner.scanProcess('process', child.pid ?? 0);
  const outside = scanner.hits.map(({ label, form, where }) => `${label} as ${form} in ${where}`);
  return { ...rest, hits: [...hits, ...outside], lines: text.split('\n').filter((line) => line !== '') };
}

/** What a stream has said, in pieces. */
class Output {
  #text = '';
  #waiting: (() => void) | undefined;

  constructor(stream: NodeJS.ReadableStream | null) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#text += chunk;
      this.#waiting?.();
    });
  }

  /** Everything up to a mark, which is taken out. */
  until(mark: string): Promise<string> {
    return new Promise((resolve) => {
      const look = (): void => {
        const at = this.#text.indexOf(mark);
        if (at < 0) return;
        const before = this.#text.slice(0, at);
        this.#text = this.#text.slice(at + mark.length);
        this.#waiting = undefined;
        resolve(before);
      };
      this.#waiting = look;
      look();
    });
  }
}
