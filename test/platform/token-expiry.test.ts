import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { TimeoutError } from '../../src/errors.js';
import { fetchTokenExpiry } from '../../src/platform/token-expiry.js';
import { fakeFetch, json } from '../support/fake-fetch.js';

const TOKEN = 'canary-access-token-0123456789';
const apiBase = 'https://webexapis.com/v1';
const ask = (
  respond: () => Response | Promise<Response>,
  signal?: AbortSignal,
): Promise<number | undefined> =>
  fetchTokenExpiry({ ...fakeFetch(respond), apiBase, accessToken: TOKEN, signal });

describe('fetchTokenExpiry', () => {
  test('asks with the token itself', async () => {
    const { fetch, calls } = fakeFetch(() => json({ exp: 1_767_225_600_123 }));
    expect(await fetchTokenExpiry({ fetch, apiBase, accessToken: TOKEN })).toBe(1_767_225_600_123);
    expect(calls[0]).toMatchObject({
      url: `${apiBase}/authorizations/tokenExpiry`,
      init: { method: 'GET', redirect: 'manual', headers: { authorization: `Bearer ${TOKEN}` } },
    });
  });

  test.each([
    ['milliseconds', 1_767_225_600_000, 1_767_225_600_000],
    ['a part of a millisecond', 1_767_225_600_000.7, 1_767_225_600_000],
    ['as a string', '1767225600000', 1_767_225_600_000],
    ['a hundred years on, as of bots', 4_922_899_200_000, 4_922_899_200_000],
    ['seconds', 1_767_225_600, 1_767_225_600_000],
    ['seconds as a string', '1767225600', 1_767_225_600_000],
    ['the last that is seconds', 99_999_999_999, 99_999_999_999_000],
    ['the first that is milliseconds', 100_000_000_000, 100_000_000_000],
    ['zero', 0, undefined],
    ['negative', -1, undefined],
    ['beyond all dates', 8_640_000_000_000_001, undefined],
    ['a date', '2026-01-01T00:00:00Z', undefined],
    ['exponent', '1e12', undefined],
    ['nothing', undefined, undefined],
    ['null', null, undefined],
    ['a list', [1_767_225_600_000], undefined],
    ['true', true, undefined],
  ])('%s', async (_name, exp, expected) => {
    expect(await ask(() => json({ exp }))).toBe(expected);
  });

  test.each([
    ['a number without an end', '{"exp":1e999}'],
    ['an inherited member', '{"__proto__":{"exp":1767225600000}}'],
  ])('%s is not known', async (_name, text) => {
    expect(await ask(() => new Response(text))).toBeUndefined();
  });

  test.each(['<html>', '', '5', '[{"exp":1767225600000}]'])('%j is no answer', async (text) => {
    await expect(ask(() => new Response(text))).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
  });

  test.each([
    [401, 'TOKEN_REVOKED'],
    [403, 'FORBIDDEN'],
    [404, 'PROTOCOL_ERROR'],
    [429, 'RATE_LIMITED'],
    [500, 'SERVICE_UNAVAILABLE'],
  ])('%i is %s, without the token', async (status, code) => {
    const echo = { exp: 1_767_225_600_000, message: TOKEN, trackingId: TOKEN };
    const error: unknown = await ask(() => json(echo, status, { trackingid: 'GTWY_1' })).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code, status, trackingId: 'GTWY_1' });
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });

  test('the wire: our errors and the reason of an abort pass', async () => {
    const late = new TimeoutError('late');
    await expect(ask(() => Promise.reject(late))).rejects.toBe(late);
    await expect(ask(() => json({}), AbortSignal.abort(late))).rejects.toBe(late);
  });
});
