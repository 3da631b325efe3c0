import { createServer as createTlsServer } from 'node:https';
import { describe, expect, it } from 'vitest';
import { OriginNotAllowedError, type WebexOptions } from '../../src/index.js';
import { cases } from '../support/cases.js';
import { listen, loopbackServer } from './loopback-server.js';
import { lookAlikes } from './look-alikes.js';
import { selfSigned } from './self-signed.js';
import { hostFetch, webexAt } from './webex-at.js';

const TOKEN = 'bearer-canary-0123456789';
const ways: [string, Pick<WebexOptions, 'fetch'>][] = [
  ['undici', {}],
  // As a caller's own: what must hold does not rest on our transport.
  ['fetch', { fetch: hostFetch }],
];

describe.each(ways)('where a bearer goes, over %s', (_, way) => {
  const doors = cases({ commit: 3 * 80 });
  it('B3: 0 of 80 look-alikes get it, through request, fetch and paginate', doors.options, async () => {
    const good = await loopbackServer();
    const evil = await loopbackServer();
    const webex = await webexAt(good.origin, { token: TOKEN, ...way });
    const urls = lookAlikes(good, evil);
    expect(new Set(urls).size).toBe(80);
    let tried = 0;
    for (const url of urls) {
      for (const call of [
        () => webex.request({ uri: url }),
        () => webex.fetch(url),
        () => webex.paginate(url).next(),
      ]) {
        await expect(call(), url).rejects.toThrow(OriginNotAllowedError);
        tried++;
      }
    }
    expect(tried).toBe(doors.count);
    expect(evil.seen).toEqual([]);
    expect(good.seen).toEqual([]);
  });

  it.each([
    '<EVIL/v1/rooms?page=2>; rel="next"',
    '<//127.0.0.1:PORT/v1/rooms>; rel="next"',
    '<\\\\EVIL>; rel=next',
  ])('B3: a page whose next one is at %s is the last', async (link) => {
    const evil = await loopbackServer();
    const header = link.replace('EVIL', evil.origin).replace('PORT', String(evil.port));
    const good = await loopbackServer((response) =>
      response.writeHead(200, { 'content-type': 'application/json', link: header }).end('{"items":[1]}'),
    );
    const pages = (await webexAt(good.origin, { token: TOKEN, ...way })).paginate('/rooms');
    expect((await pages.next()).value).toBe(1);
    await expect(pages.next()).rejects.toThrow(OriginNotAllowedError);
    expect([good.seen.length, evil.seen]).toEqual([1, []]);
  });
});

// What makes the test above worth something: without the list these very lures are found and asked.
it('the look-alikes do reach the evil listener when nobody stops them', async () => {
  const good = await loopbackServer();
  const evil = await loopbackServer();
  for (const url of lookAlikes(good, evil)) {
    if (!URL.canParse(url, good.origin)) continue;
    const target = new URL(url, good.origin);
    // Nothing leaves this machine.
    if (target.port !== String(evil.port)) continue;
    await fetch(target, { headers: { authorization: `Bearer ${TOKEN}` } }).catch(() => undefined);
  }
  const bearers = evil.seen.filter(({ headers }) => headers.authorization === `Bearer ${TOKEN}`);
  expect(bearers.length).toBeGreaterThan(25);
});

describe.each(ways)('redirects of the API, over %s', (_, way) => {
  const STATUSES = [301, 302, 303, 307, 308];
  const PLACES = [
    'another host',
    'another port',
    'another port of localhost',
    'https',
    'the same origin',
  ] as const;
  const table = STATUSES.flatMap((status) => PLACES.map((place) => [status, place] as const));

  it.each(table)('B4: a %i to %s is handed back, and nothing goes there', async (status, place) => {
    let location = '';
    const api = await loopbackServer((response) =>
      response.writeHead(status, { location, 'content-type': 'application/json' }).end('{"items":[]}'),
    );
    const elsewhere = await loopbackServer();
    const otherHost = await loopbackServer(undefined, { host: '127.0.0.2', port: api.port });
    const secure = createTlsServer(selfSigned);
    let connections = 0;
    secure.on('connection', () => connections++);
    const { port: securePort } = await listen(secure);
    location = {
      'another host': `${otherHost.origin}/v1/rooms`,
      'another port': `${elsewhere.origin}/v1/rooms`,
      'another port of localhost': `http://localhost:${elsewhere.port}/v1/rooms`,
      https: `https://localhost:${securePort}/v1/rooms`,
      'the same origin': `${api.origin}/v1/rooms?moved`,
    }[place];
    const webex = await webexAt(api.origin, { token: TOKEN, ...way });

    const headers = { cookie: 'session=canary', 'x-cisco-token': 'canary' };
    const answer = await webex.fetch('/rooms', { method: 'POST', headers, body: 'canary' });
    expect([answer.status, answer.headers.get('location')]).toEqual([status, location]);
    await answer.text();
    const { statusCode } = await webex.request({
      method: 'PUT',
      uri: '/rooms',
      headers,
      body: { a: 'canary' },
    });
    expect(statusCode).toBe(status);
    expect(await webex.paginate('/rooms').next()).toEqual({ done: true, value: undefined });

    expect(api.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /v1/rooms',
      'PUT /v1/rooms',
      'GET /v1/rooms',
    ]);
    expect(api.seen[0]).toMatchObject({
      body: 'canary',
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    });
    expect([otherHost.seen, elsewhere.seen, connections]).toEqual([[], [], 0]);
  });
});
