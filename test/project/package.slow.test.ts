import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  installedProduction,
  manifest,
  outsideProject,
  productionClosure,
  projectRoot,
  type OutsideProject,
} from '../support/outside-project.js';

const exec = promisify(execFile);

interface PackedFile {
  path: string;
  mode: number;
}

/** `webex-auth`, `webex-auth/sqlite`, …: what a user can import as code. */
const subpaths = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([subpath]) => subpath.replace('.', manifest.name));

let consumer: OutsideProject;
let packed: PackedFile[];

/** Runs Node in the consumer's directory; fails with what it printed. */
const node = (...args: string[]) =>
  exec(process.execPath, args, { cwd: consumer.path, env: { PATH: process.env['PATH'] } });

beforeAll(async () => {
  expect(existsSync(join(projectRoot, 'dist', 'index.js')), 'dist is missing: npm run build').toBe(true);
  consumer = await outsideProject();
  const { stdout } = await exec(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--offline', '--pack-destination', consumer.path],
    { cwd: projectRoot },
  );
  const [report] = JSON.parse(stdout) as [{ filename: string; files: PackedFile[] }];
  packed = report.files;
  await exec('tar', ['-xzf', report.filename], { cwd: consumer.path });
  const home = join(consumer.path, 'node_modules', manifest.name);
  await mkdir(dirname(home), { recursive: true });
  await rename(join(consumer.path, 'package'), home);
  // The production dependencies and nothing else, as an installation would leave them; without asking a registry.
  for (const name of installedProduction()) await consumer.link(name);
  const bin = join(consumer.path, 'node_modules', '.bin');
  await mkdir(bin, { recursive: true });
  for (const [name, target] of Object.entries(manifest.bin))
    await symlink(join(home, target), join(bin, name));
});
afterAll(() => consumer.remove());

describe('the packed package', () => {
  it('J6: holds what it should and nothing else', () => {
    const paths = packed.map(({ path }) => path);
    const strays = paths.filter(
      (path) =>
        !/^dist\/[\w/-]+\.(js|d\.ts)$/.test(path) &&
        !['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'].includes(path),
    );
    expect(strays).toEqual([]);
    expect(paths).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']));
    for (const target of Object.values(manifest.exports).flatMap((one) => Object.values(one))) {
      if (target.startsWith('./dist/')) expect(paths).toContain(target.slice(2));
    }
  });

  it('has no compiled file without a source', async () => {
    const sources = await readdir(join(projectRoot, 'src'), { recursive: true });
    const orphans = packed
      .map(({ path }) => path)
      .filter((path) => path.startsWith('dist/'))
      .filter((path) => !sources.includes(path.replace('dist/', '').replace(/(\.d)?\.(js|ts)$/, '.ts')));
    expect(orphans).toEqual([]);
  });

  it('J6: depends on at most 40 packages, none of which runs a script at installation', async () => {
    const closure = productionClosure();
    expect(installedProduction().length).toBeLessThanOrEqual(40);
    expect(closure.size, 'with the binaries of every platform').toBeLessThanOrEqual(40);
    expect([...closure].filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
    const own = JSON.parse(
      await readFile(join(consumer.path, 'node_modules', manifest.name, 'package.json'), 'utf8'),
    ) as { scripts: Record<string, string> };
    const atInstall = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'];
    expect(Object.keys(own.scripts).filter((name) => atInstall.includes(name))).toEqual([]);
  });

  it.each(subpaths)('gives %s to import', async (subpath) => {
    const names = await exportsOf(`import * as all from '${subpath}';`, 'module');
    expect(names.length).toBeGreaterThan(0);
    expect(names).not.toContain('default');
  });

  it.each(subpaths)('gives %s to require, without a warning', async (subpath) => {
    const names = await exportsOf(`const all = require('${subpath}');`, 'commonjs');
    expect(names).toEqual(await exportsOf(`import * as all from '${subpath}';`, 'module'));
  });

  it('compiles in a strict TypeScript project that checks library types too', async () => {
    await consumer.link('@types/node');
    await consumer.link('undici-types');
    await consumer.write(
      'index.ts',
      subpaths
        .map(
          (subpath, index) =>
            `import * as all${String(index)} from '${subpath}';\nvoid all${String(index)};\n`,
        )
        .join('') +
        `import { KeyRing, memoryStore, WebexAuth } from 'webex-auth';
import type { AccessToken, AnyWebexAuthError } from 'webex-auth';

export async function first(subject: string): Promise<AccessToken> {
  const auth = await WebexAuth.open({
    client: { clientId: 'id', clientSecret: 'secret', redirectUri: 'http://localhost/cb', scope: 'spark:people_read' },
    store: memoryStore(),
    keys: KeyRing.ephemeral(),
  });
  return auth.token(subject, { minTtl: 60 });
}

export function missing(error: AnyWebexAuthError): readonly string[] {
  return error.code === 'SCOPE_MISSING' ? error.missingScopes : [];
}
`,
    );
    const compilerOptions = {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    };
    await consumer.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['index.ts'] }));
    const tsc = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = await node(tsc, '-p', '.').catch((error: unknown) => error as { stdout: string });
    expect(stdout).toBe('');
  });

  it.each(Object.keys(manifest.bin))('has a command %s that knows its version', async (name) => {
    const { stdout } = await exec(join(consumer.path, 'node_modules', '.bin', name), ['--version'], {
      cwd: consumer.path,
    });
    expect(stdout.trim()).toBe(manifest.version);
  });

  it('leads bundlers for browsers to a stub whose every export refuses', async () => {
    const script = `
      import * as all from 'webex-auth';
      const outcomes = {};
      for (const name of ['Webex', 'WebexAuth', 'KeyRing', 'memoryStore']) {
        const uses = [() => all[name].anything, () => all[name](), () => new all[name]()];
        outcomes[name] = uses.map((use) => { try { use(); return 'worked'; } catch (error) { return error.code + ' ' + error.message; } });
      }
      console.log(JSON.stringify({ outcomes, names: Object.keys(all).sort() }));`;
    const { stdout } = await node('--conditions=browser', '--input-type=module', '--eval', script);
    const { outcomes, names } = JSON.parse(stdout) as { outcomes: Record<string, string[]>; names: string[] };
    for (const outcome of Object.values(outcomes).flat()) {
      expect(outcome).toMatch(/^CONFIGURATION_INVALID .*a client secret does not belong in a browser/);
    }
    expect(names).toEqual(await exportsOf("import * as all from 'webex-auth';", 'module'));
  });
});

/** The names that a statement binding `all` gets, in a process of its own that must print nothing else. */
async function exportsOf(statement: string, type: 'module' | 'commonjs'): Promise<string[]> {
  const { stdout, stderr } = await node(
    `--input-type=${type}`,
    '--eval',
    `${statement} process.stdout.write(JSON.stringify(Object.keys(all).filter((name) => name !== '__esModule').sort()));`,
  );
  expect(stderr).toBe('');
  return JSON.parse(stdout) as string[];
}
