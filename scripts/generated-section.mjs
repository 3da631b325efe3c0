import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Puts generated text between the markers of a page, formatted as prettier would. With `check`, only says whether the page is
 * up to date. Sections: marker name → text.
 */
export async function generatedSections(page, sections, { check = process.argv.includes('--check') } = {}) {
  const path = `${root}${page}`;
  const before = readFileSync(path, 'utf8');
  let after = before;
  for (const [name, text] of Object.entries(sections)) {
    const begin = `<!-- generated: ${name} -->`;
    const end = `<!-- end: ${name} -->`;
    const [head, rest] = after.split(begin);
    const tail = rest?.split(end)[1];
    if (tail === undefined) throw new Error(`${page} lacks the markers ${begin} and ${end}`);
    after = `${head}${begin}\n\n${text.trim()}\n\n${end}${tail}`;
  }
  after = await format(after, { ...(await resolveConfig(path)), parser: 'markdown' });
  if (after === before) return;
  if (!check) return writeFileSync(path, after);
  console.error(`${page} is stale: run \`npm run docs\``);
  process.exitCode = 1;
}
