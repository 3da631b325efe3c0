import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { AuthorizedClient } from '../../src/http/authorized-client.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeTokenSource } from './fake-token-source.js';
import { scriptedTransport } from './scripted-transport.js';

const TOKEN = 'Zm9vYmFyYmF6cXV4Zm9vYmFy';
const API = 'https://webexapis.com/v1';

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it.each<[string, (client: AuthorizedClient) => Promise<unknown>, number]>([
  ['a query', (client) => client.request({ uri: `${API}/rooms?access_token=${TOKEN}` }), 0],
  ['a path', (client) => client.fetch(`/rooms/${TOKEN}`), 0],
  ['a next link of the server', (client) => collect(client.paginate('/rooms')), 1],
])('B6: the bearer goes out in no URL: %s', async (_, call, sent) => {
  const clock = fakeClock();
  const link = `<${API}/rooms/${TOKEN}?x=1>; rel="next"`;
  const transport = scriptedTransport(clock, [{ status: 200, headers: { link }, body: '{"items":[]}' }]);
  const client = new AuthorizedClient({
    transport,
    clock,
    tokenSource: fakeTokenSource(TOKEN),
    apiBase: API,
    allowedOrigins: [],
    retry: false,
  });
  const error: unknown = await call(client).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(TOKEN);
  expect(transport.sent).toHaveLength(sent);
  expect(transport.sent.filter(({ url }) => url.includes(TOKEN))).toEqual([]);
});
