import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ConfigurationError, TimeoutError } from '../../src/errors.js';
import { countGuests, requestGuestToken } from '../../src/platform/guest-tokens.js';
import { publicId } from '../../src/platform/public-id.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeFetch, json } from '../support/fake-fetch.js';

const TOKEN = 'canary-service-app-token-0123456789';
const apiBase = 'https://webexapis.com/v1';
const clock = fakeClock();
const org = '8d2c4e1a-0000-4000-8000-123456789abc';
const jwt = ['{"alg":"RS256"}', JSON.stringify({ realm: org, user_type: 'guest' }), 'sig']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.');
const answer = {
  id: 'Y2lzY29zcGFyazovL3VzL1BFT1BMRS8x',
  subject: 'visitor/42',
  displayName: 'Zoë, 100 % guest',
  email: '0f2e8f0c-0000-4000-8000-123456789abc@appid.ciscospark.com',
  accessToken: jwt,
  expiresIn: 64_799,
};
const guest = { subject: 'visitor/42', displayName: 'Zoë, 100 % guest' };
const request = (respond: () => Response | Promise<Response>, wrong: Record<string, unknown> = {}) =>
  requestGuestToken({ ...fakeFetch(respond), apiBase, accessToken: TOKEN, clock, ...guest, ...wrong });

describe('requestGuestToken', () => {
  test('asks with the bearer of the service app, and gives token set and person', async () => {
    const { fetch, calls } = fakeFetch(() => json(answer));
    const { tokenSet, person } = await requestGuestToken({
      fetch,
      apiBase,
      accessToken: TOKEN,
      clock,
      ...guest,
    });
    expect(calls[0]).toMatchObject({
      url: `${apiBase}/guests/token`,
      init: { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } },
    });
    expect(JSON.parse(calls[0]?.init.body as string)).toEqual(guest);
    expect(tokenSet.toData()).toMatchObject({
      accessToken: jwt,
      expiresAt: clock.now() + 64_799_000,
      refreshToken: undefined,
      scope: undefined,
    });
    expect(person).toEqual({
      id: answer.id,
      orgId: publicId('ORGANIZATION', org),
      displayName: answer.displayName,
      email: answer.email,
      type: 'appuser',
    });
  });

  test.each([
    [
      'an opaque token names its organisation',
      { accessToken: `AT_P0A1_${org}` },
      { orgId: publicId('ORGANIZATION', org) },
    ],
    ['an old token names none', { accessToken: 'AT' }, { orgId: undefined }],
    ['a missing name is the one asked for', { displayName: null }, { displayName: guest.displayName }],
    ['a renamed guest', { displayName: 'Zo\u202e\n' }, { displayName: 'Zo' }],
    ['no email', { email: 5 }, { email: undefined }],
  ])('%s', async (_name, changed, expected) => {
    expect((await request(() => json({ ...answer, ...changed }))).person).toMatchObject(expected);
  });

  test.each([
    ['64799', 64_799_000],
    [undefined, undefined],
    ['long', undefined],
  ])('expiresIn %j', async (expiresIn, ms) => {
    const { tokenSet } = await request(() => json({ ...answer, expiresIn }));
    expect(tokenSet.expiresAt).toBe(ms === undefined ? undefined : clock.now() + ms);
  });

  test.each([
    { id: undefined },
    { id: 'a b' },
    { id: 5 },
    { accessToken: undefined },
    { accessToken: 'a\n' },
    { accessToken: [jwt] },
  ])('no guest: %j', async (wrong) => {
    await expect(request(() => json({ ...answer, ...wrong }))).rejects.toMatchObject({
      code: 'PROTOCOL_ERROR',
      status: 200,
    });
  });

  test.each([
    ['subject', ''],
    ['subject', ' '],
    ['subject', 'a\nb'],
    ['subject', 'x'.repeat(257)],
    ['subject', undefined],
    ['displayName', ''],
    ['displayName', '\u0000'],
    ['displayName', 5],
  ])('nothing is sent with the %s %j', async (setting, value) => {
    const { fetch, calls } = fakeFetch(() => json(answer));
    const error: unknown = await request(() => json(answer), { fetch, [setting]: value }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ problems: [{ setting: `guest.${setting}` }] });
    expect(calls).toEqual([]);
  });

  test.each([
    [400, 'PROTOCOL_ERROR'],
    [401, 'UNAUTHORIZED'],
    [403, 'FORBIDDEN'],
    [429, 'RATE_LIMITED'],
    [500, 'SERVICE_UNAVAILABLE'],
  ])('%i is %s, without the token', async (status, code) => {
    const error: unknown = await request(() => json({ message: TOKEN, trackingId: TOKEN }, status)).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code, status });
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });
});

describe('countGuests', () => {
  const count = (respond: () => Response | Promise<Response>): Promise<number> =>
    countGuests({ ...fakeFetch(respond), apiBase, accessToken: TOKEN, clock });

  test.each([
    ['0', 0],
    ['42', 42],
    [' 42\r\n', 42],
  ])('%j', async (text, expected) => {
    const { fetch, calls } = fakeFetch(
      () => new Response(text, { headers: { 'content-type': 'text/plain' } }),
    );
    expect(await countGuests({ fetch, apiBase, accessToken: TOKEN })).toBe(expected);
    expect(calls[0]).toMatchObject({
      url: `${apiBase}/guests/count`,
      init: { method: 'GET', headers: { accept: 'text/plain', authorization: `Bearer ${TOKEN}` } },
    });
  });

  test.each(['', '-1', '4.2', '1e3', '0x10', 'many', '<html>', '9'.repeat(16), '4 2', 'null'])(
    '%j is no number of guests',
    async (text) => {
      await expect(count(() => new Response(text))).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
    },
  );

  test.each([
    [401, 'UNAUTHORIZED'],
    [403, 'FORBIDDEN'],
    [429, 'RATE_LIMITED'],
    [503, 'SERVICE_UNAVAILABLE'],
  ])('%i is %s, even with a number', async (status, code) => {
    await expect(count(() => new Response('42', { status }))).rejects.toMatchObject({ code, status });
  });

  test('a connection that fails is no number', async () => {
    const late = new TimeoutError('late');
    await expect(count(() => Promise.reject(late))).rejects.toBe(late);
    const error: unknown = await count(() => Promise.reject(new Error(TOKEN))).catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'NETWORK_ERROR' });
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });
});
