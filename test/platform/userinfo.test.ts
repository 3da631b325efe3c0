import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ConfigurationError, IdTokenError, TimeoutError } from '../../src/errors.js';
import { uuidOfPublicId } from '../../src/platform/public-id.js';
import { fetchUserinfo, personFromOpenId, type Userinfo } from '../../src/platform/userinfo.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeFetch, json } from '../support/fake-fetch.js';

const TOKEN = 'canary-access-token-0123456789';
const SUB = '5e9a1c2b-0000-4000-8000-00000000000a';
const ORG = '8d2c4e1a-0000-4000-8000-123456789abc';
const apiBase = 'https://webexapis.com/v1';
const info = {
  sub: SUB,
  name: 'Ann Example',
  given_name: 'Ann',
  family_name: 'Example',
  email: 'ann@example.com',
  email_verified: 'true',
  updated_at: 5,
};
const ask = (answer: () => Response | Promise<Response>, signal?: AbortSignal): Promise<Userinfo> =>
  fetchUserinfo({ ...fakeFetch(answer), apiBase, accessToken: TOKEN, clock: fakeClock(), signal });

describe('fetchUserinfo', () => {
  test('asks userinfo with the bearer in the header', async () => {
    const { fetch, calls } = fakeFetch(() => json(info));
    expect(await fetchUserinfo({ fetch, apiBase, accessToken: TOKEN })).toEqual({
      sub: SUB,
      name: 'Ann Example',
      givenName: 'Ann',
      familyName: 'Example',
      email: 'ann@example.com',
      emailVerified: true,
    });
    expect(calls[0]).toMatchObject({
      url: 'https://webexapis.com/v1/userinfo',
      init: { method: 'GET', redirect: 'manual', headers: { authorization: `Bearer ${TOKEN}` } },
    });
  });

  test.each([
    ['true', true],
    [true, true],
    ['false', false],
    [false, false],
    ['TRUE', undefined],
    [1, undefined],
    [null, undefined],
    [undefined, undefined],
  ])('email_verified %j is %s', async (email_verified, expected) => {
    expect((await ask(() => json({ ...info, email_verified }))).emailVerified).toBe(expected);
  });

  test.each([
    '',
    ' ann@example.com',
    'ann\u202e@example.com',
    'ann@example.com\n',
    5,
    null,
    ['a@b'],
    `${'a'.repeat(320)}@b`,
  ])('the address %j is no other one', async (email) => {
    expect(await ask(() => json({ ...info, email }))).toMatchObject({
      email: undefined,
      emailVerified: undefined,
    });
  });

  test.each([undefined, null, '', 5, {}, 'a b', 'ä', 'x'.repeat(256)])('sub %j names nobody', async (sub) => {
    await expect(ask(() => json({ ...info, sub }))).rejects.toMatchObject({
      code: 'PROTOCOL_ERROR',
      status: 200,
    });
  });

  test.each<[string, () => Response]>([
    ['a list', () => json([info])],
    ['HTML', () => new Response('<html>')],
    ['a JWT', () => new Response('eyJ.eyJ.x', { headers: { 'content-type': 'application/jwt' } })],
    ['an inherited sub', () => new Response(`{"__proto__":{"sub":"${SUB}"}}`)],
  ])('%s is no answer', async (_, answer) => {
    await expect(ask(answer)).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
  });

  test.each([
    [302, 'PROTOCOL_ERROR'],
    [401, 'UNAUTHORIZED'],
    [403, 'FORBIDDEN'],
    [404, 'PROTOCOL_ERROR'],
    [429, 'RATE_LIMITED'],
    [503, 'SERVICE_UNAVAILABLE'],
  ])('%i is %s, without the token', async (status, code) => {
    const error: unknown = await ask(() =>
      json({ ...info, message: TOKEN }, status, { trackingid: 'GTWY_1' }),
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, status, trackingId: 'GTWY_1' });
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });

  test('our errors and the caller’s abort pass through; a token that no header carries is not sent', async () => {
    const late = new TimeoutError('late');
    await expect(ask(() => Promise.reject(late))).rejects.toBe(late);
    await expect(ask(() => json(info), AbortSignal.abort(late))).rejects.toBe(late);
    const { fetch, calls } = fakeFetch(() => json(info));
    await expect(fetchUserinfo({ fetch, apiBase, accessToken: 'a\r\nb' })).rejects.toThrow(
      ConfigurationError,
    );
    expect(calls).toEqual([]);
  });
});

describe('personFromOpenId', () => {
  const userinfo = { sub: SUB, name: 'Ann Example', email: 'ann@example.com', emailVerified: true };
  const id = Buffer.from(`ciscospark://us/PEOPLE/${SUB}`).toString('base64').replace(/=+$/, '');
  const orgId = Buffer.from(`ciscospark://us/ORGANIZATION/${ORG}`).toString('base64').replace(/=+$/, '');

  test.each([
    ['the UUID of a token', ORG],
    ['the public id of people/me', orgId],
  ])('has the ids that people/me gives; organisation by %s', (_, org) => {
    const person = personFromOpenId({ claims: { sub: SUB.toUpperCase() }, orgId: org });
    expect(person).toEqual({ id, orgId });
    expect(uuidOfPublicId(person.id, 'PEOPLE')).toBe(SUB);
  });

  test.each([undefined, 'nothing'])('organisation %j is not known', (org) => {
    expect(personFromOpenId({ claims: { sub: SUB }, orgId: org }).orgId).toBeUndefined();
  });

  test.each([
    [{}, userinfo, { displayName: 'Ann Example', email: 'ann@example.com' }],
    [
      { name: 'Old', email: 'old@example.com' },
      userinfo,
      { displayName: 'Ann Example', email: 'ann@example.com' },
    ],
    [
      { name: 'Old', email: 'old@example.com' },
      { sub: SUB },
      { displayName: 'Old', email: 'old@example.com' },
    ],
    [{ name: 'Old' }, undefined, { displayName: 'Old', email: undefined }],
    [{}, { sub: SUB, givenName: 'Ann', familyName: 'Example' }, { displayName: 'Ann Example' }],
    [{ givenName: 'Ann' }, { sub: SUB }, { displayName: 'Ann' }],
    [{}, { ...userinfo, emailVerified: false }, { email: undefined }],
    [{}, { ...userinfo, emailVerified: undefined }, { email: 'ann@example.com' }],
    [{}, undefined, { displayName: undefined, email: undefined }],
  ])('%j and %j', (claims, given, expected) => {
    expect(personFromOpenId({ claims: { sub: SUB, ...claims }, userinfo: given, orgId: ORG })).toMatchObject(
      expected,
    );
  });

  test('nothing is used of userinfo about somebody else', () => {
    const other = { ...userinfo, sub: SUB.replace('a', 'b') };
    expect(() => personFromOpenId({ claims: { sub: SUB }, userinfo: other, orgId: ORG })).toThrow(
      IdTokenError,
    );
  });

  test.each(['ann', '', `${SUB}/x`, `x${SUB}`, SUB.replaceAll('-', '')])(
    'sub %j is no Webex person',
    (sub) => {
      expect(() => personFromOpenId({ claims: { sub }, orgId: ORG })).toThrow(IdTokenError);
    },
  );
});
