import { existsSync } from 'node:fs';
import { readdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outsideProject, projectRoot, type OutsideProject } from '../support/outside-project.js';

interface Page {
  file: string;
  text: string;
}

async function markdownPages(): Promise<Page[]> {
  const docs = existsSync(join(projectRoot, 'docs'))
    ? await readdir(join(projectRoot, 'docs'), { recursive: true })
    : [];
  const files = [...(await readdir(projectRoot)), ...docs.map((file) => join('docs', file))];
  return Promise.all(
    files
      .filter((file) => file.endsWith('.md'))
      .sort()
      .map(async (file) => ({ file, text: await readFile(join(projectRoot, file), 'utf8') })),
  );
}

/** Code blocks of a page that say they are TypeScript or JavaScript, with the line they begin on. */
function codeBlocks({ file, text }: Page): { at: string; kind: 'mts' | 'mjs'; code: string }[] {
  return [...text.matchAll(/^ *```(ts|typescript|js|javascript|mjs)\b[^\n]*\n([\s\S]*?)^ *```$/gm)].map(
    ({ index, 1: language = '', 2: code = '' }) => ({
      at: `${file}:${String(text.slice(0, index).split('\n').length)}`,
      kind: language.startsWith('t') ? 'mts' : 'mjs',
      code,
    }),
  );
}

/** What GitHub makes of a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

let consumer: OutsideProject;
let pages: Page[];
beforeAll(async () => {
  pages = await markdownPages();
  consumer = await outsideProject();
  for (const name of ['@types', 'express']) await consumer.link(name);
  await symlink(projectRoot, join(consumer.path, 'node_modules', 'webex-auth'));
});
afterAll(() => consumer.remove());

/** What TypeScript says about these files, as strict as it can be. */
function complaints(files: ReadonlyMap<string, string>): string[] {
  const program = ts.createProgram([...files.keys()], {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noUnusedLocals: true,
    allowJs: true,
    checkJs: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(consumer.path, 'node_modules', '@types')],
  });
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    const block = (file && files.get(file.fileName)) ?? 'somewhere';
    return `${block}, line ${String(line)} of the block: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

describe('the documentation', () => {
  it('has code blocks that compile against the built package', async () => {
    expect(existsSync(join(projectRoot, 'dist', 'index.d.ts')), 'dist is missing: npm run build').toBe(true);
    const blocks = pages.flatMap(codeBlocks);
    expect(blocks.filter(({ at }) => at.startsWith('README.md')).length).toBeGreaterThanOrEqual(2);
    expect(blocks.filter(({ code }) => /@no-?errors|@ts-(ignore|nocheck|expect-error)/i.test(code))).toEqual(
      [],
    );
    const files = new Map<string, string>();
    for (const [index, { at, kind, code }] of blocks.entries()) {
      // An import or export makes it a module of its own, in which it may also await.
      files.set(await consumer.write(`block-${String(index)}.${kind}`, `${code}\nexport {};\n`), at);
    }
    expect(complaints(files)).toEqual([]);
  }, 60_000);

  it('would notice a block that does not compile', async () => {
    const file = await consumer.write('wrong.mts', "export { nothingOfTheSort } from 'webex-auth';\n");
    expect(complaints(new Map([[file, 'wrong.md:1']]))).toEqual([
      expect.stringContaining('wrong.md:1, line 1 of the block'),
    ]);
  }, 60_000);

  it('has links that lead somewhere', () => {
    const dead = pages.flatMap(({ file, text }) => {
      const prose = text.replaceAll(/```[\s\S]*?```/g, '');
      return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => {
          const [path = '', hash] = target.split('#');
          const to = path === '' ? file : relative(projectRoot, join(projectRoot, dirname(file), path));
          if (!existsSync(join(projectRoot, to))) return true;
          const headings = pages
            .find((page) => page.file === to)
            ?.text.split('\n')
            .flatMap((line) => /^#+ (.*)$/.exec(line)?.[1] ?? []);
          return hash !== undefined && !headings?.some((heading) => anchor(heading) === hash);
        })
        .map((target) => `${file}: ${target}`);
    });
    expect(dead).toEqual([]);
  });

  it('names only npm scripts that exist', async () => {
    const { scripts } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = pages.flatMap(({ text }) =>
      [...text.matchAll(/npm (?:run ([a-z][\w:-]*)|(test|start)\b)/g)].flatMap(
        ([, run, short]) => run ?? short ?? [],
      ),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
