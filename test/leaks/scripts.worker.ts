// Runs fault scripts in a process of its own, whose output is its parent's to look at. Its secrets go through the pipe between them.
import { PLANTED } from './planted-leaks.js';
import { runScript } from './run-script.js';
import { SCRIPTS } from './scripts.js';
import { recordSpansAndMetrics } from './spans-and-metrics.js';

/** What the parent asks for, and the line that ends what was written for it. */
interface Order {
  name: string;
  directory: string;
  end: string;
}

const telemetry = recordSpansAndMetrics();
process.on('message', ({ name, directory, end }: Order) => {
  void answer(name, directory).then((reply) => {
    for (const stream of [process.stdout, process.stderr]) stream.write(`${end}\n`);
    process.send?.(reply);
  });
});
process.on('unhandledRejection', (reason) => console.error('unhandled rejection', reason));

async function answer(name: string, directory: string): Promise<object> {
  const script = [...SCRIPTS, PLANTED].find((one) => one.name === name);
  if (!script) return { failure: 'there is no such script' };
  try {
    return { report: await runScript(script, directory, telemetry) };
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : 'something was thrown' };
  }
}
