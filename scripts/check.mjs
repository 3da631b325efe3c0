// Runs every check that needs no test runner: one line each, and the output of those that failed.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The script behind a package's command, so that no shell and no npx stands between. */
function command(packageName, bin = packageName) {
  const folder = join(root, 'node_modules', packageName);
  const { bin: bins } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bins === 'string' ? bins : bins[bin]);
}

const script = (name) => join(root, 'scripts', name);
const checks = [
  // The longest first.
  { name: 'lint', run: [command('eslint'), '--max-warnings', '0', '.'] },
  { name: 'types', run: [command('typescript', 'tsc'), '--noEmit', '-p', '.'] },
  {
    name: 'floors',
    run: [command('dependency-cruiser', 'depcruise'), '--config', '.dependency-cruiser.mjs', 'src'],
  },
  { name: 'dead code', run: [command('knip'), '--no-progress'] },
  { name: 'format', run: [command('prettier'), '--check', '--log-level', 'warn', '.'] },
  { name: 'package', run: [command('publint', 'publint'), '--strict'], after: 'build' },
  { name: 'architecture page', run: [script('architecture.mjs'), '--check'] },
  { name: 'errors page', run: [script('error-table.mjs'), '--check'] },
  { name: 'build', run: [script('build.mjs')] },
];

const run = ({ run: [file, ...args] }) =>
  new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(process.execPath, [file, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    }
    child.once('error', (error) => resolve({ ok: false, output: error.message, seconds: 0 }));
    child.once('close', (code) =>
      resolve({ ok: code === 0, output, seconds: (performance.now() - started) / 1000 }),
    );
  });

let failed = 0;
/** Two lanes: the machines of CI have two cores, and the typed lint fills one of them. */
async function lane(queue) {
  for (let check = queue.shift(); check; check = queue.shift()) {
    const { ok, output, seconds } = await run(check);
    if (!ok) failed++;
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${check.name.padEnd(18)} ${seconds.toFixed(1).padStart(5)} s`);
    if (!ok) console.log(output.trimEnd().replace(/^/gm, '     '));
  }
}

const started = performance.now();
const first = checks.filter(({ after }) => !after);
await Promise.all([lane(first), lane(first)]);
await lane(checks.filter(({ after }) => after));
const total = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  failed
    ? `${failed} of ${checks.length} checks failed, ${total} s`
    : `${checks.length} checks passed, ${total} s`,
);
process.exit(failed ? 1 : 0);
