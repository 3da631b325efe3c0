import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NetworkError, RateLimitError, TimeoutError } from '../../src/errors.js';
import { AuthorizedClient, type AuthorizedClientOptions } from '../../src/http/authorized-client.js';
import { FetchTransport } from '../../src/http/fetch-transport.js';
import type { Transport } from '../../src/http/transport.js';
import { UndiciTransport } from '../../src/http/undici-transport.js';
import { fakeTokenSource } from './fake-token-source.js';
import { hastyClock } from './hasty-clock.js';
import { listen, loopbackServer, rawServer } from './loopback-server.js';

const transports: [string, () => Transport][] = [
  ['UndiciTransport', () => new UndiciTransport()],
  ['FetchTransport', () => new FetchTransport()],
];

const OK = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"ok":true}';

function clientOf(origin: string, transport: Transport, options: Partial<AuthorizedClientOptions> = {}) {
  onTestFinished(() => transport.close());
  const clock = hastyClock();
  const client = new AuthorizedClient({
    transport,
    clock,
    tokenSource: fakeTokenSource('t'),
    apiBase: origin,
    allowedOrigins: [],
    ...options,
  });
  return { client, clock };
}

describe.each(transports)('over %s', (_, make) => {
  it.each<[string, (socket: Socket) => void]>([
    ['before the headers', (socket) => socket.resetAndDestroy()],
    [
      'after the headers',
      (socket) =>
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n', () =>
          setImmediate(() => socket.resetAndDestroy()),
        ),
    ],
    ['in the middle of the body', (socket) => socket.end(OK.slice(0, -5))],
    ['with an end that comes too early', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-le')],
  ])('F2: a connection that breaks %s costs a GET nothing, and a POST is not repeated', async (__, fault) => {
    let faults = 0;
    let requests = 0;
    const { origin } = await rawServer((socket) => {
      requests++;
      if (faults-- > 0) fault(socket);
      else socket.end(OK);
    });
    const { client, clock } = clientOf(origin, make());
    faults = 2;
    expect((await client.request({ uri: '/x' })).body).toEqual({ ok: true });
    expect([requests, clock.slept.length]).toEqual([3, 2]);
    faults = 3;
    await expect(client.request({ uri: '/x' })).rejects.toThrow(NetworkError);
    expect(requests).toBe(6);
    faults = 1;
    await expect(client.request({ uri: '/x', method: 'POST', body: {} })).rejects.toThrow(NetworkError);
    expect(requests).toBe(7);
  });

  it('F2: a connection that was closed while idle costs nothing', async () => {
    const server = createServer((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}'),
    );
    const { port } = await listen(server);
    const { client } = clientOf(`http://127.0.0.1:${port}`, make());
    for (let round = 0; round < 10; round++) {
      expect((await client.request({ uri: '/x' })).body).toEqual({ ok: true });
      server.closeAllConnections();
    }
  });

  it('a burst of 503 is ridden out', async () => {
    let faults = 2;
    const { origin, seen } = await loopbackServer((response) =>
      faults-- > 0
        ? response.writeHead(503, { 'retry-after': '3', 'content-type': 'text/html' }).end('<p>'.repeat(500))
        : response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}'),
    );
    const { client, clock } = clientOf(origin, make());
    expect((await client.request({ uri: '/x', method: 'PUT', body: { a: 1 } })).body).toEqual({ ok: true });
    expect(seen.map(({ body }) => body)).toEqual(['{"a":1}', '{"a":1}', '{"a":1}']);
    for (const ms of clock.slept) expect(ms).toBeGreaterThan(2_900);
  });

  it('F1: a body that never ends holds nobody longer than the deadline, and one of a 503 not even so long', async () => {
    let requests = 0;
    const { origin } = await rawServer((socket) => {
      const status = ++requests === 1 ? '503 Unavailable' : '200 OK';
      socket.write(`HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`);
    });
    const { client } = clientOf(origin, make());
    await expect(client.request({ uri: '/x', deadlineMs: 300 })).rejects.toThrow(TimeoutError);
    expect(requests).toBe(2);
  });

  it.each([
    ['4', 4_000],
    ['Sun, 06 Nov 1994 08:49:41 GMT', 4_000],
    ['Sunday, 06-Nov-94 08:49:41 GMT', 4_000],
    ['Sun Nov  6 08:49:41 1994', 4_000],
  ])('G1, G2: a 429 with Retry-After: %s is heeded by any method', async (field, ms) => {
    let faults = 1;
    const { origin, seen } = await loopbackServer((response) => {
      if (faults-- <= 0) return response.writeHead(204).end();
      const fields = { 'retry-after': field, date: 'Sun, 06 Nov 1994 08:49:37 GMT' };
      return response.writeHead(429, fields).end('wait');
    });
    const { client, clock } = clientOf(origin, make());
    await client.request({ uri: '/x', method: 'POST', body: { text: 'hi' } });
    expect(seen.map(({ body }) => body)).toEqual(['{"text":"hi"}', '{"text":"hi"}']);
    const slept = clock.slept.reduce((sum, one) => sum + one, 0);
    expect(slept).toBeGreaterThan(ms - 100);
    expect(slept).toBeLessThan(ms * 1.1 + 1_000);
  });
});

it('G3: a rate limit that is too long is told at once, and nothing is sent until it is over', async () => {
  const { origin, seen } = await loopbackServer((response) =>
    response.writeHead(429, { 'retry-after': '3600' }).end(),
  );
  const { client, clock } = clientOf(origin, new UndiciTransport());
  for (let call = 0; call < 20; call++)
    await expect(client.request({ uri: '/x' })).rejects.toThrow(RateLimitError);
  expect(seen).toHaveLength(1);
  await clock.sleep(3_600_000);
  await expect(client.request({ uri: '/x' })).rejects.toThrow(RateLimitError);
  expect(seen).toHaveLength(2);
});
