import { gzipSync } from 'node:zlib';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import {
  NetworkError,
  OriginNotAllowedError,
  ProtocolError,
  ResponseTooLargeError,
  TimeoutError,
} from '../../src/errors.js';
import type { WholeResponse } from '../../src/base/fetch.js';
import { transportFetch, type TransportFetchOptions } from '../../src/http/secure-fetch.js';
import { UndiciTransport } from '../../src/http/undici-transport.js';
import { loopbackServer, rawServer } from './loopback-server.js';

const post = (
  url: string,
  options: Partial<TransportFetchOptions> = {},
  signal?: AbortSignal,
): Promise<WholeResponse> =>
  transportFetch({ transport: new UndiciTransport(), clock: systemClock, ...options })(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'refresh_token=canary',
    redirect: 'manual',
    signal,
  });

describe('transportFetch', () => {
  it('gives the whole answer', async () => {
    const { origin, seen } = await loopbackServer((response) =>
      response
        .writeHead(201, { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] })
        .end('{"a":1}'),
    );
    const response = await post(`${origin}/token`);
    expect([response.status, response.headers.get('Content-Type'), await response.text()]).toEqual([
      201,
      'application/json',
      '{"a":1}',
    ]);
    expect(seen[0]).toMatchObject({
      body: 'refresh_token=canary',
      headers: { 'accept-encoding': 'identity' },
    });
  });

  it.each([204, 205, 304])('has no body with %i', async (status) => {
    const { origin } = await loopbackServer((response) => response.writeHead(status).end());
    expect(await (await post(`${origin}/`)).text()).toBe('');
  });

  it.each([301, 302, 303, 307, 308])(
    'B5: hands a %i back and sends nothing to its target',
    async (status) => {
      const evil = await loopbackServer();
      const { origin } = await loopbackServer((response) =>
        response.writeHead(status, { location: evil.origin }).end(),
      );
      expect((await post(`${origin}/`)).status).toBe(status);
      expect(evil.seen).toEqual([]);
    },
  );

  it.each([
    'http://webexapis.com/',
    'http://127.0.0.1.evil.example/',
    'https://u:p@webexapis.com/',
    'ftp://x/',
    'x',
    '',
  ])('B8: sends no secret to %j', async (url) => {
    await expect(post(url)).rejects.toThrow(OriginNotAllowedError);
  });

  it.each([
    ['no byte', ''],
    ['half a header', 'HTTP/1.1 200 OK\r\nconte'],
    ['headers alone', 'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n'],
  ])('F1: settles at the deadline when there is %s', async (_, start) => {
    const { origin } = await rawServer((socket) => socket.write(start));
    const started = performance.now();
    await expect(post(`${origin}/`, { deadlineMs: 150 })).rejects.toThrow(TimeoutError);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('F1: settles at the deadline though bytes keep dripping', async () => {
    const { origin } = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n');
      const drip = setInterval(() => socket.write('x'), 20);
      socket.once('close', () => clearInterval(drip));
    });
    const started = performance.now();
    await expect(post(`${origin}/`, { deadlineMs: 200 })).rejects.toThrow(TimeoutError);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('F1: settles at the deadline while still connecting', async () => {
    const transport = { send: () => new Promise<never>(() => undefined), close: () => Promise.resolve() };
    await expect(post('https://webexapis.com/', { transport, deadlineMs: 30 })).rejects.toThrow(TimeoutError);
  });

  it("rethrows the caller's own reason", async () => {
    const { origin } = await rawServer(() => undefined);
    const caller = new AbortController();
    const outcome = expect(post(`${origin}/`, {}, caller.signal)).rejects.toBe('gone');
    setImmediate(() => caller.abort('gone'));
    await outcome;
  });

  it.each([
    ['plain', {}, Buffer.alloc(4096, 'x')],
    ['compressed', { 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(50 * 1024 * 1024))],
  ])('F4: cuts a %s body at the cap', async (_, headers, body) => {
    const { origin } = await loopbackServer((response) => response.writeHead(200, headers).end(body));
    const before = process.memoryUsage().rss;
    await expect(post(`${origin}/`, { maxBodyBytes: 4095 })).rejects.toThrow(ResponseTooLargeError);
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * 1024 * 1024);
  });

  it('takes a body of exactly the cap', async () => {
    const { origin } = await loopbackServer((response) => response.end('x'.repeat(4096)));
    expect(await (await post(`${origin}/`, { maxBodyBytes: 4096 })).text()).toHaveLength(4096);
  });

  it('F4: stops an endless body', async () => {
    let sent = 0;
    const { origin } = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      const chunk = Buffer.from(`10000\r\n${'x'.repeat(0x10000)}\r\n`);
      const more = (): void => {
        while (!socket.destroyed && sent < 100 * 1024 * 1024) {
          sent += chunk.length;
          if (!socket.write(chunk)) return void socket.once('drain', more);
        }
      };
      more();
    });
    await expect(post(`${origin}/`)).rejects.toThrow(ResponseTooLargeError);
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });

  it.each([
    ['headers beyond reason', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(65_536)}\r\n\r\n`, ResponseTooLargeError],
    ['a status outside HTTP', 'HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n', ProtocolError],
    ['no HTTP', 'refresh_token=canary\r\n\r\n', NetworkError],
    [
      'broken gzip',
      'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 6\r\n\r\ncanary',
      ProtocolError,
    ],
    [
      'cut gzip',
      'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b',
      ProtocolError,
    ],
  ])('F3, F4: has a typed error without a secret for %s', async (_, bytes, type) => {
    const { origin } = await rawServer((socket) => socket.end(Buffer.from(bytes, 'latin1')));
    const failure: unknown = await post(`${origin}/`).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(type);
    expect(inspect(failure, { depth: Infinity, showHidden: true })).not.toContain('canary');
  });
});
