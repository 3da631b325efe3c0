import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outsideProject, projectRoot, type OutsideProject } from '../support/outside-project.js';

const exec = promisify(execFile);

let project: OutsideProject;
const at = (...parts: string[]): string => join(project.path, ...parts);
const build = () => exec(process.execPath, [at('scripts', 'build.mjs')], { cwd: project.path });
const built = async (): Promise<string[]> => (await readdir(at('dist'), { recursive: true })).sort();

beforeAll(async () => {
  project = await outsideProject();
  await project.link('typescript');
  for (const file of [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/build.mjs',
  ]) {
    await mkdir(join(at(file), '..'), { recursive: true });
    await cp(join(projectRoot, file), at(file));
  }
  // Types for Node take long to read and are not needed here.
  await project.write('tsconfig.build.json', await withoutTypes());
  await project.write('src/cli/main.ts', 'export const main = 1;\n');
  await project.write('src/index.ts', "export { main } from './cli/main.js';\n");
});
afterAll(() => project.remove());

async function withoutTypes(): Promise<string> {
  const config = (await import(join(projectRoot, 'tsconfig.build.json'), { with: { type: 'json' } })) as {
    default: { compilerOptions: object };
  };
  const { compilerOptions } = config.default;
  return JSON.stringify({ ...config.default, compilerOptions: { ...compilerOptions, types: [] } });
}

describe('npm run build', () => {
  it('makes dist, keeps it current, and heals it', async () => {
    await build();
    const all = ['cli', 'cli/main.d.ts', 'cli/main.js', 'index.d.ts', 'index.js'];
    expect(await built()).toEqual(all);
    expect((await stat(at('dist/cli/main.js'))).mode & 0o777).toBe(0o755);

    const before = (await stat(at('dist/index.js'))).mtimeMs;
    await build();
    expect((await stat(at('dist/index.js'))).mtimeMs, 'nothing changed, nothing is written').toBe(before);

    await project.write('dist/old.js', 'export const old = 1;\n');
    await build();
    expect(await built(), 'what no source stands behind goes').toEqual(all);

    await rm(at('dist/cli/main.js'));
    await build();
    expect(await built(), 'what is missing comes back').toEqual(all);

    await project.write('src/index.ts', "export { main as start } from './cli/main.js';\n");
    await rm(at('dist'), { recursive: true });
    await build();
    expect(await built()).toEqual(all);
  });

  it('fails on a type error and says where', async () => {
    await project.write('src/wrong.ts', "export const wrong: number = 'x';\n");
    await expect(build()).rejects.toMatchObject({ code: 1 });
    await expect(build(), 'and does not forget it').rejects.toMatchObject({
      stdout: expect.stringContaining('src/wrong.ts') as string,
    });
  });
});
