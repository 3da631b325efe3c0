import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { nodeHttp } from '../../src/adapters/node-http.js';
import { serve } from './servers.js';

type Handler = (request: Request) => Promise<Response>;

async function serveHandler(handler: Handler): Promise<string> {
  const listener = nodeHttp({ handler });
  return serve((incoming, outgoing) => void listener(incoming, outgoing));
}

/** Sends bytes as they are and gives everything that comes back. */
async function raw(origin: string, text: string): Promise<string> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}

describe('nodeHttp', () => {
  it('hands over method, path, query, headers and body', async () => {
    const origin = await serveHandler(async (request) =>
      Response.json({
        method: request.method,
        url: request.url,
        header: request.headers.get('x-one'),
        cookie: request.headers.get('cookie'),
        body: await request.text(),
      }),
    );
    const answer = await fetch(`${origin}/auth/login?returnTo=%2Fx`, {
      method: 'POST',
      headers: { 'x-one': '1', cookie: 'a=b; c=d' },
      body: 'hello',
    });
    expect(await answer.json()).toEqual({
      method: 'POST',
      url: 'http://webex-auth.invalid/auth/login?returnTo=%2Fx',
      header: '1',
      cookie: 'a=b; c=d',
      body: 'hello',
    });
  });

  it('hands back status, headers, each Set-Cookie and the body', async () => {
    const origin = await serveHandler(async () => {
      const headers = new Headers({ 'x-two': '2' });
      headers.append('set-cookie', 'a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT');
      headers.append('set-cookie', 'b=2');
      return new Response('made', { status: 201, headers });
    });
    const answer = await fetch(origin);
    expect([answer.status, answer.headers.get('x-two'), await answer.text()]).toEqual([201, '2', 'made']);
    expect(answer.headers.getSetCookie()).toEqual(['a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT', 'b=2']);
  });

  it.each([
    ['//evil.example/x', '//evil.example/x'],
    ['http://evil.example/x', '/'],
    ['/\\evil.example', '//evil.example'],
    ['*', '/'],
  ])('keeps its own base for the request target %s', async (target, pathname) => {
    const origin = await serveHandler(async ({ url }) => new Response(url));
    const answer = await raw(
      origin,
      `GET ${target} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toContain(`http://webex-auth.invalid${pathname}`);
  });

  it.each([
    ['with a length', { 'content-length': String(4 * 1024 * 1024) }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('refuses a body above 64 KiB %s', async (_name, headers) => {
    const origin = await serveHandler(async (request) => new Response(await request.text()));
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(origin, { method: 'POST', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      request.on('error', reject);
      request.end('a'.repeat(4 * 1024 * 1024));
    });
    expect(status).toBe(413);
  });

  it('takes a body of exactly 64 KiB, and does not mind one that nobody reads', async () => {
    const origin = await serveHandler(
      async (request) =>
        new Response(request.url.endsWith('/read') ? String((await request.text()).length) : 'unread'),
    );
    const send = async (path: string, size: number) =>
      (await fetch(origin + path, { method: 'POST', body: 'a'.repeat(size) })).text();
    expect(await send('/read', 65_536)).toBe('65536');
    expect(await send('/', 300_000)).toBe('unread');
  });

  it('tells the handler when the client goes away', async () => {
    let started = (): void => undefined;
    const running = new Promise<void>((resolve) => (started = resolve));
    let aborted = (): void => undefined;
    const gone = new Promise<void>((resolve) => (aborted = resolve));
    const origin = await serveHandler(async ({ signal }) => {
      signal.addEventListener('abort', aborted);
      started();
      await gone;
      return new Response('late');
    });
    const client = new AbortController();
    const answer = fetch(origin, { signal: client.signal }).catch((error: unknown) => error);
    await running;
    client.abort();
    await gone;
    expect(await answer).toMatchObject({ name: 'AbortError' });
  });

  it('answers 500 and tells nothing when the handler fails, 400 to TRACE', async () => {
    const origin = await serveHandler(() => Promise.reject(new Error('canary')));
    const answer = await fetch(origin);
    expect([answer.status, await answer.text()]).toEqual([500, '']);
    expect(await raw(origin, 'TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1.1 400/,
    );
  });

  it('streams, and lets go when the client stops reading', async () => {
    let cancelled = (): void => undefined;
    const gone = new Promise<void>((resolve) => (cancelled = resolve));
    const origin = await serveHandler(
      async () =>
        new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(new Uint8Array(1024)),
            cancel: () => cancelled(),
          }),
        ),
    );
    const client = new AbortController();
    const answer = await fetch(origin, { signal: client.signal });
    await answer.body?.getReader().read();
    client.abort();
    await gone;
  });
});
