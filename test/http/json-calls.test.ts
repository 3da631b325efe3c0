import { describe, expect, it, onTestFinished } from 'vitest';
import { ForbiddenError, NotFoundError } from '../../src/errors.js';
import { AuthorizedClient } from '../../src/http/authorized-client.js';
import { UndiciTransport } from '../../src/http/undici-transport.js';
import { Webex } from '../../src/index.js';
import { startEmulated } from '../support/emulated.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeTokenSource } from './fake-token-source.js';
import { loopbackServer } from './loopback-server.js';

/** A client and what its server saw; each answer is JSON with the method in it, but for DELETE: 204. */
async function rig() {
  const { origin, seen } = await loopbackServer((response, { method, url }) => {
    if (url.includes('nowhere')) response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    else if (method === 'DELETE') response.writeHead(204).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ method }));
  });
  const transport = new UndiciTransport();
  onTestFinished(() => transport.close());
  const client = new AuthorizedClient({
    transport,
    clock: fakeClock(),
    tokenSource: fakeTokenSource('t'),
    apiBase: `${origin}/v1`,
    allowedOrigins: [],
  });
  return { client, seen, origin };
}

describe('get, post, put, patch and delete', () => {
  it('give the body alone, and send data as JSON', async () => {
    const { client, seen, origin } = await rig();
    const options = { query: { a: 'b c' }, headers: { 'x-mine': '1' } };
    expect(await client.get('/rooms', options)).toEqual({ method: 'GET' });
    expect((await client.post<{ method: string }>('/rooms', { title: 'é' }, options)).method).toBe('POST');
    expect(await client.put(new URL(`${origin}/v1/rooms`), ['a'], options)).toEqual({ method: 'PUT' });
    expect(await client.patch('rooms', { a: undefined, b: null }, options)).toEqual({ method: 'PATCH' });
    expect(await client.delete('/rooms', options)).toBeUndefined();
    expect(
      seen.map(({ method, url, body, headers }) => [method, url, body, headers['content-type']]),
    ).toEqual([
      ['GET', '/v1/rooms?a=b+c', '', undefined],
      ['POST', '/v1/rooms?a=b+c', '{"title":"é"}', 'application/json'],
      ['PUT', '/v1/rooms?a=b+c', '["a"]', 'application/json'],
      ['PATCH', '/v1/rooms?a=b+c', '{"b":null}', 'application/json'],
      ['DELETE', '/v1/rooms?a=b+c', '', undefined],
    ]);
    for (const { headers } of seen)
      expect(headers).toMatchObject({ 'x-mine': '1', authorization: 'Bearer t', accept: 'application/json' });
  });

  it('send no body where there is none, and forms as they are', async () => {
    const { client, seen } = await rig();
    await client.post('/x');
    const form = new FormData();
    form.set('text', 'hi');
    await client.post('/x', form);
    expect([seen[0]?.body, seen[0]?.headers['content-type']]).toEqual(['', undefined]);
    expect(seen[1]?.headers['content-type']).toMatch(/^multipart\/form-data/);
  });

  it('throw as request does, and heed the signal', async () => {
    const { client, seen } = await rig();
    await expect(client.get('/nowhere')).rejects.toThrow(NotFoundError);
    await expect(client.get('https://evil.example/')).rejects.toMatchObject({ code: 'ORIGIN_NOT_ALLOWED' });
    await expect(client.put('/x', {}, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
    expect(seen).toHaveLength(1);
  });

  it('are there on a Webex', async () => {
    const { emulator, endpoints } = await startEmulated();
    const webex = Webex.init({ access_token: emulator.issuePersonalToken(), endpoints, discovery: false });
    onTestFinished(async () => {
      await webex.close();
      await emulator.close();
    });
    await webex.whenReady();
    const { items } = await webex.get<{ items: { id: string }[] }>('/rooms', { query: { max: 1 } });
    const roomId = items[0]?.id;
    expect(await webex.post('/messages', { roomId, text: 'hi' })).toMatchObject({ roomId, text: 'hi' });
    emulator.faults.add({
      route: 'PUT /v1/rooms',
      status: 403,
      body: { message: 'The token lacks the scope spark:rooms_write.' },
    });
    await expect(webex.put('/rooms', {})).rejects.toThrow(ForbiddenError);
    await expect(webex.put('/rooms', {})).rejects.toMatchObject({ missingScopes: ['spark:rooms_write'] });
    await expect(webex.patch('/rooms', {})).rejects.toMatchObject({ status: 405 });
    await expect(webex.delete('/rooms')).rejects.toMatchObject({ status: 405 });
  });
});
