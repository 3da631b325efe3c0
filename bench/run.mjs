// npm run bench [-- name…]: runs the benchmarks one after the other; a Markdown table on stdout, JSON in bench/results/.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { exchangeBenchmark } from './exchange.mjs';
import { getBenchmark } from './get.mjs';
import { durableWriteMs, format, root, ROUNDS } from './harness.mjs';
import { importBenchmark } from './import.mjs';
import { refreshBenchmark } from './refresh.mjs';
import { sealBenchmark } from './seal.mjs';
import { tokenBenchmark } from './token.mjs';

const BENCHMARKS = {
  import: importBenchmark,
  token: tokenBenchmark,
  get: getBenchmark,
  exchange: exchangeBenchmark,
  refresh: refreshBenchmark,
  seal: sealBenchmark,
};

const versionOf = (name) =>
  JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  console.error(
    `No benchmark is called ${unknown.join(', ')}; there are ${Object.keys(BENCHMARKS).join(', ')}`,
  );
  process.exit(2);
}

const machine = {
  date: new Date().toISOString(),
  node: process.version,
  undici: versionOf('undici'),
  oauth4webapi: versionOf('oauth4webapi'),
  system: `${type()} ${release()} ${arch()}`,
  cpu: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  durableWriteMs: await durableWriteMs(),
  loadBefore: loadavg()[0],
  rounds: ROUNDS,
};
console.log(`webex-auth benchmarks, ${machine.date}\n`);
console.log(`Node ${machine.node}, undici ${machine.undici}, oauth4webapi ${machine.oauth4webapi}`);
console.log(`${machine.system}, ${machine.cpu}, ${machine.memory}`);
console.log(
  `load ${machine.loadBefore.toFixed(2)} before, 4 KiB durable on this disk in ${format(machine.durableWriteMs)} ms`,
);
console.log(
  `Medians of ${ROUNDS} interleaved rounds, side by side in one run; × = times as long as the bare call\n`,
);
console.log('| what | measured | goal | verdict | figures |');
console.log('|---|---|---|---|---|');

const rows = [];
for (const name of asked.length > 0 ? asked : Object.keys(BENCHMARKS)) {
  for (const row of await BENCHMARKS[name]()) {
    rows.push({ benchmark: name, ...row });
    const { what, value, unit, goal, better, met, noisy, detail } = row;
    const sign = better === 'lower' ? '≤' : '≥';
    const shown = unit === '×' ? value.toFixed(2) : format(value);
    console.log(
      `| ${what} | ${shown} ${unit} | ${sign} ${goal.toLocaleString('en-US')} ${unit} | ${met ? 'met' : 'MISSED'}${noisy ? ' (noisy)' : ''} | ${detail} |`,
    );
  }
}

const folder = join(root, 'bench', 'results');
mkdirSync(folder, { recursive: true });
const file = `${machine.date.replace(/[:.]/g, '-')}.json`;
writeFileSync(join(folder, file), `${JSON.stringify({ machine, rows }, null, 2)}\n`);
console.log(`\n${rows.filter(({ met }) => met).length} of ${rows.length} goals met; bench/results/${file}`);
