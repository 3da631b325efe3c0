import { execFile } from 'node:child_process';
import { readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

import { temporaryDirectories } from '../support/temporary-directory.js';
import { buildForWorkers } from '../support/worker-build.js';

const run = promisify(execFile);
const newDirectory = temporaryDirectories();

async function race(path: string, umask: string, processes: number): Promise<string[]> {
  const worker = fileURLToPath(new URL('test/sealing/create-key-file.worker.js', await buildForWorkers()));
  const startAt = String(Date.now() + 1_500);
  const runs = Array.from({ length: processes }, () => run(process.execPath, [worker, path, umask, startAt]));
  return (await Promise.all(runs)).map(({ stdout }) => stdout.trim());
}

describe('key files of several processes', () => {
  it('8 processes that make the same file at once end with one key', async () => {
    for (let round = 0; round < 3; round++) {
      const home = newDirectory();
      const keys = await race(join(home, 'keys'), '022', 8);
      expect(keys).toHaveLength(8);
      expect(new Set(keys).size).toBe(1);
      expect(keys[0]).toMatch(/^k-\S+ [0-9a-f]{32}$/);
      expect(readdirSync(home)).toEqual(['keys']);
    }
  });

  it.each(['000', '022', '077', '277', '777'])(
    'J1: are 0600 at every moment under umask %s',
    async (umask) => {
      const home = newDirectory();
      const modes = new Set<number>();
      const look = (): void => {
        for (const name of readdirSync(home)) {
          const stats = statSync(join(home, name), { throwIfNoEntry: false });
          if (stats) modes.add(stats.mode & 0o7777 & ~0o600); // what others, or execution, could ever get
        }
      };
      const watcher = watch(home, look);
      await race(join(home, 'keys'), umask, 2);
      watcher.close();
      look();
      expect([...modes]).toEqual([0]);
      expect(statSync(join(home, 'keys')).mode & 0o7777).toBe(0o600);
    },
  );
});
