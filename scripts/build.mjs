// Compiles src/ into dist/, removes what no source stands behind, and does nothing when nothing changed.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (...parts) => join(root, ...parts);
const cache = at('node_modules', '.cache');
const stamp = join(cache, 'webex-auth.build.json');
const buildInfo = join(cache, 'webex-auth.tsbuildinfo');
const compiler = at('node_modules', 'typescript', 'bin', 'tsc');

const filesIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
    : [];

const sources = filesIn(at('src')).filter((file) => file.endsWith('.ts'));
const outputs = new Set(
  sources.flatMap((file) => {
    const out = file.replace(at('src'), at('dist')).replace(/\.ts$/, '');
    return [`${out}.js`, `${out}.d.ts`];
  }),
);
const settings = [at('tsconfig.json'), at('tsconfig.build.json'), at('package-lock.json'), compiler];
const fingerprint = JSON.stringify(
  [...sources, ...settings].map((file) => {
    const { size, mtimeMs } = statSync(file);
    return [file, size, mtimeMs];
  }),
);

const built = filesIn(at('dist'));
const complete = [...outputs].every((file) => built.includes(file));
const current = existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint;
if (current && complete && built.length === outputs.size) process.exit(0);

// tsc trusts its notes: with outputs missing they would make it write nothing.
if (!complete) rmSync(buildInfo, { force: true });
rmSync(stamp, { force: true });
const { status } = spawnSync(process.execPath, [compiler, '-p', at('tsconfig.build.json')], {
  cwd: root,
  stdio: 'inherit',
});
for (const file of filesIn(at('dist'))) if (!outputs.has(file)) rmSync(file);
for (const bin of Object.values(JSON.parse(readFileSync(at('package.json'), 'utf8')).bin)) {
  if (existsSync(at(bin))) chmodSync(at(bin), 0o755);
}
if (status === 0) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, fingerprint);
}
process.exit(status === 0 ? 0 : 1);
