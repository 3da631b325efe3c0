import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CACHE = join(ROOT, 'node_modules', '.cache', 'webex-auth-workers');
const ABANDONED_AFTER_MS = 3_600_000;

let built: Promise<URL> | undefined;

/**
 * Compiles src/ and what in test/ is no test itself to JavaScript that other processes can run. Resolves to the folder, whose
 * tree is the same: `new URL('test/stores/some.worker.js', await buildForWorkers())`. One build per content of
 * the files, made once however many test files ask at the same time. Types are not checked here.
 */
export function buildForWorkers(): Promise<URL> {
  built ??= build();
  return built;
}

async function build(): Promise<URL> {
  const sources = await readSources();
  const hash = createHash('sha256')
    .update(ts.version)
    .update(JSON.stringify(sources))
    .digest('hex')
    .slice(0, 16);
  const folder = join(CACHE, hash);
  if (!existsSync(folder)) {
    await removeAbandoned();
    const draft = join(CACHE, `draft-${randomUUID()}`);
    await compile(sources, draft);
    // Whoever is first puts it in place; everyone's draft is the same.
    await rename(draft, folder).catch(() => rm(draft, { recursive: true }));
  }
  return pathToFileURL(folder + sep);
}

async function readSources(): Promise<[path: string, text: string][]> {
  const paths: string[] = [];
  for (const top of ['src', 'test']) {
    for (const path of await readdir(join(ROOT, top), { recursive: true })) {
      if (path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.endsWith('.d.ts'))
        paths.push(join(top, path));
    }
  }
  return Promise.all(
    paths
      .sort()
      .map(async (path): Promise<[string, string]> => [path, await readFile(join(ROOT, path), 'utf8')]),
  );
}

async function compile(sources: [path: string, text: string][], folder: string): Promise<void> {
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  for (const [path, text] of sources) {
    const target = join(folder, path.replace(/\.ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, ts.transpileModule(text, { compilerOptions, fileName: path }).outputText);
  }
}

async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(CACHE).catch(() => [])) {
    const { mtimeMs } = await stat(join(CACHE, name)).catch(() => ({ mtimeMs: Infinity }));
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS)
      await rm(join(CACHE, name), { recursive: true, force: true });
  }
}
