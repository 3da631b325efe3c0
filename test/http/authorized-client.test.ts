import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import {
  ApiError,
  ApiStatusError,
  BadRequestError,
  ConfigurationError,
  ConflictError,
  ForbiddenError,
  isWebexAuthError,
  LegalReasonsError,
  LockedError,
  NotFoundError,
  OriginNotAllowedError,
  ProtocolError,
  RateLimitError,
  ReauthRequiredError,
  ResponseTooLargeError,
  ServiceUnavailableError,
  StoreUnavailableError,
  TimeoutError,
  UnauthorizedError,
} from '../../src/errors.js';
import { ApiSettings } from '../../src/http/api-settings.js';
import { AuthorizedClient, type AuthorizedClientOptions } from '../../src/http/authorized-client.js';
import { UndiciTransport } from '../../src/http/undici-transport.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeTokenSource } from './fake-token-source.js';
import { loopbackServer, rawServer } from './loopback-server.js';

function clientOf(origin: string, options: Partial<AuthorizedClientOptions> = {}): AuthorizedClient {
  return new AuthorizedClient({
    transport: new UndiciTransport(),
    tokenSource: fakeTokenSource('old-token', 'new-token'),
    clock: fakeClock(),
    apiBase: `${origin}/v1`,
    allowedOrigins: [],
    // Repeated calls have a file of their own: retries.test.ts.
    retry: false,
    ...options,
  });
}

/** An API that takes `new-token` only. */
const strictApi = () =>
  loopbackServer((response, { headers }) =>
    response
      .writeHead(headers.authorization === 'Bearer new-token' ? 200 : 401, {
        'content-type': 'application/json',
      })
      .end('{"ok":true}'),
  );

describe('fetch', () => {
  it('sends the bearer, a user agent and counted tracking ids', async () => {
    const { origin, seen } = await loopbackServer((response) => response.end('hi'));
    const client = clientOf(origin, { userAgent: 'my-app/1', trackingIdPrefix: 'my-app' });
    expect(await (await client.fetch('/people/me')).text()).toBe('hi');
    expect(await (await client.fetch('people/me', { headers: { accept: 'text/x' } })).text()).toBe('hi');
    expect(seen.map(({ url }) => url)).toEqual(['/v1/people/me', '/v1/people/me']);
    expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer old-token', 'user-agent': 'my-app/1' });
    expect(seen[1]?.headers).toMatchObject({ accept: 'text/x' });
    const ids = seen.map(({ headers }) => String(headers['trackingid']));
    expect(ids[0]).toMatch(/^my-app_[0-9a-f-]{36}_1$/);
    expect(ids[1]).toBe(String(ids[0]).replace(/1$/, '2'));
  });

  it.each([200, 204, 301, 304, 400, 403, 404, 429, 500, 503])('throws not for %i', async (status) => {
    const { origin } = await loopbackServer((response) => response.writeHead(status).end());
    const response = await clientOf(origin).fetch('/x');
    expect([response.status, await response.text()]).toEqual([status, '']);
  });

  it.each([301, 302, 303, 307, 308])(
    'hands a %i back; bearer, headers and body go nowhere',
    async (status) => {
      const evil = await loopbackServer();
      const { origin } = await loopbackServer((response) =>
        response.writeHead(status, { location: `${evil.origin}/v1` }).end('moved'),
      );
      const response = await clientOf(origin).fetch('/x', {
        method: 'POST',
        body: 'b',
        headers: { 'x-mine': '1' },
      });
      expect([response.status, response.headers.get('location')]).toEqual([status, `${evil.origin}/v1`]);
      expect(evil.seen).toEqual([]);
    },
  );

  it('streams both ways', async () => {
    const { origin, seen } = await loopbackServer((response) => {
      response.write('one ');
      setImmediate(() => response.end('two'));
    });
    const response = await clientOf(origin).fetch('/x', {
      method: 'POST',
      body: Readable.from([Buffer.from('up')]),
    });
    const chunks: string[] = [];
    for await (const chunk of response.body ?? []) chunks.push(Buffer.from(chunk as Uint8Array).toString());
    expect([chunks.join(''), seen[0]?.body]).toEqual(['one two', 'up']);
  });

  it('sends forms and blobs with their media type', async () => {
    const { origin, seen } = await loopbackServer();
    const client = clientOf(origin);
    const form = new FormData();
    form.set('files', new Blob(['content'], { type: 'text/plain' }), 'a.txt');
    await client.fetch('/messages', { method: 'POST', body: form });
    await client.fetch('/messages', { method: 'POST', body: new URLSearchParams({ a: 'b c' }) });
    await client.fetch('/messages', { method: 'POST', body: new Blob(['x'], { type: 'image/png' }) });
    expect(seen.map(({ headers }) => headers['content-type'])).toEqual([
      expect.stringMatching(/^multipart\/form-data; ?boundary=/) as string,
      'application/x-www-form-urlencoded;charset=UTF-8',
      'image/png',
    ]);
    expect(seen[0]?.body).toContain('content');
    expect(seen[1]?.body).toBe('a=b+c');
  });

  it.each([
    [{ authorization: 'Bearer mine' }],
    [{ Authorization: 'Bearer mine' }],
    [{ host: 'evil.example' }],
    [{ 'transfer-encoding': 'chunked' }],
    [{ 'content-length': '5' }],
    [{ 'x-a': 'b\r\nauthorization: mine' }],
    [{ 'x-a': 'sn\u2603wman' }],
    [{ 'x a': 'b' }],
    [[['x-a:', 'b']] as [string, string][]],
    [new Headers({ authorization: 'Bearer mine' })],
  ])('refuses the headers %j', async (headers) => {
    const { origin, seen } = await loopbackServer();
    const failure: unknown = await clientOf(origin)
      .fetch('/x', { headers })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(inspect(failure)).not.toContain('mine');
    expect(seen).toEqual([]);
  });

  it.each(['CONNECT', 'TRACE', 'G\r\nET', ''])('refuses the method %j', async (method) => {
    const { origin, seen } = await loopbackServer();
    await expect(clientOf(origin).fetch('/x', { method })).rejects.toThrow(ConfigurationError);
    expect(seen).toEqual([]);
  });

  it('B9: sends no token that would break the header, and does not show it', async () => {
    const { origin, seen } = await loopbackServer();
    const tokenSource = fakeTokenSource('canary\r\nx: y');
    const failure: unknown = await clientOf(origin, { tokenSource })
      .fetch('/x')
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ProtocolError);
    expect(inspect(failure)).not.toContain('canary');
    expect(seen).toEqual([]);
  });

  it('keeps its deadline until the body is read', async () => {
    const { origin } = await rawServer((socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx'),
    );
    const clock = fakeClock();
    const response = await clientOf(origin, { clock, deadlineMs: 5000 }).fetch('/x');
    const reading = expect(response.text()).rejects.toThrow(TimeoutError);
    await clock.advance(5000);
    await reading;
  });

  it('frees the connection of a body that nobody reads, and crashes nothing', async () => {
    let closed: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const { origin } = await rawServer((socket) => {
      socket.once('close', () => closed());
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx');
    });
    const clock = fakeClock();
    const response = await clientOf(origin, { clock, deadlineMs: 5000 }).fetch('/x');
    await clock.advance(5000);
    await gone;
    await expect(response.text()).rejects.toThrow(TimeoutError);
  });

  it('leaves no timer after a body that was read, cancelled or empty', async () => {
    const { origin } = await loopbackServer((response, { url }) =>
      response.end(url.endsWith('empty') ? '' : 'body'),
    );
    const clock = fakeClock();
    const client = clientOf(origin, { clock });
    await (await client.fetch('/x')).text();
    await (await client.fetch('/x')).body?.cancel();
    await client.fetch('/empty');
    await client.fetch('/x', { method: 'HEAD' });
    await client.request({ uri: '/x' });
    await client.fetch('https://evil.example/').catch(() => undefined);
    expect(clock.timers).toBe(0);
  });

  it("rethrows the caller's reason, before and during", async () => {
    const { origin } = await rawServer((socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx'),
    );
    const client = clientOf(origin);
    await expect(client.fetch('/x', { signal: AbortSignal.abort('no') })).rejects.toBe('no');
    const caller = new AbortController();
    const response = await client.fetch('/x', { signal: caller.signal });
    const reading = expect(response.text()).rejects.toBe('enough');
    caller.abort('enough');
    await reading;
  });

  it('waits for a token no longer than its deadline', async () => {
    const clock = fakeClock();
    const tokenSource = { ...fakeTokenSource('t'), token: () => new Promise<never>(() => undefined) };
    const call = expect(clientOf('http://127.0.0.1:9', { clock, tokenSource }).fetch('/x')).rejects.toThrow(
      TimeoutError,
    );
    await clock.advance(60_000);
    await call;
    expect(clock.timers).toBe(0);
  });

  it('caps what it reads, and more when told', async () => {
    const { origin } = await loopbackServer((response) => response.end('x'.repeat(2000)));
    const client = clientOf(origin, { maxBodyBytes: 1999 });
    await expect((await client.fetch('/x')).text()).rejects.toThrow(ResponseTooLargeError);
    expect(await (await client.fetch('/x', { maxBodyBytes: Infinity })).text()).toHaveLength(2000);
    await expect(client.request({ uri: '/x' })).rejects.toThrow(ResponseTooLargeError);
  });
});

describe('401', () => {
  it.each([
    ['a string', 'body'],
    ['bytes', Buffer.from('body')],
    ['nothing', undefined],
  ])('is replayed once with the newer token and the identical body: %s', async (_, body) => {
    const { origin, seen } = await strictApi();
    const tokenSource = fakeTokenSource('old-token', 'new-token');
    const response = await clientOf(origin, { tokenSource }).fetch('/x?y=1', {
      method: 'POST',
      body,
      headers: { 'x-mine': '1' },
    });
    expect([response.status, await response.json()]).toEqual([200, { ok: true }]);
    expect(tokenSource.rejected).toEqual(['old-token']);
    expect(seen.map((one) => [one.method, one.url, one.body, one.headers['x-mine']])).toEqual(
      Array.from({ length: 2 }, () => ['POST', '/v1/x?y=1', body?.toString() ?? '', '1']),
    );
  });

  it('is handed back after one replay', async () => {
    const { origin, seen } = await loopbackServer((response) => response.writeHead(401).end('no'));
    const tokenSource = fakeTokenSource('a', 'b', 'c');
    const response = await clientOf(origin, { tokenSource }).fetch('/x');
    expect([response.status, await response.text(), seen.length]).toEqual([401, 'no', 2]);
    expect(tokenSource.rejected).toEqual(['a']);
  });

  it.each([
    ['there is no other token', fakeTokenSource('only'), 'body'],
    ['the body is a stream', fakeTokenSource('old-token', 'new-token'), Readable.from([Buffer.from('body')])],
    [
      'no other token can be had',
      { ...fakeTokenSource('a'), reportRejected: () => Promise.reject(new StoreUnavailableError('busy')) },
      'body',
    ],
  ])('is handed back, body and all, when %s', async (_, tokenSource, body) => {
    const { origin, seen } = await loopbackServer((response) => response.writeHead(401).end('no'));
    const response = await clientOf(origin, { tokenSource }).fetch('/x', { method: 'POST', body });
    expect([response.status, await response.text(), seen.length]).toEqual([401, 'no', 1]);
  });

  it('reports the token even when it cannot replay', async () => {
    const { origin } = await strictApi();
    const tokenSource = fakeTokenSource('old-token', 'new-token');
    const client = clientOf(origin, { tokenSource });
    expect((await client.fetch('/x', { method: 'POST', body: Readable.from([]) })).status).toBe(401);
    expect((await client.fetch('/x')).status).toBe(200);
  });

  it('of the token that was used: another newer one is no reason to replay twice', async () => {
    const { origin, seen } = await strictApi();
    const client = clientOf(origin);
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await client.fetch('/x')).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(seen.length).toBeLessThanOrEqual(40);
  });

  it('is thrown by request: typed, with the reason it stayed', async () => {
    const { origin } = await loopbackServer((response) => response.writeHead(401).end());
    const stuck = (error: Error) => ({
      ...fakeTokenSource('a'),
      reportRejected: () => Promise.reject(error),
    });
    const reauth = { reason: 'ambiguous', since: 0 };
    await expect(clientOf(origin).request({ uri: '/x' })).rejects.toThrow(UnauthorizedError);
    await expect(
      clientOf(origin, { tokenSource: stuck(new ReauthRequiredError('over', { reauth })) }).request({
        uri: '/x',
      }),
    ).rejects.toThrow(ReauthRequiredError);
    await expect(
      clientOf(origin, { tokenSource: stuck(new StoreUnavailableError('busy')) }).request({ uri: '/x' }),
    ).rejects.toMatchObject({ code: 'UNAUTHORIZED', cause: { code: 'STORE_UNAVAILABLE' } });
  });

  it('is left alone where the caller says so', async () => {
    const { origin } = await strictApi();
    const tokenSource = fakeTokenSource('old-token', 'new-token');
    const call = clientOf(origin, { tokenSource }).request({ uri: '/x', shouldRefreshAccessToken: false });
    await expect(call).rejects.toThrow(UnauthorizedError);
    expect(tokenSource.rejected).toEqual([]);
  });
});

describe('request', () => {
  it('writes and reads JSON, by service and resource or by uri', async () => {
    const { origin, seen } = await loopbackServer((response) =>
      response
        .writeHead(200, { 'content-type': 'application/json; charset=utf-8', trackingid: 'T_1' })
        .end('\uFEFF{"id":"1"}'),
    );
    const client = clientOf(origin, {
      resolveService: (name) => (name === 'other' ? `${origin}/other/` : undefined),
    });
    const { statusCode, headers, body } = await client.request<{ id: string }>({
      service: 'hydra',
      resource: 'people/me',
      qs: { a: 'x y' },
    });
    expect([statusCode, headers['trackingid'], body.id]).toEqual([200, 'T_1', '1']);
    await client.request({ service: 'other', resource: '/thing', method: 'post', body: { text: 'é' } });
    await client.request({ uri: `${origin}/v1/rooms`, method: 'PUT', body: ['a'] });
    await client.request({
      url: 'rooms',
      method: 'POST',
      body: '{"ready":1}',
      headers: { 'Content-Type': 'text/x' },
    });
    expect(
      seen.map(({ method, url, headers, body }) => [method, url, headers['content-type'], body]),
    ).toEqual([
      ['GET', '/v1/people/me?a=x+y', undefined, ''],
      ['POST', '/other/thing', 'application/json', '{"text":"é"}'],
      ['PUT', '/v1/rooms', 'application/json', '["a"]'],
      ['POST', '/v1/rooms', 'text/x', '{"ready":1}'],
    ]);
    expect(seen[0]?.headers.accept).toBe('application/json');
  });

  it.each([
    [204, undefined, '', undefined],
    [200, 'application/json', '', undefined],
    [200, 'text/html', '<p>', '<p>'],
    [200, undefined, 'plain', 'plain'],
    [200, 'application/problem+json', '[1]', [1]],
    [200, 'image/png', 'PNG', Buffer.from('PNG')],
  ])('reads %i %s %j', async (status, type, sent, body) => {
    const { origin } = await loopbackServer((response) =>
      response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(sent),
    );
    expect((await clientOf(origin).request({ uri: '/x' })).body).toEqual(body);
  });

  it('says so when JSON is none', async () => {
    const { origin } = await loopbackServer((response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":'),
    );
    await expect(clientOf(origin).request({ uri: '/x' })).rejects.toThrow(ProtocolError);
  });

  it.each([
    [401, UnauthorizedError],
    [403, ForbiddenError],
    [400, BadRequestError],
    [404, NotFoundError],
    [409, ConflictError],
    [410, ApiError],
    [415, ApiError],
    [423, LockedError],
    [428, ApiError],
    [451, LegalReasonsError],
    [429, RateLimitError],
    [500, ServiceUnavailableError],
    [503, ServiceUnavailableError],
  ])(
    'throws for %i, with tracking id and without a word of the server or the query',
    async (status, type) => {
      const { origin } = await loopbackServer((response) =>
        response
          .writeHead(status, {
            'content-type': 'application/json',
            trackingid: 'ROUTER_5F3A-01BB_1',
            'retry-after': '7',
          })
          .end('{"message":"canary","errors":[{"description":"canary"}]}'),
      );
      const clock = fakeClock();
      const failure: unknown = await clientOf(origin, { clock })
        .request({ uri: '/people?email=canary' })
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(type);
      expect(failure).toMatchObject({ status, trackingId: 'ROUTER_5F3A-01BB_1' });
      expect(isWebexAuthError(failure) && failure.retryAt).toBeGreaterThanOrEqual(clock.now() + 7000);
      expect(inspect(failure, { depth: Infinity, showHidden: true }) + JSON.stringify(failure)).not.toContain(
        'canary',
      );
      if (failure instanceof ApiStatusError) expect(failure.body).toMatchObject({ message: 'canary' });
    },
  );

  it("takes no token-like tracking id, and holds Retry-After dates against the server's own clock", async () => {
    const { origin } = await loopbackServer((response) =>
      response
        .writeHead(429, {
          trackingid: `${'A'.repeat(64)}_P0A1_12345678-1234-1234-1234-123456789012`,
          date: 'Sun, 06 Nov 1994 08:49:37 GMT',
          'retry-after': 'Sun, 06 Nov 1994 08:50:37 GMT',
        })
        .end(),
    );
    const clock = fakeClock();
    await expect(clientOf(origin, { clock }).request({ uri: '/x' })).rejects.toMatchObject({
      // The one that was sent.
      trackingId: expect.stringMatching(/^webex-auth_[0-9a-f-]{36}_1$/) as string,
      retryAt: clock.now() + 60_000,
    });
  });

  it('wants to know what to call', async () => {
    await expect(clientOf('http://127.0.0.1:9').request({})).rejects.toThrow(ConfigurationError);
    await expect(clientOf('http://127.0.0.1:9').request({ service: 'x', resource: 'y' })).rejects.toThrow(
      ConfigurationError,
    );
  });
});

describe('paginate', () => {
  const pages = (
    next: (url: string) => string | undefined,
    items: (url: string) => unknown = () => ({ items: [1, 2] }),
  ) =>
    loopbackServer((response, { url }) => {
      const link = next(url);
      if (link !== undefined) response.setHeader('link', link);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(items(url)));
    });
  async function all(list: AsyncIterable<unknown>): Promise<unknown[]> {
    const found: unknown[] = [];
    for await (const one of list) found.push(one);
    return found;
  }

  it('follows next as written, through empty pages', async () => {
    const links: Record<string, string> = {
      '/v1/rooms?q=1&max=2': '?before&after=%2fa,b&page=2',
      '/v1/rooms?before&after=%2fa,b&page=2': 'ABSOLUTE/v1/rooms?page=3',
    };
    const items: Record<string, number[]> = { '/v1/rooms?q=1&max=2': [1, 2], '/v1/rooms?page=3': [3] };
    const { origin, seen } = await pages(
      (url) => links[url] && `<x>; rel="prev", <${links[url].replace('ABSOLUTE', origin)}>; rel="next"`,
      (url) => ({ items: items[url] ?? [] }),
    );
    expect(await all(clientOf(origin).paginate('/rooms', { max: 2, query: { q: 1 } }))).toEqual([1, 2, 3]);
    expect(seen.map(({ url }) => url)).toEqual([...Object.keys(links), '/v1/rooms?page=3']);
  });

  it('stops at the limit and when nobody asks for more', async () => {
    let page = 0;
    const { origin, seen } = await pages(() => `</v1/rooms?page=${++page}>; rel=next`);
    const client = clientOf(origin);
    expect(await all(client.paginate('/rooms', { limit: 3 }))).toEqual([1, 2, 1]);
    expect(seen).toHaveLength(2);
    for await (const one of client.paginate('/rooms')) if (one === 2) break;
    expect(seen).toHaveLength(3);
    expect(await all(client.paginate('/rooms', { limit: 0 }))).toEqual([]);
    expect(seen).toHaveLength(3);
  });

  it('asks for nothing more after an abort between pages, and leaves nothing behind after a break', async () => {
    const { origin, seen } = await pages((url) => `<${url}x>; rel=next`);
    const clock = fakeClock();
    const client = clientOf(origin, { clock });
    const caller = new AbortController();
    const list = client.paginate('/rooms', { signal: caller.signal });
    expect([await list.next(), await list.next()].map(({ value }) => value)).toEqual([1, 2]);
    caller.abort('enough');
    await expect(list.next()).rejects.toBe('enough');
    expect(await list.next()).toEqual({ done: true, value: undefined });
    const left = client.paginate('/rooms');
    for await (const one of left) if (one === 1) break;
    expect(await left.next()).toEqual({ done: true, value: undefined });
    expect([seen.length, clock.timers]).toEqual([2, 0]);
  });

  it('leads nobody in circles', async () => {
    const { origin, seen } = await pages((url) => `</v1/rooms?page=${url.endsWith('=1') ? 2 : 1}>; rel=next`);
    await expect(all(clientOf(origin).paginate('/rooms'))).rejects.toThrow(ProtocolError);
    expect(seen).toHaveLength(3);
  });

  it('B3: takes no bearer to a next link elsewhere', async () => {
    const evil = await loopbackServer();
    const where = [`${evil.origin}/v1/rooms`, evil.origin.slice(5), `\\\\${evil.origin.slice(7)}`];
    for (const link of where) {
      const { origin, seen } = await pages(() => `<${link}>; rel=next`);
      await expect(all(clientOf(origin).paginate('/rooms')), link).rejects.toThrow(OriginNotAllowedError);
      expect(seen).toHaveLength(1);
    }
    expect(evil.seen).toEqual([]);
  });

  it.each([
    [{ items: [1], notFoundIds: ['x'] }, undefined, [1]],
    [{ locations: [1], total: 1 }, undefined, [1]],
    [{ a: [1], b: [2] }, 'b', [2]],
  ])('finds the items of %j', async (page, itemsKey, items) => {
    const { origin } = await pages(
      () => undefined,
      () => page,
    );
    expect(await all(clientOf(origin).paginate('/x', { itemsKey }))).toEqual(items);
  });

  it.each([[{ a: [1], b: [2] }], [[1]], ['text'], [{}], [null]])(
    'says so when there are none in %j',
    async (page) => {
      const { origin } = await pages(
        () => undefined,
        () => page,
      );
      await expect(all(clientOf(origin).paginate('/x'))).rejects.toThrow(ProtocolError);
    },
  );
});

describe('clients for many principals', () => {
  it('share everything but the token source', async () => {
    const { origin, seen } = await loopbackServer();
    const settings = new ApiSettings({
      transport: new UndiciTransport(),
      clock: fakeClock(),
      apiBase: origin,
      allowedOrigins: [],
    });
    const first = new AuthorizedClient({ settings, tokenSource: fakeTokenSource('one') });
    const second = new AuthorizedClient({ settings, tokenSource: fakeTokenSource('two') });
    await first.fetch('/x');
    await second.fetch('/x');
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer one', 'Bearer two']);
    expect(seen[1]?.headers['trackingid']).toMatch(/_2$/);
  });

  it.each([
    { deadlineMs: 0 },
    { deadlineMs: NaN },
    { maxBodyBytes: -1 },
    { userAgent: 'a\nb' },
    { trackingIdPrefix: '' },
  ])('are not made with %j', (options) => {
    expect(() => clientOf('http://127.0.0.1:9', options)).toThrow(ConfigurationError);
  });
});

it('never asks twice for the same token in one call', async () => {
  const { origin } = await loopbackServer();
  const tokenSource = fakeTokenSource('t');
  const token = vi.spyOn(tokenSource, 'token');
  await clientOf(origin, { tokenSource }).request({ uri: '/x' });
  expect(token).toHaveBeenCalledTimes(1);
});
