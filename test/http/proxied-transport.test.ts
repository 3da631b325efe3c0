import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { ClosedError, NetworkError } from '../../src/errors.js';
import { networkError } from '../../src/http/network-error.js';
import { UndiciTransport, type UndiciTransportOptions } from '../../src/http/undici-transport.js';
import { listen, loopbackServer } from './loopback-server.js';
import { apiExample } from './api-example.js';

const ORIGIN = 'https://api.example';

/** An API at https://api.example that only a CONNECT proxy leads to. Both keep what they saw. */
async function proxied(options: UndiciTransportOptions = {}, refusal?: number) {
  const requests: string[] = [];
  const api = await listen(
    createTlsServer(apiExample, (request, response) => {
      requests.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? 'none'}`);
      response.end('hi');
    }),
  );
  const tunnels: { to: string; authorization: string | undefined }[] = [];
  const proxy = createServer((_request, response) => response.writeHead(500).end('no tunnel'));
  proxy.on('connect', ({ url = '', headers }: IncomingMessage, socket: Socket) => {
    tunnels.push({ to: url, authorization: headers['proxy-authorization'] });
    socket.on('error', () => undefined);
    if (refusal) return void socket.end(`HTTP/1.1 ${refusal} No\r\ncontent-length: 0\r\n\r\n`);
    const upstream = connect(api.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  });
  const { port } = await listen(proxy);
  const open = (proxyUrl: string, more: UndiciTransportOptions = {}) => {
    const transport = new UndiciTransport({
      proxy: proxyUrl,
      env: {},
      ca: apiExample.cert,
      ...options,
      ...more,
    });
    onTestFinished(() => transport.close());
    return transport;
  };
  return { port, requests, tunnels, open };
}

async function get(transport: UndiciTransport, url = `${ORIGIN}/x`): Promise<string> {
  const { body } = await transport.send({ method: 'GET', url, headers: {} });
  return Buffer.concat((await body.toArray()) as Buffer[]).toString();
}

it('goes through the tunnel of an HTTP proxy; the proxy sees host and port only', async () => {
  const { port, requests, tunnels, open } = await proxied();
  const transport = open(`http://127.0.0.1:${port}`);
  expect(await get(transport)).toBe('hi');
  expect(await get(transport)).toBe('hi');
  expect(new Set(tunnels.map(({ to, authorization }) => `${to} ${authorization}`))).toEqual(
    new Set(['api.example:443 undefined']),
  );
  expect(requests).toEqual(['GET /x none', 'GET /x none']);
});

it('as the environment says', async () => {
  const { port, tunnels, open } = await proxied({ proxy: undefined });
  expect(await get(open('', { proxy: undefined, env: { HTTPS_PROXY: `http://127.0.0.1:${port}` } }))).toBe(
    'hi',
  );
  expect(tunnels).toHaveLength(1);
  const straight = open('', {
    proxy: undefined,
    env: { HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: 'example' },
  });
  await expect(get(straight)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  expect(tunnels).toHaveLength(1);
});

it('shows credentials to the proxy alone', async () => {
  const { port, requests, tunnels, open } = await proxied();
  const transport = open(`http://user:can%40ary@127.0.0.1:${port}`);
  expect(await get(transport)).toBe('hi');
  expect(tunnels[0]?.authorization).toBe(`Basic ${Buffer.from('user:can@ary').toString('base64')}`);
  expect(requests).toEqual(['GET /x none']);
  expect(inspect(transport, { depth: Infinity, showHidden: true })).not.toMatch(/can.?.?.?ary|Basic/);
});

it.each([403, 407, 502])('says so when the proxy refuses with %i, without its address', async (status) => {
  const { port, requests, open } = await proxied({}, status);
  const thrown: unknown = await get(open(`http://user:canary@127.0.0.1:${port}`)).catch(
    (error: unknown) => error,
  );
  const error = networkError(thrown, ORIGIN);
  expect(error).toBeInstanceOf(NetworkError);
  expect(error).toMatchObject({ reason: 'refused', maybeProcessed: false });
  expect(String(error)).toContain(String(status));
  expect(inspect(thrown, { depth: Infinity, showHidden: true })).not.toContain('canary');
  expect(requests).toEqual([]);
});

it('verifies certificates behind the proxy too', async () => {
  const { port, requests, open } = await proxied();
  const thrown: unknown = await get(open(`http://127.0.0.1:${port}`, { ca: undefined })).catch(
    (error: unknown) => error,
  );
  expect(networkError(thrown, ORIGIN)).toMatchObject({ reason: 'tls', maybeProcessed: false });
  expect(requests).toEqual([]);
});

it('never for this machine', async () => {
  const { port, tunnels, open } = await proxied();
  const { origin } = await loopbackServer((response) => response.end('straight'));
  expect(await get(open(`http://127.0.0.1:${port}`), `${origin}/`)).toBe('straight');
  expect(tunnels).toEqual([]);
});

it('is closed with the transport', async () => {
  const { port, open } = await proxied();
  const transport = open(`http://127.0.0.1:${port}`);
  await get(transport);
  await transport.close();
  await expect(get(transport)).rejects.toThrow(ClosedError);
});

it('a proxy that is not there is a refused connection', async () => {
  const { open } = await proxied();
  const thrown: unknown = await get(open('http://127.0.0.1:1')).catch((error: unknown) => error);
  expect(networkError(thrown, ORIGIN)).toMatchObject({ reason: 'refused', maybeProcessed: false });
});
