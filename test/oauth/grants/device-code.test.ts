import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/base/secret.js';
import { NetworkError, TimeoutError } from '../../../src/errors.js';
import { clientSecretBasic } from '../../../src/oauth/client-authentication.js';
import { DeviceAuthorization } from '../../../src/oauth/device-authorization.js';
import { pollDeviceToken, type DevicePoll } from '../../../src/oauth/grants/device-code.js';
import { TokenEndpoint } from '../../../src/oauth/token-endpoint.js';
import { TokenSet } from '../../../src/oauth/token-set.js';
import { webexNormaliser } from '../../../src/platform/quirks.js';
import { fakeClock } from '../../support/fake-clock.js';
import { fakeFetch, json, type FakeCall } from '../../support/fake-fetch.js';
import { cases } from '../../support/cases.js';

const DEVICE_CODE = 'canary-9c697e89-552c-4b27-bbfc-57a831cdf5fe';
const tokens = {
  access_token: 'canary-access',
  refresh_token: 'canary-refresh',
  token_type: 'Bearer',
  expires_in: 64_799,
  refresh_token_expires_in: 7_697_037,
};
const server = {
  issuer: 'https://idp.example',
  authorizationEndpoint: 'https://idp.example/authorize',
  tokenEndpoint: 'https://idp.example/device/token',
};

/** A clock whose sleeps pass at once; `early` milliseconds too soon, as timers may. */
function skippingClock({ early = 0 } = {}) {
  let wall = Date.UTC(2026, 0, 1);
  let mono = 500;
  const pass = (ms: number): void => {
    wall += ms;
    mono += ms;
  };
  return {
    now: () => wall,
    monotonic: () => mono,
    sleep: async (ms: number, { signal }: { signal?: AbortSignal | undefined } = {}) => {
      signal?.throwIfAborted();
      pass(ms > early ? ms - early : ms);
    },
    pass,
    jump: (ms: number) => void (wall += ms),
  };
}

interface Script {
  /** One after the other; the last one for ever. */
  answers: readonly ((call: FakeCall) => Response | Promise<Response>)[];
  clock?: Pick<ReturnType<typeof skippingClock>, 'now' | 'monotonic' | 'sleep'>;
  intervalMs?: number;
  lifetimeMs?: number;
  signal?: AbortSignal;
  parameters?: Record<string, string>;
}

/** Polls a server that answers as told; `at` are the instants of the polls, from the beginning. */
function poll({
  answers,
  clock = skippingClock(),
  intervalMs = 2_000,
  lifetimeMs = 300_000,
  ...more
}: Script) {
  const start = clock.monotonic();
  const at: number[] = [];
  const told: DevicePoll[] = [];
  const { fetch, calls } = fakeFetch((call) => {
    at.push(clock.monotonic() - start);
    const answer = answers[Math.min(at.length, answers.length) - 1];
    if (!answer) throw new Error('the script is empty');
    return answer(call);
  });
  const endpoint = new TokenEndpoint({
    server,
    clientId: 'C1',
    authenticate: clientSecretBasic('canary-secret'),
    fetch,
    normalise: webexNormaliser,
    clock,
  });
  const authorization = new DeviceAuthorization({
    deviceCode: new Secret(DEVICE_CODE),
    userCode: '123456',
    verificationUri: 'https://idp.example/verify',
    expiresAt: clock.now() + lifetimeMs,
    intervalMs,
    clientId: 'C1',
    scope: ['spark:people_read'],
  });
  const result: Promise<unknown> = pollDeviceToken(endpoint, authorization, {
    clock,
    onPoll: (one) => void told.push(one),
    ...more,
  }).catch((error: unknown) => error);
  return { result, at, told, calls };
}

const success = (): Response => json(tokens);
const pending = (): Response => json({ message: 'Precondition Required' }, 428);
const pendingByTheBook = (): Response => json({ error: 'authorization_pending' }, 400);
const slowDown = (): Response => json({ errors: [{ description: 'slow_down' }] }, 400);
const limited = (seconds?: number) => (): Response =>
  json({}, 429, seconds === undefined ? {} : { 'retry-after': String(seconds) });
const unwell = (seconds?: number) => (): Response =>
  json({}, 503, seconds === undefined ? {} : { 'retry-after': String(seconds) });
const timeout = (): Promise<Response> => Promise.reject(new TimeoutError('too late'));
const reset = (): Promise<Response> =>
  Promise.reject(new NetworkError('cut', { reason: 'reset', maybeProcessed: true }));
const refused = (): Promise<Response> =>
  Promise.reject(new NetworkError('nobody there', { reason: 'refused', maybeProcessed: false }));

describe('pollDeviceToken', () => {
  test('presents the device code with id and Basic, and gives a token set', async () => {
    const parameters = { self_contained_token: 'true', device_code: 'other', client_id: 'other' };
    const { result, calls } = poll({ answers: [success], parameters });
    const tokenSet = await result;
    expect(tokenSet).toBeInstanceOf(TokenSet);
    expect(tokenSet).toMatchObject({
      accessToken: tokens.access_token,
      refreshToken: tokens.refresh_token,
      lifetime: 64_799_000,
      scope: ['spark:people_read'],
    });
    expect(calls[0]?.url).toBe(server.tokenEndpoint);
    expect(calls[0]?.init.headers['authorization']).toMatch(/^Basic /);
    expect(Object.fromEntries(calls[0]?.form ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: DEVICE_CODE,
      client_id: 'C1',
      self_contained_token: 'true',
    });
  });

  test.each([
    // [what the server answers before it gives tokens, when the polls came in seconds]
    ['nothing to wait for', [], [2]],
    ['pending in every spelling', [pending, pendingByTheBook, pending], [2, 4, 6, 8]],
    ['slow_down holds for good', [slowDown, pending, slowDown, pending], [2, 9, 16, 28, 40]],
    ['429 slows down for good', [limited(), pending], [2, 9, 16]],
    ['429 with a longer Retry-After, once', [limited(30), pending], [2, 32, 39]],
    ['429 with a shorter Retry-After', [limited(1), pending], [2, 9, 16]],
    [
      'timeouts back off',
      [timeout, timeout, timeout, timeout, timeout, timeout],
      [2, 6, 14, 30, 62, 122, 182],
    ],
    ['an answer ends the backoff', [timeout, timeout, pending, timeout], [2, 6, 14, 16, 20]],
    ['slow_down ends it too', [reset, slowDown, refused], [2, 6, 13, 27]],
    ['every kind of outage', [reset, refused, unwell()], [2, 6, 14, 30]],
    ['5xx with a longer Retry-After', [unwell(20), pending], [2, 22, 24]],
  ])('%s', async (_name, before, seconds) => {
    const { result, at, told } = poll({ answers: [...before, success] });
    expect(await result).toBeInstanceOf(TokenSet);
    expect(at.map((ms) => ms / 1000)).toEqual(seconds);
    expect(told.map(({ count }) => count)).toEqual(before.map((_one, index) => index + 1));
    expect(told.map(({ waitMs }) => waitMs)).toEqual(at.slice(1).map((ms, index) => ms - (at[index] ?? 0)));
  });

  test('an interval above the longest backoff is kept', async () => {
    const { at, result } = poll({ answers: [timeout, success], intervalMs: 90_000 });
    expect(await result).toBeInstanceOf(TokenSet);
    expect(at).toEqual([90_000, 180_000]);
  });

  test('a poll that takes long does not bring the next one nearer', async () => {
    const clock = skippingClock();
    const slow = (): Response => {
      clock.pass(30_000);
      return pending();
    };
    const { at, result } = poll({ answers: [slow, success], clock });
    expect(await result).toBeInstanceOf(TokenSet);
    expect(at).toEqual([2_000, 34_000]);
  });

  test('a timer that fires early does not make a poll early', async () => {
    const { at, result } = poll({ answers: [pending, success], clock: skippingClock({ early: 1 }) });
    expect(await result).toBeInstanceOf(TokenSet);
    expect(at).toEqual([2_000, 4_000]);
  });

  test.each([
    ['denied', () => json({ errors: [{ description: 'access_denied' }] }, 400), 'ACCESS_DENIED'],
    ['too many tokens', () => json({ message: 'tokenlimit_reached' }, 400), 'TOKEN_LIMIT_REACHED'],
    ['expired', () => json({ error: 'expired_token' }, 400), 'DEVICE_CODE_EXPIRED'],
    ['used up', () => json({ error: 'invalid_grant' }, 400), 'INVALID_GRANT'],
    ['wrong secret', () => json({ error: 'invalid_client' }, 401), 'INVALID_CLIENT'],
    ['forbidden', () => json({}, 403), 'FORBIDDEN'],
    ['an unlisted 400', () => json({ message: 'Something else' }, 400), 'PROTOCOL_ERROR'],
    ['an answer without tokens', () => json({}), 'PROTOCOL_ERROR'],
  ])('stops: %s', async (_name, answer, code) => {
    const { result, at } = poll({ answers: [pending, answer] });
    const error = await result;
    expect(error).toMatchObject({ code });
    expect(at).toHaveLength(2);
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });

  test('an answer that was lost is asked for again; a code that was used up by then ends it', async () => {
    const usedUp = (): Response => json({ error: 'invalid_grant' }, 400);
    const { result, at } = poll({ answers: [timeout, usedUp] });
    expect(await result).toMatchObject({ code: 'INVALID_GRANT' });
    expect(at).toHaveLength(2);
  });
});

describe('the end', () => {
  test.each([
    ['pending to the last', { answers: [pending], lifetimeMs: 10_000 }, [2, 4, 6, 8]],
    ['a lifetime below the interval', { answers: [success], lifetimeMs: 2_000 }, []],
    ['ended before it began', { answers: [success], lifetimeMs: -1 }, []],
    ['a Retry-After beyond it', { answers: [pending, limited(3600)] }, [2, 4]],
  ])('no poll comes after it: %s', async (_name, script, seconds) => {
    const { result, at } = poll(script);
    expect(await result).toMatchObject({ code: 'DEVICE_CODE_EXPIRED', action: 'sign_in_again' });
    expect(at.map((ms) => ms / 1000)).toEqual(seconds);
  });

  test('says what the last trouble was', async () => {
    const error = await poll({ answers: [refused], lifetimeMs: 10_000 }).result;
    expect(error).toMatchObject({
      code: 'DEVICE_CODE_EXPIRED',
      cause: { code: 'NETWORK_ERROR', reason: 'refused' },
    });
    const clock = skippingClock();
    const late = await poll({ answers: [limited(3600)], clock }).result;
    expect(late).toMatchObject({ cause: { code: 'RATE_LIMITED' }, retryAt: clock.now() + 3_600_000 });
  });

  test('an answer that arrives after it counts when it brings tokens, and is the last one otherwise', async () => {
    const clock = skippingClock();
    const late = (answer: () => Response) => (): Response => {
      clock.pass(20_000);
      return answer();
    };
    const honoured = poll({ answers: [late(success)], lifetimeMs: 10_000, clock });
    expect(await honoured.result).toBeInstanceOf(TokenSet);
    const over = poll({ answers: [late(pending), success], lifetimeMs: 10_000, clock });
    expect(await over.result).toMatchObject({ code: 'DEVICE_CODE_EXPIRED' });
    expect(over.at).toHaveLength(1);
  });

  test.each([
    ['set back an hour', -3_600_000, 4],
    ['set ahead an hour', 3_600_000, 1],
  ])('a wall clock that is %s brings no poll after it', async (_name, jump, polls) => {
    const clock = skippingClock();
    const jumping = (): Response => {
      clock.jump(jump);
      return pending();
    };
    const { result, at } = poll({ answers: [jumping, pending], lifetimeMs: 10_000, clock });
    expect(await result).toMatchObject({ code: 'DEVICE_CODE_EXPIRED' });
    expect(at).toHaveLength(polls);
  });
});

describe('an abort', () => {
  const reason = new Error('the person closed the page');

  test('before the first poll sends nothing', async () => {
    const { result, at } = poll({ answers: [success], signal: AbortSignal.abort(reason) });
    expect(await result).toBe(reason);
    expect(at).toEqual([]);
  });

  test('while waiting ends the wait at once', async () => {
    const clock = fakeClock();
    const controller = new AbortController();
    const { result, at } = poll({ answers: [pending], clock, signal: controller.signal });
    await clock.advance(3_000);
    expect(at).toEqual([2_000]);
    controller.abort(reason);
    expect(await result).toBe(reason);
    expect(clock.timers).toBe(0);
  });

  test('during a poll ends it, whatever the poll fails with', async () => {
    for (const failing of [timeout, reset, pending]) {
      const controller = new AbortController();
      const aborting = (): Response | Promise<Response> => {
        controller.abort(reason);
        return failing();
      };
      const { result, at, told } = poll({ answers: [aborting], signal: controller.signal });
      expect(await result).toBe(reason);
      expect(at).toHaveLength(1);
      expect(told).toEqual([]);
    }
  });

  test('that comes with the tokens loses none', async () => {
    const controller = new AbortController();
    const aborting = (): Response => {
      controller.abort(reason);
      return success();
    };
    expect(await poll({ answers: [aborting], signal: controller.signal }).result).toBeInstanceOf(TokenSet);
  });
});

describe('A12', () => {
  const seconds = fc.option(fc.integer({ min: 0, max: 120 }), { nil: undefined });
  const answer = fc.oneof(
    fc.record({ kind: fc.constantFrom('pending', 'slow_down', 'timeout', 'network') }),
    fc.record({ kind: fc.constantFrom('429', '5xx'), retryAfter: seconds }),
  );
  const steps = fc.array(
    fc.tuple(answer, fc.constantFrom(0, 1, 40, 999, 30_000), fc.constantFrom(0, 0, 0, -7_200_000)),
    { maxLength: 40 },
  );

  const stories = cases({ commit: 150, nightly: 5_000 });
  test(
    'whatever the answers, no poll comes before its time and none after the end',
    stories.options,
    async () => {
      await fc.assert(
        fc.asyncProperty(
          steps,
          fc.integer({ min: 1, max: 12_000 }),
          fc.integer({ min: 0, max: 300_000 }),
          fc.constantFrom(0, 0.5, 1),
          fc.boolean(),
          async (script, intervalMs, lifetimeMs, early, ends) => {
            const clock = skippingClock({ early });
            const start = clock.monotonic();
            // The model: when the next poll may come at the earliest.
            let interval = intervalMs;
            let doublings = 0;
            let earliest = intervalMs;
            let violations = 0;
            const answers = script.map(
              ([{ kind, ...more }, tookMs, jumpMs]) =>
                (): Response | Promise<Response> => {
                  const now = clock.monotonic() - start;
                  if (now < earliest || now >= lifetimeMs) violations++;
                  clock.pass(tookMs);
                  clock.jump(jumpMs);
                  const retryAfter = 'retryAfter' in more ? more.retryAfter : undefined;
                  const troubled = ['timeout', 'network', '5xx'].includes(kind);
                  if (kind === 'slow_down' || kind === '429') interval += 5_000;
                  doublings = troubled ? doublings + 1 : 0;
                  const backoff = Math.max(interval, Math.min(interval * 2 ** doublings, 60_000));
                  earliest = now + tookMs + Math.max(troubled ? backoff : interval, (retryAfter ?? 0) * 1000);
                  if (kind === 'pending') return pending();
                  if (kind === 'slow_down') return slowDown();
                  if (kind === '429') return limited(retryAfter)();
                  if (kind === '5xx') return unwell(retryAfter)();
                  return kind === 'timeout' ? timeout() : reset();
                },
            );
            const last = (): Response => {
              const now = clock.monotonic() - start;
              if (now < earliest || now >= lifetimeMs) violations++;
              return ends ? success() : json({ error: 'access_denied' }, 400);
            };
            const { result, at } = poll({ answers: [...answers, last], clock, intervalMs, lifetimeMs });
            const outcome = await result;
            expect(violations).toBe(0);
            if (at.length > script.length) {
              if (ends) expect(outcome).toBeInstanceOf(TokenSet);
              else expect(outcome).toMatchObject({ code: 'ACCESS_DENIED' });
            } else {
              // It gave up only where no further poll fitted in.
              expect(outcome).toMatchObject({ code: 'DEVICE_CODE_EXPIRED' });
              expect(earliest).toBeGreaterThanOrEqual(lifetimeMs);
            }
            expect(inspect(outcome, { showHidden: true, depth: Infinity })).not.toContain('canary');
          },
        ),
        { numRuns: stories.count },
      );
    },
  );
});
