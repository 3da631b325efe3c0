import { expect, it, onTestFinished } from 'vitest';
import { NetworkError, ServiceUnavailableError } from '../../src/errors.js';
import { AuthorizedClient } from '../../src/http/authorized-client.js';
import { FetchTransport } from '../../src/http/fetch-transport.js';
import type { Transport } from '../../src/http/transport.js';
import { UndiciTransport } from '../../src/http/undici-transport.js';
import { fakeTokenSource } from './fake-token-source.js';
import { hastyClock } from './hasty-clock.js';
import { loopbackServer } from './loopback-server.js';
import { cases } from '../support/cases.js';

const posts = cases({ commit: 500 });

it.each<[string, () => Transport]>([
  ['UndiciTransport', () => new UndiciTransport()],
  ['FetchTransport', () => new FetchTransport()],
])(
  'G6: 0 of 500 POSTs are done twice over %s, though a third fails after it was done',
  posts.options,
  async (_, make) => {
    const done = new Map<string, number>();
    let count = 0;
    const { origin } = await loopbackServer((response, { body }) => {
      const at = ++count;
      // Not one of them: a rate limit says that nothing was done.
      if (at % 7 === 0) return response.writeHead(429).end();
      done.set(body, (done.get(body) ?? 0) + 1);
      if (at % 9 === 0) return response.destroy();
      if (at % 5 === 0)
        return response.writeHead([500, 502, 503, 504][at % 4] ?? 500, { 'retry-after': '1' }).end();
      return response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    const transport = make();
    onTestFinished(() => transport.close());
    const client = new AuthorizedClient({
      transport,
      clock: hastyClock(),
      tokenSource: fakeTokenSource('t'),
      apiBase: origin,
      allowedOrigins: [],
    });
    const failures: unknown[] = [];
    for (let call = 0; call < posts.count; call++)
      await client
        .request({ uri: '/x', method: 'POST', body: { call } })
        .catch((error: unknown) => failures.push(error));
    expect([...done.values()].filter((times) => times > 1)).toEqual([]);
    expect(done.size).toBe(posts.count);
    expect(failures.length).toBeGreaterThan(50);
    for (const error of failures)
      expect(error instanceof NetworkError || error instanceof ServiceUnavailableError).toBe(true);
  },
);
