// How figures are shown: on the console while they come, and on docs/benchmarks.md.
import { generatedSections } from '../scripts/generated-section.mjs';
import { format } from './harness.mjs';

/** The head of a table of rows, Markdown. */
export const TABLE_HEAD = '| what | measured | goal | verdict | figures |\n|---|---|---|---|---|';

/** A row of it. */
export function tableRow({ what, value, unit, goal, better, met, noisy, detail }) {
  const shown = ['×', 'sends a call'].includes(unit) ? value.toFixed(2) : format(value);
  const sign = better === 'lower' ? '≤' : '≥';
  const aim = goal === undefined ? '' : `${sign} ${goal.toLocaleString('en-US')} ${unit}`;
  const verdict = { true: 'met', false: 'MISSED' }[met] ?? '';
  return `| ${what} | ${shown} ${unit} | ${aim} | ${verdict}${noisy ? ' (noisy)' : ''} | ${detail} |`;
}

/** What the figures were measured on, a line each. */
export function machineLines(machine) {
  const { date, node, undici, oauth4webapi, system, cpu, memory, loadBefore, durableWriteMs, rounds } =
    machine;
  return [
    `${date}: Node ${node}, undici ${undici}, oauth4webapi ${oauth4webapi}`,
    `${system}, ${cpu}, ${memory}; load ${loadBefore.toFixed(2)} before`,
    `4 KiB durable on this disk in ${format(durableWriteMs)} ms`,
    `Medians of ${rounds} interleaved rounds, side by side in one run; × = times as long as the bare call`,
  ];
}

/** How many goals were met. */
export function summary(rows) {
  const withGoal = rows.filter(({ met }) => met !== undefined);
  return `${withGoal.filter(({ met }) => met).length} of ${withGoal.length} goals met`;
}

/** Puts a whole run on the page, whose markers are called like the benchmarks. */
export async function writePage(machine, rows) {
  const sections = {
    machine: [...machineLines(machine), summary(rows)].map((line) => `- ${line}`).join('\n'),
  };
  for (const row of rows)
    sections[row.benchmark] = `${sections[row.benchmark] ?? TABLE_HEAD}\n${tableRow(row)}`;
  await generatedSections('docs/benchmarks.md', sections, { check: false });
}
