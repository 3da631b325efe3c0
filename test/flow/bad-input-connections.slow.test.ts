import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { isWebexAuthError, KeyRing, memoryStore, Webex, WebexAuth, type Clock } from '../../src/index.js';
import type { Talk } from './raw-webex.js';
import { FIRST, readingRig, SUBJECT } from './reading-rig.js';

// Connections that hang, at the token endpoint and the API, through the public faces.

const rig = readingRig();

// Listens, and never accepts: its thread waits for ever.
const DEAF = `
const { parentPort } = require('node:worker_threads');
const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 50);
});`;

/** A port where connecting never ends: nobody accepts, and the queue is full. */
async function blackhole(): Promise<string> {
  const worker = new Worker(DEAF, { eval: true });
  const sockets: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await worker.terminate();
  });
  const [port] = (await once(worker, 'message')) as [number];
  await setTimeout(150);
  for (let hangs = false; !hangs;) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    hangs = await Promise.race([once(socket, 'connect').then(() => false), setTimeout(300, true)]);
  }
  return `http://127.0.0.1:${String(port)}/v1`;
}

const drip: Talk = (socket) => {
  socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n');
  const timer = setInterval(() => socket.write(' '), 200);
  socket.once('close', () => clearInterval(timer));
};

const HANGING: readonly (readonly [string, () => Promise<string>])[] = [
  ['connecting', blackhole],
  ['no byte of an answer', async () => talking(() => undefined)],
  ['half a header', async () => talking((socket) => socket.write('HTTP/1.1 200 OK\r\nconte'))],
  ['one byte in 200 ms', async () => talking(drip)],
];

function talking(talk: Talk): string {
  rig.server.answerWith(talk);
  return rig.server.endpoints.apiBase;
}

const client = { clientId: 'client-1', clientSecret: 'secret' };
const DEADLINE_MS = 2_000;

/** How long until `work` fails, and with which code. */
async function timed(work: () => Promise<unknown>): Promise<{ code: unknown; ms: number }> {
  const started = performance.now();
  const error: unknown = await work().catch((caught: unknown) => caught);
  return { code: isWebexAuthError(error) ? error.code : error, ms: performance.now() - started };
}

describe('a connection that hangs', () => {
  it.each(HANGING)('F1: %s, a call of the API settles within its deadline and a tenth', async (_, start) => {
    const apiBase = await start();
    const endpoints = { apiBase, tokenEndpoint: `${apiBase}/access_token` };
    const webex = Webex.init({ access_token: FIRST.access_token, endpoints, discovery: false });
    onTestFinished(() => webex.close());
    await webex.whenReady();
    const { code, ms } = await timed(() => webex.request({ resource: 'rooms', deadlineMs: DEADLINE_MS }));
    expect(code).toBe('TIMEOUT');
    expect(ms).toBeLessThan(1.1 * DEADLINE_MS);
  });

  it.each(HANGING)(
    'F1: %s, a refresh settles within what a caller waits and a tenth, and costs no grant',
    async (_, start) => {
      const apiBase = await start();
      const endpoints = { apiBase, tokenEndpoint: `${apiBase}/access_token` };
      // A caller waits 30 s: of a clock whose timers are fifteen times as fast.
      const clock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms / 15, run) };
      const auth = await WebexAuth.open({
        client,
        endpoints,
        store: memoryStore(),
        keys: KeyRing.ephemeral(),
        clock,
        scheduler: false,
      });
      onTestFinished(() => auth.close());
      await auth.grants.import(SUBJECT, { ...FIRST, expires_in: 3_600 });
      const { code, ms } = await timed(() => auth.refresh(SUBJECT));
      expect(code).toBe('TIMEOUT');
      expect(ms).toBeLessThan(1.1 * DEADLINE_MS);
      expect(await auth.grants.get(SUBJECT)).toMatchObject({ state: 'live', generation: 1 });
      expect((await auth.token(SUBJECT)).accessToken).toBe(FIRST.access_token);
    },
  );
});
