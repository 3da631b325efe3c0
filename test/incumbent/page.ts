import { readFile } from 'node:fs/promises';

const PAGE = new URL('../../docs/coming-from-webex-js-sdk.md', import.meta.url);

/** What the page says of one name of the SDK. */
export interface PageName {
  section: string;
  name: string;
  /** `same`, `absent`, `ignored`, or what it is called here. */
  here: string;
}

/** What the page says of one defect. */
export interface PageDefect {
  number: number;
  /** Path of the test file. */
  test: string;
}

/** Reads the page's tables. */
export async function readPage(): Promise<{ names: readonly PageName[]; defects: readonly PageDefect[] }> {
  const text = await readFile(PAGE, 'utf8');
  const names: PageName[] = [];
  const defects: PageDefect[] = [];
  let section = '';
  let header: readonly string[] = [];
  for (const line of text.split('\n')) {
    const heading = /^##+ (.*)$/.exec(line)?.[1];
    if (heading !== undefined) section = plain(heading);
    if (!line.startsWith('|')) header = [];
    const cells = line.startsWith('|') ? cellsOf(line) : [];
    if (cells.length === 0 || /^[|\s-]+$/.test(line)) continue;
    if (header.length === 0) {
      header = cells;
      continue;
    }
    const [first = '', second = '', , fourth = ''] = cells;
    if (header[1] === 'here') names.push({ section, name: plain(first), here: plain(second) });
    if (header[0] === 'defect') defects.push({ number: Number(first), test: plain(fourth) });
  }
  return { names, defects };
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf('|'))
    .split('|')
    .map((cell) => cell.trim());
}

function plain(cell: string): string {
  return cell.replaceAll('`', '');
}
