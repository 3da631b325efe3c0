import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  installedProduction,
  manifest,
  outsideProject,
  projectRoot,
  type OutsideProject,
} from '../support/outside-project.js';

const exec = promisify(execFile);

/** Opens a `WebexAuth`, fails one call, and prints which events said that something is wrong. */
const SCRIPT = `
  import { KeyRing, memoryStore, WebexAuth } from 'webex-auth';
  const refused = { apiBase: 'http://127.0.0.1:1/v1', tokenEndpoint: 'http://127.0.0.1:1/v1/access_token' };
  const auth = await WebexAuth.open({
    client: { clientId: 'id', clientSecret: 'canary-of-the-secret', scope: 'spark:all' },
    store: memoryStore(), keys: KeyRing.ephemeral(), endpoints: refused, scheduler: false,
  });
  const degraded = [];
  auth.on('degraded', ({ reason }) => degraded.push(reason));
  await auth.grants.import('ada', { access_token: 'canary-of-the-token' });
  const user = await auth.user('ada');
  const failed = await user.request({ uri: '/rooms/1234', retry: false }).catch(({ code }) => code);
  await user.request({ uri: '/rooms/1234', retry: false }).catch(({ code }) => code);
  await auth.close();
  console.log(JSON.stringify({ failed, degraded }));
`;

let consumer: OutsideProject;

async function run(env: Record<string, string> = {}): Promise<{ said: unknown; stderr: string }> {
  const { stdout, stderr } = await exec(process.execPath, ['script.mjs'], {
    cwd: consumer.path,
    env: { PATH: process.env['PATH'], ...env },
  });
  return { said: JSON.parse(stdout), stderr };
}

beforeAll(async () => {
  consumer = await outsideProject();
  // Copied: a link would find the packages of this checkout.
  const home = join(consumer.path, 'node_modules', manifest.name);
  await cp(join(projectRoot, 'dist'), join(home, 'dist'), { recursive: true });
  await cp(join(projectRoot, 'package.json'), join(home, 'package.json'));
  for (const name of installedProduction()) await consumer.link(name);
  await consumer.write('script.mjs', SCRIPT);
});
afterAll(() => consumer.remove());

describe('without OpenTelemetry', () => {
  const working = { failed: 'NETWORK_ERROR', degraded: [] };

  it('works, and says nothing of it', async () => {
    expect(await run()).toEqual({ said: working, stderr: '' });
  });

  it('B1: NODE_DEBUG=webex-auth writes the debug log to stderr, of other names nothing', async () => {
    expect((await run({ NODE_DEBUG: 'tls-x' })).stderr).toBe('');
    const { said, stderr } = await run({ NODE_DEBUG: 'webex-auth' });
    expect(said).toEqual(working);
    const lines = stderr.trimEnd().split('\n');
    expect(lines[0]).toMatch(
      new RegExp(
        `^WEBEX-AUTH \\d+: \\S+Z webex-auth version=${manifest.version.replaceAll('.', '\\.')} node=`,
      ),
    );
    expect(lines.at(-1)).toMatch(
      /^WEBEX-AUTH \d+: \S+Z request GET http:\/\/127\.0\.0\.1:1\/v1\/rooms\/:id error=NETWORK_ERROR trackingId=webex-auth_[\w-]+ ms=\d+$/,
    );
    expect(stderr).not.toMatch(/canary|ada|1234/);
  });

  it('a subscriber of a channel that throws harms no call; Node reports it as uncaught, as with every channel', async () => {
    await consumer.write(
      'script.mjs',
      `import { subscribe, tracingChannel } from 'node:diagnostics_channel';
       const thrown = [];
       process.on('uncaughtException', ({ message }) => thrown.push(message));
       tracingChannel('webex-auth.request').subscribe({ start: () => { throw new Error('start'); } });
       subscribe('webex-auth.event', ({ name }) => { if (name === 'ready') throw new Error('event'); });
       ${SCRIPT.replace('JSON.stringify({ failed,', 'JSON.stringify({ thrown, failed,')}`,
    );
    const said = { ...working, thrown: ['event', 'start', 'start'] };
    expect(await run()).toEqual({ said, stderr: '' });
  });

  it('a package that is broken is told of once', async () => {
    const at = 'node_modules/@opentelemetry/api';
    await consumer.write(`${at}/package.json`, '{ "name": "@opentelemetry/api", "main": "index.js" }');
    await consumer.write(`${at}/index.js`, 'throw new Error("of another version");');
    await consumer.write(
      'script.mjs',
      `import { Webex } from 'webex-auth';
       const degraded = [];
       const webex = Webex.init({ access_token: 'abc', discovery: false });
       webex.on('degraded', ({ reason }) => degraded.push(reason));
       await webex.whenReady();
       await webex.close();
       console.log(JSON.stringify({ degraded }));`,
    );
    expect(await run()).toEqual({ said: { degraded: ['OPENTELEMETRY_UNAVAILABLE'] }, stderr: '' });
  });
});
