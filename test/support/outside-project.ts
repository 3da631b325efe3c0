import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this project. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

/** The manifest of this package. */
export const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
  name: string;
  version: string;
  exports: Record<string, string | Record<string, string>>;
  bin: Record<string, string>;
  dependencies: Record<string, string>;
};

/** A project of somebody else's, in an empty directory, that finds some packages of ours without any network. */
export interface OutsideProject {
  readonly path: string;
  /** Makes a package of our node_modules importable there. */
  link(name: string): Promise<void>;
  write(file: string, text: string): Promise<string>;
  remove(): Promise<void>;
}

/** Makes an empty ESM project. */
export async function outsideProject(): Promise<OutsideProject> {
  const path = await mkdtemp(join(tmpdir(), 'webex-auth-consumer-'));
  const write = async (file: string, text: string): Promise<string> => {
    const target = join(path, file);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
    return target;
  };
  await write('package.json', '{ "name": "consumer", "private": true, "type": "module" }\n');
  return {
    path,
    write,
    async link(name) {
      const target = join(path, 'node_modules', name);
      await mkdir(dirname(target), { recursive: true });
      await symlink(join(projectRoot, 'node_modules', name), target);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

interface LockEntry {
  dev?: boolean;
  optional?: boolean;
  peer?: boolean;
  hasInstallScript?: boolean;
}

/** The production closure in the lock file: path in node_modules → entry. Platform binaries for all platforms are among them. */
export function productionClosure(): ReadonlyMap<string, LockEntry> {
  const lock = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockEntry>;
  };
  return new Map(
    Object.entries(lock.packages)
      .filter(([path, { dev }]) => path !== '' && !dev)
      .map(([path, entry]) => [path.replace('node_modules/', ''), entry]),
  );
}

/** Those of the closure that are installed here and live at the top. */
export function installedProduction(): string[] {
  return [...productionClosure().keys()].filter(
    (name) => !name.includes('/node_modules/') && existsSync(join(projectRoot, 'node_modules', name)),
  );
}
