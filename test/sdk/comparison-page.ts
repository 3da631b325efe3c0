import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { KnownDifference } from './comparison.js';
import { FLOWS } from './flow.js';
import type { FlowLog } from './flow.js';

/** The page that the comparison is written to. */
export const PAGE = fileURLToPath(new URL('../../docs/compared-with-webex-js-sdk.md', import.meta.url));

/** The page as it should be: its own text, with the tables of this comparison between the markers. */
export async function comparisonPage(
  logs: { theirs: FlowLog; ours: FlowLog },
  differences: readonly KnownDifference[],
): Promise<string> {
  const sections = { requests: requestTable(logs), differences: differenceTable(differences) };
  let page = await readFile(PAGE, 'utf8');
  for (const [name, table] of Object.entries(sections)) {
    const begin = `<!-- generated: ${name} -->`;
    const end = `<!-- end: ${name} -->`;
    const [head, rest] = page.split(begin);
    const tail = rest?.split(end)[1];
    if (head === undefined || tail === undefined)
      throw new Error(`The page lacks the markers ${begin} and ${end}`);
    page = `${head}${begin}\n\n${table}\n\n${end}${tail}`;
  }
  return format(page, { ...(await resolveConfig(PAGE)), parser: 'markdown' });
}

function requestTable({ theirs, ours }: { theirs: FlowLog; ours: FlowLog }): string {
  const requestsOf = (log: FlowLog, flow: (typeof FLOWS)[number]): string =>
    (log.get(flow)?.requests ?? []).map(({ what }) => code(what)).join('<br>') || '–';
  return table(
    ['flow', 'webex-js-sdk', 'webex-auth'],
    FLOWS.map((flow) => [flow, requestsOf(theirs, flow), requestsOf(ours, flow)]),
  );
}

function differenceTable(differences: readonly KnownDifference[]): string {
  return table(
    ['flow', 'field', 'webex-js-sdk', 'webex-auth', 'why'],
    differences.map(({ flows, request, field, theirs, ours, reason }) => [
      flows.length === FLOWS.length ? 'all' : flows.join(', '),
      request === undefined ? field : `${code(request)} ${field === 'request' ? '' : field}`.trim(),
      shown(theirs),
      shown(ours),
      reason,
    ]),
  );
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`)
    .join('\n');
}

const shown = (value: string | undefined): string => (value === undefined ? '–' : code(value));
const code = (text: string): string => `\`${text}\``;
