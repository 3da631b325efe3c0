// Installs what another lock file than ours names, when it is missing or was installed from an older one: Webex's own SDK
// beside its tests, or what the folder given needs.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? import.meta.dirname;
const stamp = join(folder, 'node_modules', '.installed-from.json');
const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) process.exit(0);

const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit'], {
  cwd: folder,
  stdio: 'inherit',
});
if (status !== 0) process.exit(1);
writeFileSync(stamp, lock);
