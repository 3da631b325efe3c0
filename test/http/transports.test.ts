import { createServer as createTlsServer } from 'node:https';
import { Readable } from 'node:stream';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ClosedError, NetworkError } from '../../src/errors.js';
import { FetchTransport } from '../../src/http/fetch-transport.js';
import { networkError } from '../../src/http/network-error.js';
import type { Transport, TransportRequest } from '../../src/http/transport.js';
import { UndiciTransport } from '../../src/http/undici-transport.js';
import { listen, loopbackServer, rawServer } from './loopback-server.js';
import { selfSigned } from './self-signed.js';

const transports: [string, () => Transport][] = [
  ['UndiciTransport', () => new UndiciTransport()],
  ['FetchTransport', () => new FetchTransport()],
];

async function failureOf(transport: Transport, request: Partial<TransportRequest> & { url: string }) {
  try {
    const { body } = await transport.send({ method: 'GET', headers: {}, ...request });
    await body.toArray();
  } catch (error) {
    return networkError(error, 'there');
  }
  throw new Error('It should have failed');
}

describe.each(transports)('%s', (_, make) => {
  function open(): Transport {
    const transport = make();
    onTestFinished(() => transport.close());
    return transport;
  }
  const text = async (body: Readable): Promise<string> =>
    Buffer.concat((await body.toArray()) as Buffer[]).toString();

  it('sends method, headers and each kind of body', async () => {
    const { origin, seen } = await loopbackServer();
    const transport = open();
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from('web'));
        controller.close();
      },
    });
    for (const body of ['text', Buffer.from('bytes'), Readable.from([Buffer.from('node')]), stream])
      await transport.send({
        method: 'PATCH',
        url: new URL(`${origin}/a?b=c#d`),
        headers: { 'x-one': '1' },
        body,
      });
    expect(seen.map(({ method, url, headers, body }) => [method, url, headers['x-one'], body])).toEqual(
      ['text', 'bytes', 'node', 'web'].map((body) => ['PATCH', '/a?b=c', '1', body]),
    );
  });

  it('gives status, headers (repeated ones as a list) and body as they are', async () => {
    const { origin } = await loopbackServer((response) =>
      response
        .writeHead(
          418,
          [
            ['x-one', '1'],
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
          ].flat(),
        )
        .end('pot'),
    );
    const { status, headers, body } = await open().send({ method: 'GET', url: origin + '/', headers: {} });
    expect([status, headers['x-one'], headers['set-cookie'], await text(body)]).toEqual([
      418,
      '1',
      ['a=1', 'b=2'],
      'pot',
    ]);
  });

  it.each([301, 302, 303, 307, 308])('B4: does not follow a %i', async (status) => {
    const evil = await loopbackServer();
    const { origin } = await loopbackServer((response) =>
      response.writeHead(status, { location: `${evil.origin}/steal` }).end(),
    );
    const answer = await open().send({
      method: 'POST',
      url: `${origin}/`,
      headers: { authorization: 'Bearer canary', 'x-token': 'canary' },
      body: 'canary',
    });
    expect([answer.status, answer.headers['location']]).toEqual([status, `${evil.origin}/steal`]);
    expect(evil.seen).toEqual([]);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('undoes %s and drops what it says', async (coding, compress) => {
    const { origin } = await loopbackServer((response) =>
      response.writeHead(200, { 'content-encoding': coding }).end(compress('hello')),
    );
    const { headers, body } = await open().send({ method: 'GET', url: origin + '/', headers: {} });
    expect([await text(body), headers['content-encoding'], headers['content-length']]).toEqual([
      'hello',
      undefined,
      undefined,
    ]);
  });

  it('F2: tells a refused connection from a reset one', async () => {
    const transport = open();
    const { origin: reset } = await rawServer((socket) => socket.resetAndDestroy());
    const { origin: afterHeaders } = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () =>
        setImmediate(() => socket.resetAndDestroy()),
      );
    });
    const { origin: truncated } = await rawServer((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'),
    );
    expect(await failureOf(transport, { url: 'http://127.0.0.1:1/' })).toMatchObject(
      // Port 1 is on fetch's list of bad ports: it does not even try.
      transport instanceof FetchTransport
        ? { code: 'NETWORK_ERROR' }
        : { reason: 'refused', maybeProcessed: false },
    );
    for (const url of [reset, afterHeaders, truncated])
      expect(await failureOf(transport, { url: `${url}/` })).toMatchObject({
        reason: 'reset',
        maybeProcessed: true,
      });
  });

  it('ends at the signal, also while the body drips', async () => {
    const { origin } = await rawServer((socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx'),
    );
    const caller = new AbortController();
    const { body } = await open().send({
      method: 'GET',
      url: `${origin}/`,
      headers: {},
      signal: caller.signal,
    });
    const reading = expect(body.toArray()).rejects.toThrow('enough');
    caller.abort(new Error('enough'));
    await reading;
  });

  it('B8: sends nothing to a server whose certificate is not trusted, whatever the environment says', async () => {
    let requests = 0;
    const { port } = await listen(
      createTlsServer(selfSigned, (_request, response) => (requests++, response.end())),
    );
    const failure = await failureOf(open(), { url: `https://localhost:${port}/` });
    expect(failure).toMatchObject({ reason: 'tls', maybeProcessed: false });
    expect(requests).toBe(0);
  });

  it('is closed after close', async () => {
    const { origin } = await loopbackServer();
    const transport = make();
    await (await transport.send({ method: 'GET', url: `${origin}/`, headers: {} })).body.toArray();
    await transport.close();
    await transport.close();
    await expect(transport.send({ method: 'GET', url: `${origin}/`, headers: {} })).rejects.toThrow(
      ClosedError,
    );
  });
});

describe('UndiciTransport', () => {
  it('B8: verifies certificates even with NODE_TLS_REJECT_UNAUTHORIZED=0, and trusts the authority it is given', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    onTestFinished(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    });
    const { port } = await listen(createTlsServer(selfSigned, (_request, response) => response.end('hi')));
    const url = `https://localhost:${port}/`;
    const strict = new UndiciTransport();
    const trusting = new UndiciTransport({ ca: selfSigned.cert });
    onTestFinished(async () => void (await Promise.all([strict.close(), trusting.close()])));
    expect(await failureOf(strict, { url })).toMatchObject({ reason: 'tls', maybeProcessed: false });
    expect((await trusting.send({ method: 'GET', url, headers: {} })).status).toBe(200);
  });

  it('fails what is in flight when it is closed', async () => {
    let arrived: () => void = () => undefined;
    const there = new Promise<void>((resolve) => (arrived = resolve));
    const { origin } = await rawServer(() => arrived());
    const transport = new UndiciTransport();
    const outcome = transport.send({ method: 'GET', url: `${origin}/`, headers: {} });
    const failed = expect(outcome).rejects.toThrow(ClosedError);
    await there;
    await transport.close();
    await failed;
  });

  it('names a host that does not exist', async () => {
    const transport = new UndiciTransport();
    onTestFinished(() => transport.close());
    const failure = await failureOf(transport, { url: 'http://nowhere.invalid/' });
    expect(failure).toBeInstanceOf(NetworkError);
    expect(failure).toMatchObject({ reason: 'dns', maybeProcessed: false });
  });
});
