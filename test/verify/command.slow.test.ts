import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { temporaryDirectories } from '../support/temporary-directory.js';
import { emulatedRun } from './emulated-run.js';
import type { EmulatedRun } from './emulated-run.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/verify-webex.mjs', import.meta.url));
const directory = temporaryDirectories();
const running: EmulatedRun[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ emulator }) => emulator.close()));
});

async function start(): Promise<EmulatedRun> {
  const run = await emulatedRun({ clock: systemClock });
  running.push(run);
  return run;
}

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The command, as `npm run verify:webex` starts it. */
async function command(
  args: string[],
  env: Record<string, string>,
  onStderr: (text: string) => void = () => undefined,
): Promise<Ended> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    cwd: directory(),
    env: { PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => onStderr((stderr += text)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

describe('npm run verify:webex', () => {
  it('signs in by the address it shows, writes a file per question, and prints the table', async () => {
    const { emulator, env } = await start();
    const [out, file] = [join(directory(), 'found'), join(directory(), 'login-url')];
    let isSignedIn = false;
    const args = ['--only', 'token-type,token-shape', '--out', out, '--login-url-file', file];
    const { code, stdout, stderr } = await command(args, env, (text) => {
      const url = /^ +(http\S+)\n/m.exec(text)?.[1];
      if (url === undefined || isSignedIn) return;
      isSignedIn = true;
      void emulator.signIn(url).then((callback) => fetch(callback));
    });
    expect(stderr).toContain('Sign in here');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^token-type +Bearer +yes$/m);
    expect(stdout).toContain('2 as assumed, 0 not as assumed');
    expect(readdirSync(out).sort()).toEqual(['token-shape.json', 'token-type.json']);
    expect(statSync(join(out, 'token-type.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain('/v1/authorize?');
    expect(stdout + stderr).not.toContain(env['WEBEX_CLIENT_SECRET']);
    expect(stdout).not.toContain(env['WEBEX_CLIENT_ID']);
  });

  it('stops at a 429 with a clear line, keeps what it knows, and ends with 3', async () => {
    const { emulator, env } = await start();
    emulator.faults.add({ route: 'GET /v1/verification', retryAfter: 30 });
    const out = join(directory(), 'found');
    const { code, stdout, stderr } = await command(
      ['--only', 'discovery-public,jwks-public', '--out', out],
      env,
    );
    expect(code).toBe(3);
    expect(stderr).toContain('Stopped: Webex limits the rate of requests (429)');
    expect(stderr).toContain('Go on after 30 seconds.');
    expect(stdout).toMatch(/^discovery-public .* yes$/m);
    expect(readdirSync(out)).toHaveLength(2);
  });

  it('ends with 1 where Webex cannot be reached, and says which question failed', async () => {
    const { emulator, env } = await start();
    await emulator.close();
    const out = join(directory(), 'found');
    const { code, stdout } = await command(['--only', 'discovery-public', '--out', out], env);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^discovery-public +\(ECONNREFUSED\) +FAILED$/m);
  });

  it.each([
    ['no settings', [], 'WEBEX_CLIENT_ID'],
    ['an unknown question', ['--only', 'nothing-of-the-sort'], '--list'],
    ['an unknown option', ['--verbose'], 'npm run verify:webex'],
  ])('ends with 2 for %s, and sends nothing', async (_what, args, said) => {
    const out = join(directory(), 'found');
    const { code, stderr, stdout } = await command([...args, '--out', out], {});
    expect(code).toBe(2);
    expect(stderr).toContain(said);
    expect(stdout).toBe('');
    expect(existsSync(out)).toBe(false);
  });

  it('lists its questions', async () => {
    const { code, stdout } = await command(['--list'], {});
    expect(code).toBe(0);
    expect(stdout.split('\n').length).toBeGreaterThan(50);
  });
});
