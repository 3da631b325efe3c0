import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { knownPeople } from '../../src/emulator/emulator-options.js';
import { signIn } from '../../src/emulator/sign-in.js';
import { Browser } from '../support/browser.js';
import { createLeakScanner } from '../support/leak-scanner.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** The command, as a person starts it. */
interface Command {
  child: ChildProcess;
  output: { stdout: string; stderr: string };
  /** Resolves to what follows `name` at the start of a line of stdout. */
  said(name: string): Promise<string>;
  ended: Promise<number | null>;
}

describe('webex-auth serve', () => {
  const running: Command[] = [];
  const servers: Server[] = [];
  let home: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'webex-auth-cli-'));
  });

  afterEach(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.splice(0).map(({ ended }) => ended));
    for (const server of servers.splice(0)) server.close();
    await rm(home, { recursive: true, force: true });
  });

  function run(args: string[], env: Record<string, string> = {}): Command {
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH, PORT: '0', EMULATOR_PORT: '0', WEBEX_AUTH_HOME: home, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    const ended = once(child, 'close').then(([code]) => code as number | null);
    const said = async (name: string): Promise<string> => {
      for (;;) {
        const line = new RegExp(`^${name}\\s+(.*)\\n`, 'm').exec(output.stdout)?.[1];
        if (line !== undefined) return line;
        const next = await Promise.race([once(child.stdout, 'data'), ended]);
        if (!Array.isArray(next)) throw new Error(`it ended with ${String(next)}: ${output.stderr}`);
      }
    };
    const command = { child, output, said, ended };
    running.push(command);
    return command;
  }

  async function takenPort(): Promise<string> {
    const server = createServer();
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return String((server.address() as AddressInfo).port);
  }

  it('with no WEBEX_* setting starts the demo, prints where everything is, and ends on SIGTERM with 0', async () => {
    const command = run(['serve']);
    const url = await command.said('open');
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ready' });
    expect(await (await fetch(url)).text()).toContain('DEMO');
    expect(await command.said('data')).toBe(home);
    expect(await command.said('vault')).toBe(join(home, 'vault.db'));
    expect(await command.said('key')).toBe(join(home, 'vault.key'));
    expect(await command.said('demo')).toMatch(
      /emulated at http:\/\/127\.0\.0\.1:\d+; sign in as Ada Example/,
    );
    for (const file of await readdir(home)) {
      const { mode } = await stat(join(home, file));
      expect([file, (mode & 0o777).toString(8)]).toEqual([file, file === 'emulator' ? '700' : '600']);
    }
    command.child.kill('SIGTERM');
    expect(await command.ended).toBe(0);
    expect(command.output.stderr).toBe('');
  });

  it('keeps the grant and the session over a restart, and shows no secret', async () => {
    const port = await takenPort();
    servers.splice(0).forEach((server) => server.close());
    const leaks = createLeakScanner();
    const first = run(['serve'], { PORT: port });
    const browser = new Browser();
    const url = await first.said('open');
    const emulator = /emulated at (\S+);/.exec(await first.said('demo'))?.[1] ?? '';
    const start = await browser.open(`${url}/auth/login`);
    const callback = await signIn(Browser.target(start), { users: knownPeople() });
    const code = new URL(callback).searchParams.get('code') ?? '';
    leaks.watch(code, 'code', { publicParts: [code.split('_').slice(1).join('_')] });
    expect((await browser.open(callback)).status).toBe(303);
    expect(emulator).toMatch(/^http/);
    first.child.kill('SIGINT');
    expect(await first.ended).toBe(0);

    const second = run(['serve'], { PORT: port });
    await second.said('open');
    expect(await (await browser.open(url)).text()).toContain('Ada Example');
    const refresh = await browser.open(`${url}/grant/refresh`, { method: 'POST', headers: { origin: url } });
    expect(refresh.status).toBe(303);
    expect(await (await browser.open(url)).text()).toContain('Refreshed by hand');
    leaks.watch(
      /:(.*)/.exec(await readFile(join(home, 'vault.key'), 'utf8'))?.[1]?.trim() ?? '',
      'vault key',
    );
    for (const { output, child } of [first, second]) {
      leaks.scanText('output', output.stdout + output.stderr);
      if (child === second.child) leaks.scanProcess('process', child.pid ?? 0);
    }
    leaks.assertClean();
  });

  describe('says in one line what is wrong, and ends with 1', () => {
    async function failure(env: Record<string, string>, args = ['serve']): Promise<string> {
      const command = run(args, env);
      expect(await command.ended).toBe(1);
      expect(command.output.stdout).toBe('');
      const lines = command.output.stderr.split('\n');
      expect(lines).toHaveLength(2);
      expect(command.output.stderr).not.toMatch(/\n\s+at /);
      return command.output.stderr;
    }

    it('a taken port', async () => {
      const port = await takenPort();
      expect(await failure({ PORT: port })).toBe(
        `webex-auth: CONFIGURATION_INVALID: PORT: ${port} is taken on 127.0.0.1: choose another one\n`,
      );
    });

    it('a taken emulator port', async () => {
      const port = await takenPort();
      expect(await failure({ EMULATOR_PORT: port })).toContain(`EMULATOR_PORT: ${port} is taken`);
    });

    it('a data directory that cannot be made', async () => {
      const file = join(home, 'file');
      await writeFile(file, '');
      expect(await failure({ WEBEX_AUTH_HOME: join(file, 'below') })).toMatch(
        /WEBEX_AUTH_HOME.*cannot be made/,
      );
    });

    it('half a client, without a fallback to the demo', async () => {
      expect(await failure({ WEBEX_CLIENT_ID: 'C1' })).toContain('WEBEX_CLIENT_SECRET: is missing');
    });

    it('production without settings', async () => {
      expect(await failure({ NODE_ENV: 'production' })).toContain('WEBEX_CLIENT_ID: is missing');
    });

    it('a key file that others can read', async () => {
      const first = run(['serve']);
      await first.said('open');
      first.child.kill('SIGTERM');
      await first.ended;
      await chmod(join(home, 'vault.key'), 0o644);
      expect(await failure({})).toMatch(/vault\.key.*600/);
    });

    it('a vault made with another key, and one whose key is gone', async () => {
      const first = run(['serve']);
      await first.said('open');
      first.child.kill('SIGTERM');
      await first.ended;
      const key = join(home, 'vault.key');
      const other = await mkdtemp(join(tmpdir(), 'webex-auth-cli-'));
      const second = run(['serve'], { WEBEX_AUTH_HOME: other });
      await second.said('open');
      second.child.kill('SIGTERM');
      await second.ended;
      await writeFile(key, await readFile(join(other, 'vault.key')));
      await rm(other, { recursive: true });
      expect(await failure({})).toMatch(/KEY_(UNAVAILABLE|WRONG)/);
      await rm(key);
      expect(await failure({})).toContain('KEY_UNAVAILABLE');
    });

    it('a vault that is damaged', async () => {
      await writeFile(join(home, 'vault.db'), 'nonsense');
      expect(await failure({ WEBEX_AUTH_KEYS: `k:${Buffer.alloc(32, 1).toString('base64')}` })).toContain(
        'STORE_CORRUPT',
      );
    });
  });

  it.each([
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/],
    [['--help'], 0, /serve.*emulator/s],
    [['serve', '--help'], 0, /Example/],
    [['emulator', '--help'], 0, /Example/],
  ])('%j ends with %i', async (args, code, text) => {
    const command = run(args);
    expect(await command.ended).toBe(code);
    expect(command.output.stdout).toMatch(text);
  });

  it.each([[['nonsense']], [['serve', '--nonsense']], [['emulator']]])(
    '%j is a wrong command line: 2',
    async (args) => {
      const command = run(args);
      expect(await command.ended).toBe(2);
      expect(command.output.stderr).toMatch(/^error: /);
    },
  );

  it('the emulator alone prints the settings that point an application at it', async () => {
    const command = run(['emulator', '--redirect-uri', 'http://localhost:3000/callback']);
    while (!command.output.stdout.includes('REVOKE_URL'))
      await once(command.child.stdout ?? command.child, 'data');
    expect(command.output.stdout).toMatch(
      /^WEBEX_CLIENT_ID='webex-auth-emulated'\nWEBEX_CLIENT_SECRET='fake-[0-9a-f]{32}'\n/,
    );
    command.child.kill('SIGTERM');
    expect(await command.ended).toBe(0);
  });
});
