import { afterAll, beforeAll, expect } from 'vitest';
import { UndiciTransport } from '../../src/http/undici-transport.js';
import { startRawWebex, type RawWebex } from '../flow/raw-webex.js';
import { answersLike } from './answers.js';
import { fuzz, settled, watchProcess } from './fuzzed.js';
import { CLIENT, fuzzedWebex } from './fuzzed-webex.js';
import { onTheWire } from './raw-bytes.js';

watchProcess();

const FIRST = { access: 'first-access-token-0123456789', refresh: 'first-refresh-token-0123456789' };
const OFFERED = { access: 'offered-access-token-0123456789', refresh: 'offered-refresh-token-0123456789' };
const SECRETS = [CLIENT.clientSecret, ...Object.values(FIRST), ...Object.values(OFFERED)];
const GOOD = {
  access_token: OFFERED.access,
  token_type: 'Bearer',
  expires_in: 3_600,
  refresh_token: OFFERED.refresh,
};
const DAY_MS = 86_400_000;

let server: RawWebex;
beforeAll(async () => void (server = await startRawWebex(() => GOOD)));
afterAll(() => server.close());

const overTheWire = () => ({
  endpoints: server.endpoints,
  transport: new UndiciTransport(),
});

fuzz('wire: token endpoint', onTheWire(answersLike(GOOD)), async ({ bytes, body }) => {
  const rig = fuzzedWebex(() => ({}), { secrets: SECRETS });
  const auth = await rig.auth(overTheWire());
  await auth.grants.import('user-1', {
    access_token: FIRST.access,
    refresh_token: FIRST.refresh,
    expires_in: 3_600,
  });
  server.answerWith(bytes, 1);
  server.seen.length = 0;
  const { error } = await settled(() => auth.refresh('user-1'), SECRETS);
  const dead = error?.code === 'REAUTH_REQUIRED';
  expect((await rig.stored('user-1'))?.state === 'dead').toBe(dead);
  if (dead) expect(body.toString('latin1')).toMatch(/invalid_(grant|request)|refresh token provided/);
  else {
    server.well();
    await rig.clock.sleep(2 * DAY_MS);
    await auth.refresh('user-1');
    expect((await rig.stored('user-1'))?.tokenSet.refreshToken).toBe(OFFERED.refresh);
  }
  const presented = server.presented();
  for (const token of presented) expect(token).toMatch(/^[\x20-\x7e]{1,16384}$/);
  expect(presented[0]).toBe(FIRST.refresh);
  await rig.close();
});

const ROOM = { id: 'Y2lzY29zcGFyazovL3VzL1JPT00', title: 'Room' };

fuzz('wire: API', onTheWire(answersLike(ROOM)), async ({ bytes }) => {
  const rig = fuzzedWebex(() => ({}), { secrets: SECRETS });
  const webex = await rig.webex({
    ...overTheWire(),
    credentials: { access_token: FIRST.access },
    http: { retry: false },
  });
  server.answerWith(bytes, 1);
  if (bytes.length % 2 === 0) await settled(() => webex.request({ resource: 'rooms' }), SECRETS);
  else {
    const { value: response } = await settled(() => webex.fetch('/rooms'), SECRETS);
    if (response) await settled(() => response.text(), SECRETS);
  }
  server.well();
  // No gate of a 429 is shut for longer.
  await rig.clock.sleep(2 * DAY_MS);
  const { value, error } = await settled(() => webex.request({ resource: 'rooms' }), SECRETS);
  expect([error?.code, value?.statusCode]).toEqual([undefined, 200]);
  await rig.close();
});
