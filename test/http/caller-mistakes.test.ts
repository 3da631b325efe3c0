import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { AuthorizedClient } from '../../src/http/authorized-client.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeTokenSource } from './fake-token-source.js';
import { scriptedTransport } from './scripted-transport.js';

const API = 'https://webexapis.com/v1';
const ODD = 'Abc+def/ghi~jkl.mno==';

function clientWith(accessToken: string) {
  const clock = fakeClock();
  const transport = scriptedTransport(clock, [{ status: 200, body: '{}' }]);
  const client = new AuthorizedClient({
    transport,
    clock,
    tokenSource: fakeTokenSource(accessToken),
    apiBase: API,
    allowedOrigins: [],
    retry: false,
  });
  return { client, transport };
}

const circle: Record<string, unknown> = {};
circle['itself'] = circle;

// JavaScript callers: what the types forbid.
const as = <Type>(value: unknown): Type => value as Type;

describe("a caller's mistake is named, and nothing is sent", () => {
  it.each<[string, (client: AuthorizedClient) => Promise<unknown>, string]>([
    ['no options', (client) => client.request(as(undefined)), 'options'],
    ['a body in a circle', (client) => client.post('/rooms', circle), 'body'],
    ['a bigint in a body', (client) => client.post('/rooms', { id: 1n }), 'body'],
    ['a function as body', (client) => client.post('/rooms', () => 1), 'body'],
    [
      'a plain object given to fetch',
      (client) => client.fetch('/rooms', { method: 'POST', body: as({ a: 1 }) }),
      'body',
    ],
    ['a method that is no text', (client) => client.request({ uri: '/rooms', method: as(5) }), 'method'],
    ['headers in one text', (client) => client.get('/rooms', { headers: as('a: b') }), 'headers'],
    ['a header that is an object', (client) => client.get('/rooms', { headers: as({ a: {} }) }), 'headers.a'],
    ['a signal that is none', (client) => client.get('/rooms', { signal: as({}) }), 'signal'],
    ['an object in a query', (client) => client.get('/rooms', { query: as({ a: { b: 1 } }) }), 'query.a'],
    [
      'a retry setting that is not known',
      (client) => client.get('/rooms', { retry: as({ attempt: 2 }) }),
      'retry.attempt',
    ],
  ])('%s', async (_, call, setting) => {
    const { client, transport } = clientWith('token');
    const error: unknown = await (async () => call(client))().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as ConfigurationError).problems.map((problem) => problem.setting)).toEqual([setting]);
    expect(transport.sent).toEqual([]);
  });

  it('numbers as headers are sent, null in headers and queries is left out', async () => {
    const { client, transport } = clientWith('token');
    await client.get('/rooms', {
      headers: as({ 'x-count': 5, 'x-none': null }),
      query: as({ max: 2, none: null }),
    });
    expect(transport.sent[0]).toMatchObject({ url: `${API}/rooms?max=2`, headers: { 'x-count': '5' } });
    expect(transport.sent[0]?.headers).not.toHaveProperty('x-none');
  });
});

describe('B6: a bearer with odd characters', () => {
  it.each<[string, (client: AuthorizedClient) => Promise<unknown>]>([
    ['encoded by query', (client) => client.get('/rooms', { query: { t: ODD } })],
    ['encoded twice', (client) => client.get(`/rooms/${encodeURIComponent(encodeURIComponent(ODD))}`)],
    ['encoded in a path', (client) => client.get(`/rooms/${encodeURIComponent(ODD)}`)],
    [
      'written in percents from end to end',
      (client) => client.get(`/rooms/${Buffer.from(ODD).toString('hex').replace(/../g, '%$&')}`),
    ],
  ])('goes out in no URL: %s', async (_, call) => {
    const { client, transport } = clientWith(ODD);
    const error: unknown = await call(client).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(ODD);
    expect(transport.sent).toEqual([]);
  });
});
