// Cold import('webex-auth') in fresh processes, held against a module with nothing in it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { format, root, row, sideBySide } from './harness.mjs';

/** Milliseconds that a fresh process takes to import. */
async function cold(specifier) {
  const script = `const t = performance.now(); await import(${JSON.stringify(specifier)}); console.log(performance.now() - t);`;
  const run = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
  });
  return Number(run.stdout);
}

/** The rows of this benchmark. */
export async function importBenchmark() {
  const results = await sideBySide(
    { library: () => cold('webex-auth'), empty: () => cold('data:text/javascript,export{}') },
    { warmUp: 1 },
  );
  return [
    row({
      what: "cold import('webex-auth')",
      value: results.library.median,
      unit: 'ms',
      goal: 40,
      better: 'lower',
      detail: `${format(results.library.low)}–${format(results.library.high)} ms; an empty module ${format(results.empty.median)} ms`,
    }),
  ];
}
