import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigurationError, TimeoutError } from '../../src/errors.js';
import { receiveWithBearer } from '../../src/platform/bearer-call.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeFetch, json } from '../support/fake-fetch.js';

const apiBase = 'https://webexapis.com/v1';

describe('receiveWithBearer', () => {
  test('sends the bearer in the header, JSON in the body, and follows no redirect', async () => {
    const { fetch, calls } = fakeFetch(() => json({ ok: true }, 302, { trackingid: 'ROUTER_1' }));
    const clock = fakeClock();
    const call = { fetch, apiBase, accessToken: 'AT', clock };
    const answer = await receiveWithBearer(call, { method: 'POST', path: '/x', json: { a: 'b' } });
    expect(answer).toEqual({
      status: 302,
      body: { ok: true },
      trackingId: 'ROUTER_1',
      retryAt: undefined,
      receivedAt: clock.now(),
    });
    expect(calls[0]).toMatchObject({
      url: `${apiBase}/x`,
      init: {
        method: 'POST',
        redirect: 'manual',
        body: '{"a":"b"}',
        headers: {
          accept: 'application/json',
          authorization: 'Bearer AT',
          'content-type': 'application/json',
        },
      },
    });
    await receiveWithBearer(call, { method: 'GET', path: '/y', accept: 'text/plain' });
    expect(calls[1]?.init.body).toBeUndefined();
    expect(calls[1]?.init.headers).toEqual({ accept: 'text/plain', authorization: 'Bearer AT' });
  });

  test('any text arrives as it was given', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('100 %', '%', '%zz', '\\u0025', '%25', '"'),
    );
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const { fetch, calls } = fakeFetch(() => json({}));
        const call = { fetch, apiBase, accessToken: 'AT' };
        await receiveWithBearer(call, { method: 'POST', path: '/x', json: { value } });
        expect(JSON.parse(calls[0]?.init.body as string)).toEqual({ value });
      }),
      { numRuns: 50 },
    );
  });

  test.each(['', 'canary\r\nx: y', 'canary token', 'canäry', 'canary'.repeat(3000)])(
    'sends nothing with the bearer %j',
    async (accessToken) => {
      const { fetch, calls } = fakeFetch(() => json({}));
      const error: unknown = await receiveWithBearer(
        { fetch, apiBase, accessToken },
        { method: 'GET', path: '/x' },
      ).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toMatchObject({ problems: [{ setting: 'accessToken' }] });
      expect(inspect(error, { showHidden: true })).not.toContain('canary');
      expect(calls).toEqual([]);
    },
  );

  test('an aborted call is not made', async () => {
    const { fetch, calls } = fakeFetch(() => json({}));
    const late = new TimeoutError('late');
    const call = { fetch, apiBase, accessToken: 'AT', signal: AbortSignal.abort(late) };
    await expect(receiveWithBearer(call, { method: 'GET', path: '/x' })).rejects.toBe(late);
    expect(calls).toEqual([]);
  });

  test('a body that repeats what was sent as its tracking id does not get it anywhere', async () => {
    const secret = 'canary-0123456789-abcdef';
    const { fetch } = fakeFetch(() => json({ trackingId: `ROUTER_${secret}` }, 400));
    const call = { fetch, apiBase, accessToken: 'AT' };
    const answer = await receiveWithBearer(call, { method: 'POST', path: '/x', json: { secret } });
    expect(answer.trackingId).toBeUndefined();
  });
});
