// npm run verify:webex: compiles verify/ with what it takes from src/, when something changed, and asks Webex. See docs/verify-webex.md.
// Types are not checked here: `npm run check` does that.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'node_modules', '.cache', 'webex-auth-verify');
const stamp = `${out}.json`;
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

const fingerprint = JSON.stringify(
  ['src', 'verify'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((file) => /\.(ts|json)$/.test(file))
      .sort()
      .map((file) => {
        const { size, mtimeMs } = statSync(join(root, folder, file));
        return [folder, file, size, mtimeMs];
      }),
  ),
);
const isCurrent = existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint;

if (!isCurrent || !existsSync(join(out, 'verify', 'main.js'))) {
  rmSync(stamp, { force: true });
  const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, 'verify')], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) process.exit(1);
  mkdirSync(out, { recursive: true });
  // Below node_modules no manifest further up says that these are modules.
  writeFileSync(join(out, 'package.json'), '{"type":"module"}\n');
  writeFileSync(stamp, fingerprint);
}
const { main } = await import(pathToFileURL(join(out, 'verify', 'main.js')).href);
process.exitCode = await main(process.argv.slice(2), process.env);
