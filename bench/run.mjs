// npm run bench [-- name…]: runs the benchmarks one after the other; a Markdown table on stdout, JSON in bench/results/.
// npm run bench -- --write: runs them all and puts the figures on docs/benchmarks.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { exchangeBenchmark } from './exchange.mjs';
import { getBenchmark } from './get.mjs';
import { durableWriteMs, FEWEST_ROUNDS, root, ROUNDS, versionOf } from './harness.mjs';
import { importBenchmark } from './import.mjs';
import { refreshBenchmark } from './refresh.mjs';
import { machineLines, summary, TABLE_HEAD, tableRow, writePage } from './report.mjs';
import { retriesBenchmark } from './retries.mjs';
import { sealBenchmark } from './seal.mjs';
import { tokenBenchmark } from './token.mjs';

const BENCHMARKS = {
  import: importBenchmark,
  token: tokenBenchmark,
  get: getBenchmark,
  retries: retriesBenchmark,
  exchange: exchangeBenchmark,
  refresh: refreshBenchmark,
  seal: sealBenchmark,
};

const asked = process.argv.slice(2);
const write = asked.includes('--write');
const names = asked.filter((word) => word !== '--write');
const unknown = names.filter((name) => !(name in BENCHMARKS));
const complaint =
  unknown.length > 0
    ? `No benchmark is called ${unknown.join(', ')}; there are ${Object.keys(BENCHMARKS).join(', ')}`
    : write && (names.length > 0 || ROUNDS < FEWEST_ROUNDS)
      ? `The page is written from a run of all benchmarks, with at least ${FEWEST_ROUNDS} rounds`
      : undefined;
if (complaint) {
  console.error(complaint);
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
console.log(`webex-auth benchmarks\n\n${machineLines(machine).join('\n')}\n\n${TABLE_HEAD}`);

const rows = [];
for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
  for (const row of await BENCHMARKS[name]()) {
    rows.push({ benchmark: name, ...row });
    console.log(tableRow(row));
  }
}

const folder = join(root, 'bench', 'results');
mkdirSync(folder, { recursive: true });
const file = `${machine.date.replace(/[:.]/g, '-')}.json`;
writeFileSync(join(folder, file), `${JSON.stringify({ machine, rows }, null, 2)}\n`);
console.log(`\n${summary(rows)}; bench/results/${file}`);
if (write) await writePage(machine, rows);
