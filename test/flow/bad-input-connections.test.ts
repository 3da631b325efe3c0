import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isWebexAuthError } from '../../src/index.js';
import { wellFormed, type Talk } from './raw-webex.js';
import { FIRST, NEXT, OK, readingRig, SUBJECT } from './reading-rig.js';

// Connections that break, at the token endpoint and the API, through the public face.

const rig = readingRig();
const { isRefused, opened } = rig;

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'none',
    (error: unknown) => (isWebexAuthError(error) ? error.code : error),
  );

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n';
const BREAKING: readonly (readonly [string, Talk])[] = [
  ['reset before the headers', (socket) => socket.resetAndDestroy()],
  ['closed before the headers', (socket) => socket.end()],
  [
    'reset after the headers',
    (socket) => socket.write(HEAD, () => setImmediate(() => socket.resetAndDestroy())),
  ],
  [
    'reset in the body',
    (socket) => socket.write(HEAD + OK.slice(0, 40), () => setImmediate(() => socket.resetAndDestroy())),
  ],
  ['closed in the body', HEAD + OK.slice(0, 40)],
];

describe('a connection that breaks', () => {
  it.each(BREAKING)('F2: %s, every time: three presentations at most, and nothing is lost', (_, talk) =>
    isRefused(talk, 'NETWORK_ERROR'),
  );

  it.each(BREAKING)(
    'F2: %s, once or twice: the refresh token is presented again, and the refresh succeeds',
    async (_, talk) => {
      for (const times of [1, 2]) {
        const { auth } = await opened();
        rig.server.answerWith(talk, times);
        expect(await auth.refresh(SUBJECT)).toMatchObject({ state: 'live', generation: 2 });
        expect(rig.server.presented()).toEqual(Array<string>(times + 1).fill(FIRST.refresh_token));
      }
    },
  );

  it.each(BREAKING)('F2: %s, of the API: three attempts of a GET at most, one of a POST', async (_, talk) => {
    const { auth } = await opened();
    const webex = await auth.user(SUBJECT);
    rig.server.answerWith(talk);
    const get = webex.request({ resource: 'rooms' });
    expect(await codeOf(get)).toBe('NETWORK_ERROR');
    expect(rig.server.seen).toHaveLength(3);
    const post = webex.request({ resource: 'messages', method: 'POST', body: {} });
    expect(await codeOf(post)).toBe('NETWORK_ERROR');
    expect(rig.server.seen).toHaveLength(4);
    expect(await auth.grants.get(SUBJECT)).toMatchObject({ state: 'live', generation: 1 });
  });

  it('F2: an idle connection that is reset as we write costs nothing', async () => {
    const body = JSON.stringify({ ...NEXT, expires_in: 3_600 });
    const keptAlive = wellFormed(body).toString().replace('connection: close', 'connection: keep-alive');
    for (let round = 0; round < 10; round++) {
      const { auth } = await opened();
      let resets = 0;
      rig.server.answerWith((socket) => {
        socket.write(keptAlive);
        socket.prependOnceListener('data', () => {
          resets++;
          socket.resetAndDestroy();
        });
      }, 1);
      await auth.refresh(SUBJECT);
      await setTimeout(20);
      await auth.refresh(SUBJECT);
      expect(resets).toBe(1);
      expect(await auth.grants.get(SUBJECT)).toMatchObject({ state: 'live', generation: 3 });
      expect(rig.server.presented()).toEqual([FIRST.refresh_token, NEXT.refresh_token, NEXT.refresh_token]);
    }
  });
});
