import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const docs = new URL('docs/', root);
const read = (path: string, base: URL): string => readFileSync(new URL(path, base), 'utf8');

const TITLES = [
  '1.1 basic set-up',
  '1.2, 1.3 environment',
  '2.1, 3.1–3.3 code grant',
  '2.2, 5.4 guest JWT',
  '2.3 client credentials',
  '4.1 storage',
  '4.2 supertoken',
  '4.3 validation',
  '5.1–5.3 refresh',
  '6.1 phases',
  '6.2 events',
  '6.3 status',
  '6.4 errors',
];

const rows = read('guide.md', docs)
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => {
    const [, title = '', promise = '', page = '', test = ''] = line.split('|').map((cell) => cell.trim());
    return { title, promise, page: targetOf(page), test: targetOf(test) };
  });

function targetOf(cell: string): string {
  return /^\[[^\]]+\]\(([^)#\s]+)(?:#[^)\s]+)?\)$/.exec(cell)?.[1] ?? '';
}

/** Blocks at the top of a test file, by their titles. */
function blocksOf(path: string): string[] {
  return [...read(path, docs).matchAll(/^describe\((['"])(.*?)\1,/gm)].map(([, , title = '']) => title);
}

describe('docs/guide.md', () => {
  it('has the rows, each once, in their order', () => {
    expect(rows.map(({ title }) => title)).toEqual(TITLES);
  });

  it.each(rows)('$title: says what it does, on a page that exists', ({ promise, page }) => {
    expect(promise.length).toBeGreaterThan(20);
    expect(page).toMatch(/^[\w-]+\.md$/);
    expect(existsSync(new URL(page, docs)), page).toBe(true);
    expect(read(page, docs)).toMatch(/^# \S/);
  });

  it.each(rows)('$title: its test holds a block of exactly that title', ({ title, test }) => {
    expect(test).toMatch(/^\.\.\/test\/seed\/[\w-]+\.test\.ts$/);
    expect(blocksOf(test).filter((block) => block === title)).toEqual([title]);
  });

  it('names every block of the tests', () => {
    const files = readdirSync(new URL('test/seed/', root)).filter((file) => file.endsWith('.test.ts'));
    const numbered = files
      .flatMap((file) => blocksOf(`../test/seed/${file}`))
      .filter((title) => /^\d+\.\d/.test(title));
    expect(numbered.sort()).toEqual([...TITLES].sort());
  });

  it('is to be found from the README', () => {
    expect(read('README.md', root)).toContain('](docs/guide.md)');
  });
});
