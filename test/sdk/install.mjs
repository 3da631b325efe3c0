// Installs Webex's own SDK beside its tests, from its lock file, when it is missing or was installed from another one.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const stamp = at('node_modules/.installed-from.json');
const lock = readFileSync(at('package-lock.json'), 'utf8');
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) process.exit(0);

const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit'], {
  cwd: at('.'),
  stdio: 'inherit',
});
if (status !== 0) process.exit(1);
writeFileSync(stamp, lock);
