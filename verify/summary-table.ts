import type { Finding } from './question.js';

const WIDEST_ANSWER = 96;

/** The findings as a table: question, answer, whether it agrees; and how many of each. */
export function summaryTable(findings: readonly Finding[]): string {
  const rows = findings.map(({ id, answer, outcome, agrees }) => [
    id,
    cut(outcome === 'settled' ? answer : `(${answer})`),
    outcome === 'failed' ? 'FAILED' : agrees,
  ]);
  const table = [['question', 'answer', 'as assumed?'], ...rows];
  const widths = [0, 1, 2].map((at) => Math.max(...table.map((row) => row[at]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n\n${tally(findings)}\n`;
}

function tally(findings: readonly Finding[]): string {
  const count = (is: (finding: Finding) => boolean): string => String(findings.filter(is).length);
  return [
    `${count(({ agrees }) => agrees === 'yes')} as assumed`,
    `${count(({ agrees }) => agrees === 'no')} not as assumed`,
    `${count(({ agrees }) => agrees === 'nothing assumed')} where nothing was assumed`,
    `${count(({ outcome }) => outcome === 'not settled')} not settled`,
    `${count(({ outcome }) => outcome === 'failed')} failed`,
  ].join(', ');
}

function cut(text: string): string {
  return text.length > WIDEST_ANSWER ? `${text.slice(0, WIDEST_ANSWER - 1)}…` : text;
}
