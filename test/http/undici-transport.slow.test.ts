import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { expect, it, onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const HOST = `
import { createServer } from 'node:http';
const server = createServer((request, response) => request.pipe(response)).listen(0, '127.0.0.1', async () => {
  const url = 'http://127.0.0.1:' + server.address().port + '/';
  const first = process.argv[2] === 'guarded' ? await import('./http/undici-transport.js') : await import('undici');
  if (first.UndiciTransport) {
    const transport = new first.UndiciTransport();
    await (await transport.send({ method: 'GET', url, headers: {} })).body.toArray();
    await transport.close();
  }
  const response = await fetch(url, { method: 'POST', headers: { 'content-length': '5' }, body: 'hello' });
  console.log(await response.text());
  server.close();
  server.closeAllConnections();
});
`;

// The transport as the compiler leaves it, in a process of its own where nobody has touched fetch before.
it("leaves the host application's own fetch as it was", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'webex-auth-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const file of [
    'http/undici-transport.ts',
    'http/decoded-body.ts',
    'http/proxy-choice.ts',
    'base/secure-url.ts',
    'errors.ts',
  ]) {
    const source = await readFile(join(root, 'src', file), 'utf8');
    const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(
      join(folder, file.replace(/ts$/, 'js')),
      ts.transpileModule(source, { compilerOptions }).outputText,
    );
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'host.js'), HOST);
  const run = (how: string) => promisify(execFile)(process.execPath, ['host.js', how], { cwd: folder });
  expect((await run('guarded')).stdout).toBe('hello\n');
  // Proves that this test can fail: undici imported without the guard breaks the same fetch on Node 20.
  if (process.versions.node.startsWith('20.'))
    await expect(run('bare')).rejects.toThrow('invalid content-length header');
});
