import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startEmulator } from '../../src/emulator/emulator.js';
import {
  CLIENT,
  callApi,
  codeFrom,
  emulatorForTest,
  exchangeOf,
  askToken,
  probe,
  refreshWith,
  tokensFrom,
} from './emulator-client.js';

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'webex-emulator-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'state');
}

describe('where it does not start', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('in production', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    await expect(startEmulator()).rejects.toMatchObject({ code: 'EMULATOR_IN_PRODUCTION' });
  });

  test.each(['0.0.0.0', '::', '192.168.1.10', 'example.com', '', '127.0.0.1.example.com'])(
    'on %j',
    async (host) => {
      await expect(startEmulator({ host })).rejects.toMatchObject({ code: 'EMULATOR_NOT_LOOPBACK' });
    },
  );

  test('on a port that is taken', async () => {
    const { port } = await emulatorForTest();
    await expect(startEmulator({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test.each(['/relative', 'http://127.0.0.1/callback#fragment'])('with the redirect URI %s', async (uri) => {
    const clients = [{ ...CLIENT, redirectUris: [uri] }];
    await expect(startEmulator({ clients })).rejects.toMatchObject({ code: 'EMULATOR_BAD_OPTIONS' });
  });
});

describe('a running emulator', () => {
  test('has a client and people when none are given', async () => {
    const emulator = await startEmulator();
    onTestFinished(() => emulator.close());
    const [client] = emulator.clients;
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: client?.clientId ?? '',
      redirect_uri: client?.redirectUris[0] ?? '',
      scope: 'spark:people_read',
    });
    expect(
      await emulator.signIn(`${emulator.endpoints.authorizationEndpoint}?${query.toString()}`),
    ).toContain('?code=FAKE');
    expect(emulator.url).toBe(`http://127.0.0.1:${emulator.port}`);
  });

  test('leaves the fetch of the process as it was', async () => {
    const before = [globalThis.Request, globalThis.Response, globalThis.fetch];
    const emulator = await emulatorForTest();
    await fetch(emulator.url);
    expect([globalThis.Request, globalThis.Response, globalThis.fetch]).toEqual(before);
  });

  test('two of them share nothing', async () => {
    const [one, other] = [await emulatorForTest(), await emulatorForTest()];
    const { access_token } = await tokensFrom(one);
    expect([await probe(one, access_token), await probe(other, access_token)]).toEqual([200, 401]);
  });

  test('refuses a body beyond a mebibyte', async () => {
    const emulator = await emulatorForTest();
    const { status } = await askToken(emulator, { code: 'x'.repeat(1024 * 1024) });
    expect(status).toBe(413);
    const endless = new ReadableStream<Uint8Array>({ pull: (out) => out.enqueue(new Uint8Array(65_536)) });
    const chunked = await fetch(emulator.endpoints.tokenEndpoint, {
      method: 'POST',
      body: endless,
      duplex: 'half',
    });
    expect(chunked.status).toBe(413);
  });

  test('closes at once though a request never ends', async () => {
    const emulator = await startEmulator();
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': 10 };
    const endless = request(emulator.endpoints.tokenEndpoint, { method: 'POST', headers });
    const ended = new Promise((resolve) => endless.on('error', resolve));
    endless.write('a');
    await new Promise((resolve) => endless.once('socket', (socket) => socket.once('connect', resolve)));
    await fetch(emulator.url);
    await emulator.close();
    expect(await ended).toMatchObject({ code: 'ECONNRESET' });
  });

  test('closes at once though a connection is kept alive', async () => {
    const emulator = await startEmulator();
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    await new Promise<void>((resolve, reject) => {
      request(emulator.url, { agent }, (response) => response.resume().on('end', resolve))
        .on('error', reject)
        .end();
    });
    const begun = performance.now();
    await emulator.close();
    expect(performance.now() - begun).toBeLessThan(2000);
    await expect(fetch(emulator.url)).rejects.toBeInstanceOf(TypeError);
  });
});

describe('with a data directory', () => {
  test('grants, codes, messages and the clock outlive a restart', async () => {
    const dataDir = await newDirectory();
    const before = await emulatorForTest({ dataDir, refreshMode: 'rotate-strict' });
    const first = await tokensFrom(before);
    const second = await refreshWith(before, first.refresh_token);
    const code = await codeFrom(before);
    const rooms = (await (await callApi(before, '/rooms', first.access_token)).json()) as {
      items: { id: string }[];
    };
    const roomId = rooms.items[0]?.id ?? '';
    const message = JSON.stringify({ roomId, text: 'kept' });
    await callApi(before, '/messages', first.access_token, { method: 'POST', body: message });
    before.clock.advance(20_000);
    const { now } = before.clock;
    const then = now();
    await before.close();
    const after = await emulatorForTest({ dataDir, refreshMode: 'rotate-strict' });
    expect(after.clock.now()).toBeGreaterThanOrEqual(then);
    expect(await probe(after, second.body.access_token)).toBe(200);
    expect((await askToken(after, exchangeOf(code))).status).toBe(200);
    const kept = await callApi(after, `/messages?roomId=${roomId}`, first.access_token);
    expect(await kept.json()).toMatchObject({ items: [{ text: 'kept' }] });
    expect((await refreshWith(after, second.body.refresh_token)).status).toBe(200);
    expect((await refreshWith(after, first.refresh_token)).status).toBe(400);
    expect(await probe(after, second.body.access_token)).toBe(401);
  });

  test('what was answered is on disk already, should the process be killed', async () => {
    const dataDir = await newDirectory();
    const killed = await emulatorForTest({ dataDir, refreshMode: 'rotate-strict' });
    const first = await tokensFrom(killed);
    const replies = await Promise.all([1, 2, 3].map(() => tokensFrom(killed)));
    const second = await refreshWith(killed, first.refresh_token);
    const image = await readFile(join(dataDir, 'emulator-state.json'), 'utf8');
    const copy = await newDirectory();
    await (await emulatorForTest({ dataDir: copy })).close();
    await writeFile(join(copy, 'emulator-state.json'), image);
    const next = await emulatorForTest({ dataDir: copy, refreshMode: 'rotate-strict' });
    expect((await refreshWith(next, second.body.refresh_token)).status).toBe(200);
    for (const { refresh_token } of replies)
      expect((await refreshWith(next, refresh_token)).status).toBe(200);
  });

  test('only its owner can read it, and no token is in it', async () => {
    const dataDir = await newDirectory();
    const emulator = await emulatorForTest({ dataDir });
    const { access_token, refresh_token } = await tokensFrom(emulator);
    await emulator.close();
    expect(await readdir(dataDir)).toEqual(['emulator-state.json']);
    const path = join(dataDir, 'emulator-state.json');
    expect(((await stat(dataDir)).mode & 0o777).toString(8)).toBe('700');
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600');
    const text = await readFile(path, 'utf8');
    for (const secret of [access_token, refresh_token, CLIENT.clientSecret])
      expect(text).not.toContain(secret.slice(0, 24));
  });

  test.each(['', '{"version":1', '{"version":2}', '[]', 'null'])(
    'a file with %j is refused, not overwritten',
    async (text) => {
      const dataDir = await newDirectory();
      await (await emulatorForTest({ dataDir })).close();
      const path = join(dataDir, 'emulator-state.json');
      await writeFile(path, text);
      await expect(startEmulator({ dataDir })).rejects.toMatchObject({ code: 'EMULATOR_STATE_UNREADABLE' });
      expect(await readFile(path, 'utf8')).toBe(text);
    },
  );
});
