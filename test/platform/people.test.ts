import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWebexAuthError, TimeoutError } from '../../src/errors.js';
import { fetchPerson } from '../../src/platform/people.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeFetch, json } from '../support/fake-fetch.js';

const TOKEN = 'canary-access-token-0123456789';
const me = {
  id: 'Y2lzY29zcGFyazovL3VzL1BFT1BMRS8x',
  emails: ['ann@example.com', 'second@example.com'],
  displayName: 'Ann Example',
  orgId: 'Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi8x',
  type: 'person',
  roles: ['x'],
};
const ask = (answer: () => Response | Promise<Response>, signal?: AbortSignal) =>
  fetchPerson({
    ...fakeFetch(answer),
    apiBase: 'https://webexapis.com/v1',
    accessToken: TOKEN,
    clock: fakeClock(),
    signal,
  });

describe('fetchPerson', () => {
  test('asks people/me with the bearer in the header', async () => {
    const { fetch, calls } = fakeFetch(() => json(me));
    const person = await fetchPerson({ fetch, apiBase: 'https://webexapis.com/v1', accessToken: TOKEN });
    expect(person).toEqual({
      id: me.id,
      orgId: me.orgId,
      displayName: 'Ann Example',
      email: 'ann@example.com',
      type: 'person',
    });
    expect(calls[0]).toMatchObject({
      url: 'https://webexapis.com/v1/people/me',
      init: { method: 'GET', redirect: 'manual', headers: { authorization: `Bearer ${TOKEN}` } },
    });
  });

  test.each([
    ['Ann\u001b[31m\r\nExample\u0000', 'Ann[31mExample'],
    ['\u202eelpmaxE\u2066 \u200bAnn\ufeff', 'elpmaxE Ann'],
    ['  Ann  ', 'Ann'],
    ['<script>alert(1)</script>', '<script>alert(1)</script>'],
    ['😀'.repeat(300), '😀'.repeat(256)],
    ['\u2028', undefined],
    ['', undefined],
    [null, undefined],
    [{ name: 'Ann' }, undefined],
  ])('B10: the name %j becomes %j', async (displayName, expected) => {
    expect((await ask(() => json({ ...me, displayName }))).displayName).toBe(expected);
  });

  test.each([
    [undefined, undefined],
    [[], undefined],
    ['ann@example.com', undefined],
    [[{ value: 'x' }], undefined],
    [['a\nb@example.com'], 'ab@example.com'],
  ])('emails %j', async (emails, email) => {
    expect((await ask(() => json({ ...me, emails }))).email).toBe(email);
  });

  test.each([
    { id: undefined },
    { id: '' },
    { id: 5 },
    { id: 'a b' },
    { id: 'a\n' },
    { id: 'é' },
    { id: 'x'.repeat(513) },
    { orgId: 5 },
    { orgId: '' },
    { orgId: 'a b' },
  ])('an identity is taken as it is or not at all: %j', async (wrong) => {
    await expect(ask(() => json({ ...me, ...wrong }))).rejects.toMatchObject({
      code: 'PROTOCOL_ERROR',
      status: 200,
    });
  });

  test.each([null, undefined])('orgId %j is not known', async (orgId) => {
    expect((await ask(() => json({ ...me, orgId }))).orgId).toBeUndefined();
  });

  test.each([
    [301, 'PROTOCOL_ERROR'],
    [401, 'UNAUTHORIZED'],
    [403, 'FORBIDDEN'],
    [404, 'PROTOCOL_ERROR'],
    [429, 'RATE_LIMITED'],
    [503, 'SERVICE_UNAVAILABLE'],
  ])('%i is %s, without the token', async (status, code) => {
    const echo = (): Response =>
      json({ ...me, message: TOKEN, trackingId: TOKEN }, status, { trackingid: 'GTWY_1' });
    const error: unknown = await ask(echo).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, status, trackingId: 'GTWY_1' });
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });

  test('the wire: our errors pass through', async () => {
    const late = new TimeoutError('late');
    await expect(ask(() => Promise.reject(late))).rejects.toBe(late);
    await expect(ask(() => json(me), AbortSignal.abort(late))).rejects.toBe(late);
    const error: unknown = await ask(() => Promise.reject(new Error(TOKEN))).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'NETWORK_ERROR', maybeProcessed: true });
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });

  test('any answer gives a printable person or a typed error', async () => {
    const member = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(null, 5, true, {}, []));
    const body = fc.record({
      id: fc.oneof(fc.constant(me.id), member),
      displayName: member,
      emails: fc.array(member),
      orgId: member,
    });
    await fc.assert(
      fc.asyncProperty(body, async (sent) => {
        const result: unknown = await ask(() => json(sent)).catch((error: unknown) => error);
        if (isWebexAuthError(result)) return;
        expect(JSON.stringify(result)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|\\u/u);
      }),
      { numRuns: 300 },
    );
  });
});
