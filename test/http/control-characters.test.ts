import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { INTEGRATION, startWorld } from '../support/principals.js';
import { rawServer } from './loopback-server.js';
import { webexAt } from './webex-at.js';

// What moves a cursor, sets a title, begins a line of its own or turns the reading order around.
const NASTY = 'forged\r\n2026-01-01 INFO ok\u001b[2J\u001b]0;owned\u0007\u0000\u009b31m\u0085\u2028\u202e';
const RAW = /[\0-\t\v-\x1f\x7f-\x9f\u2028\u2029\u202e]/;

/** What a logger writes of a value: inspect breaks lines of its own, JSON and text must not. */
function expectTame(value: unknown): void {
  expect(inspect(value, { depth: Infinity })).not.toMatch(RAW);
  expect(JSON.stringify(value)).not.toMatch(/[\n\0-\x1f\x7f-\x9f]/);
  if (value instanceof Error) {
    expect(String(value)).not.toMatch(RAW);
    expect(value.message).not.toMatch(/\n/);
  }
}

const BODIES: [string, unknown][] = [
  ['an OAuth error', { error: 'invalid_grant', error_description: NASTY, error_uri: NASTY }],
  ['an OAuth error with an odd code', { error: NASTY, error_description: NASTY }],
  ["Webex's own shape", { message: NASTY, errors: [{ description: NASTY }], trackingId: NASTY }],
  ['text', NASTY],
];
const statuses = [400, 401, 503];
const table = BODIES.flatMap(([name, body]) => statuses.map((status) => [status, name, body] as const));

describe('what a server writes to forge a log', () => {
  it.each(table)('B10: a %i with %s stays out of errors, events and pages', async (status, _, body) => {
    const world = await startWorld();
    const people = await world.auth({ http: { retry: false } });
    const subject = await world.signIn(people);
    const told: unknown[] = [];
    for (const name of ['auth:error', 'unauthorized', 'grant:suspect', 'degraded'] as const)
      people.on(name, (event) => void told.push(event));
    world.emulator.faults.add({ route: /^(POST|GET) \/v1\/(access_token|rooms)/, status, body });
    const webex = await people.user(subject);

    const failures = [
      await world.drive(people.refresh(subject)).catch((error: unknown) => error),
      await world.drive(webex.request({ uri: '/rooms' })).catch((error: unknown) => error),
      await world
        .drive(webex.authorization.requestAuthorizationCodeGrant({ code: 'x' }))
        .catch((error: unknown) => error),
    ];
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(Error);
      expectTame(failure);
    }
    expect(told.length).toBeGreaterThan(0);
    for (const event of told) expectTame(event);
    for (const one of await people.grants.history(subject)) expectTame(one);

    const begun = await people.handler(new Request('http://127.0.0.1:5010/login'));
    const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const callback = await world.emulator.signIn(begun.headers.get('location') ?? '');
    for (const accept of ['text/html', 'application/json']) {
      const request = new Request(callback, { headers: { cookie, accept } });
      const page = await world.drive(people.handler(request));
      const text = await page.text();
      expect(text).not.toMatch(RAW);
      expect(text).not.toContain('forged');
    }
  });

  it.each(['error', 'error_description', 'state', 'code', 'iss'])(
    'B10: the callback parameter %s stays out of the page and the events',
    async (name) => {
      const world = await startWorld();
      const people = await world.auth();
      const told: unknown[] = [];
      people.on('auth:error', (event) => void told.push(event));
      const begun = await people.handler(new Request('http://127.0.0.1:5010/login'));
      const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      const callback = new URL(await world.emulator.signIn(begun.headers.get('location') ?? ''));
      if (name.startsWith('error')) callback.searchParams.set('error', 'access_denied');
      callback.searchParams.set(name, NASTY);
      const page = await people.handler(new Request(callback, { headers: { cookie, accept: 'text/html' } }));
      const text = await page.text();
      expect(page.status).toBeGreaterThanOrEqual(400);
      expect(text).not.toMatch(RAW);
      expect(text).not.toContain('forged');
      for (const event of told) expectTame(event);
    },
  );

  it.each(['trackingid', 'retry-after', 'content-type', 'link', 'location', 'www-authenticate'])(
    'B10: the header %s stays out of the error',
    async (name) => {
      // Bytes that no HTTP server of Node would write.
      const { origin } = await rawServer((socket) =>
        socket.end(
          Buffer.from(
            `HTTP/1.1 503 No\u001b[2J\r\n${name}: x\u001b[2J\u0007\u009b31m\r\ncontent-length: 0\r\n\r\n`,
            'latin1',
          ),
        ),
      );
      const webex = await webexAt(origin, { token: 'bearer-canary-0123456789', http: { retry: false } });
      const failure: unknown = await webex.request({ uri: '/rooms' }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Error);
      expectTame(failure);
    },
  );

  it('is refused where a caller writes it into a header, a method or a path', async () => {
    const webex = await webexAt('http://127.0.0.1:9', { token: INTEGRATION.clientSecret });
    const headers = [{ 'x-one': 'a\r\nauthorization: Bearer b' }, { 'x\r\none': 'a' }, { 'x-one': 'a\0' }];
    const calls = [
      ...headers.flatMap((one) => [{ uri: '/rooms', headers: one }]),
      { uri: '/rooms', method: 'GET /v1/rooms HTTP/1.1\r\nx: ' },
      { uri: '/rooms\r\nx: y' },
    ];
    for (const call of calls) {
      const failure: unknown = await webex.request(call).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: expect.stringMatching(/CONFIGURATION_INVALID|ORIGIN_NOT_ALLOWED/) as string,
      });
      expectTame(failure);
    }
  });
});
