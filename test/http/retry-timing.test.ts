import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NetworkError, ProtocolError, TimeoutError, type NetworkFailure } from '../../src/errors.js';
import { type Attempted, isOutage, rateLimitWait, retryDelay } from '../../src/http/retry-timing.js';
import { retrySettings } from '../../src/http/retry-settings.js';

const usual = retrySettings(undefined);
const network = (reason: NetworkFailure, maybeProcessed = true) => ({
  error: new NetworkError('x', { reason, maybeProcessed }),
});
const answered = (status: number, retryAfterMs?: number) => ({ status, retryAfterMs });

function attempted(parts: Partial<Attempted>): Attempted {
  return {
    attempt: 1,
    method: 'GET',
    idempotencyKey: false,
    replayable: true,
    outcome: answered(503),
    leftMs: 60_000,
    random: () => 0,
    ...parts,
  };
}

describe('retryDelay', () => {
  // random() = 0 is the shorter half of each backoff: 100 ms, 200 ms; after a 429 without a usable field 500 ms, 1 s.
  it.each<[string, Partial<Attempted>, number | undefined]>([
    ['429 waits as it is told', { outcome: answered(429, 7_000) }, 7_000],
    ['429 repeats any method', { outcome: answered(429, 7_000), method: 'POST' }, 7_000],
    ['429 of exactly the allowed wait', { outcome: answered(429, 30_000) }, 30_000],
    ['429 of more than the allowed wait', { outcome: answered(429, 30_001) }, undefined],
    ['429 without a usable field', { outcome: answered(429) }, 500],
    ['429 that says 0', { outcome: answered(429, 0) }, 500],
    ['429 the second time', { outcome: answered(429), attempt: 2 }, 1_000],
    ['429 beyond the deadline', { outcome: answered(429, 7_000), leftMs: 7_000 }, undefined],
    ['429 just within it', { outcome: answered(429, 7_000), leftMs: 7_001 }, 7_000],
    ['429 of a stream', { outcome: answered(429, 1_000), replayable: false }, undefined],
    ['503', {}, 100],
    ['503 the second time', { attempt: 2 }, 200],
    ['503 the third time', { attempt: 3 }, undefined],
    ['503 that says when', { outcome: answered(503, 4_000) }, 4_000],
    ['503 that says sooner than the backoff', { outcome: answered(503, 1) }, 100],
    ['503 that says 0', { outcome: answered(503, 0) }, 100],
    ['503 that says too late', { outcome: answered(503, 30_001) }, undefined],
    ['503 beyond the deadline', { leftMs: 100 }, undefined],
    ['503 of a POST', { method: 'POST' }, undefined],
    ['503 of a POST that says when', { method: 'POST', outcome: answered(503, 1_000) }, undefined],
    ['503 of a POST with a key', { method: 'POST', idempotencyKey: true }, 100],
    ['503 of a PATCH', { method: 'PATCH' }, undefined],
    ['503 of a PUT', { method: 'PUT' }, 100],
    ['503 of a DELETE', { method: 'DELETE' }, 100],
    ['503 of a HEAD', { method: 'HEAD' }, 100],
    ['503 of an OPTIONS', { method: 'OPTIONS' }, 100],
    ['503 of a stream', { method: 'PUT', replayable: false }, undefined],
    ['500', { outcome: answered(500) }, 100],
    ['502', { outcome: answered(502) }, 100],
    ['504', { outcome: answered(504) }, 100],
    ['501', { outcome: answered(501) }, undefined],
    ['505', { outcome: answered(505, 1_000) }, undefined],
    ['423 that says when', { outcome: answered(423, 2_000) }, 2_000],
    ['423 that does not', { outcome: answered(423) }, undefined],
    ['423 that says too late', { outcome: answered(423, 30_001) }, undefined],
    ['423 of a POST', { outcome: answered(423, 2_000), method: 'POST' }, undefined],
    ['400 that says when', { outcome: answered(400, 1_000) }, undefined],
    ['403', { outcome: answered(403) }, undefined],
    ['404', { outcome: answered(404) }, undefined],
    ['428', { outcome: answered(428) }, undefined],
    ['451', { outcome: answered(451) }, undefined],
    ['200', { outcome: answered(200) }, undefined],
    ['a reset', { outcome: network('reset') }, 100],
    ['a reset of a POST', { outcome: network('reset'), method: 'POST' }, undefined],
    [
      'a reset of a POST with a key',
      { outcome: network('reset'), method: 'POST', idempotencyKey: true },
      100,
    ],
    ['a reset of a stream', { outcome: network('reset'), method: 'PUT', replayable: false }, undefined],
    ['a refused connection', { outcome: network('refused', false) }, 100],
    ['a timeout of connecting', { outcome: network('other', false) }, 100],
    ['a name that does not resolve', { outcome: network('dns', false) }, undefined],
    ['a certificate that is not trusted', { outcome: network('tls', false) }, undefined],
    ['the deadline itself', { outcome: { error: new TimeoutError('x') } }, undefined],
    ['an answer that is none', { outcome: { error: new ProtocolError('x') } }, undefined],
    ['something else', { outcome: { error: new TypeError('x') } }, undefined],
  ])('%s', (_, parts, delay) => {
    expect(retryDelay(attempted(parts), usual)).toBe(delay);
  });

  it('does as the call says', () => {
    const rateLimited = attempted({ outcome: answered(429, 2_000) });
    expect(retryDelay(rateLimited, retrySettings(false))).toBeUndefined();
    expect(retryDelay(rateLimited, retrySettings({ attempts: 1 }))).toBeUndefined();
    expect(retryDelay(rateLimited, retrySettings({ maxRetryAfterMs: 1_999 }))).toBeUndefined();
    expect(retryDelay(rateLimited, retrySettings({ attempts: 2, maxRetryAfterMs: 2_000 }))).toBe(2_000);
    expect(
      retryDelay(attempted({ outcome: answered(429) }), retrySettings({ maxRetryAfterMs: 0 })),
    ).toBeUndefined();
  });

  it('law: never early, never at once, never beyond the deadline or the third attempt, and never NaN', () => {
    const wait = fc.option(fc.oneof(fc.nat(120_000), fc.constantFrom(0, 1e15, Infinity)), { nil: undefined });
    const outcome = fc.oneof(
      fc.record({ status: fc.integer({ min: 200, max: 599 }), retryAfterMs: wait }),
      fc.constantFrom<NetworkFailure>('reset', 'refused', 'other', 'dns', 'tls').map((one) => network(one)),
    );
    const any = fc.record({
      attempt: fc.integer({ min: 1, max: 5 }),
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
      idempotencyKey: fc.boolean(),
      replayable: fc.boolean(),
      outcome,
      leftMs: fc.oneof(fc.integer({ min: -10, max: 120_000 }), fc.constant(Infinity)),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }).map((one) => () => one),
    });
    const settings = fc.record({ attempts: fc.integer({ min: 1, max: 3 }), maxRetryAfterMs: fc.nat(90_000) });
    let repeated = 0;
    fc.assert(
      fc.property(any, settings, (one, how) => {
        const delay = retryDelay(one, how);
        if (delay === undefined) return;
        repeated++;
        expect(one.replayable).toBe(true);
        expect(one.attempt).toBeLessThan(how.attempts);
        expect(delay).toBeGreaterThan(0);
        expect(delay).toBeLessThan(one.leftMs);
        const { outcome: came } = one;
        if ('status' in came && came.retryAfterMs) {
          expect(delay).toBeGreaterThanOrEqual(came.retryAfterMs);
          expect(came.retryAfterMs).toBeLessThanOrEqual(how.maxRetryAfterMs);
        }
        if (!one.idempotencyKey && (one.method === 'POST' || one.method === 'PATCH'))
          expect(came).toMatchObject({ status: 429 });
      }),
      { numRuns: 5_000 },
    );
    expect(repeated).toBeGreaterThan(0);
  });
});

it('a gate is shut for as long as the server says, else for a backoff that is never nothing', () => {
  const random = () => 0.5;
  expect(rateLimitWait(4_000, { attempt: 1, random })).toBe(4_000);
  expect(rateLimitWait(3_600_000, { attempt: 3, random })).toBe(3_600_000);
  for (const odd of [undefined, 0]) {
    expect(rateLimitWait(odd, { attempt: 1, random })).toBe(750);
    expect(rateLimitWait(odd, { attempt: 3, random })).toBe(3_000);
  }
});

it.each([
  [500, true],
  [503, true],
  [599, true],
  [429, false],
  [404, false],
  [200, false],
  [{ error: new NetworkError('x', { reason: 'tls', maybeProcessed: false }) }, true],
  [{ error: new TimeoutError('x') }, true],
  [{ error: new ProtocolError('x') }, false],
  [{ error: 'gave up' }, false],
])('an origin is unwell after %j: %s', (outcome, unwell) => {
  expect(isOutage(outcome)).toBe(unwell);
});
