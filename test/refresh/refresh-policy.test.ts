import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenSet } from '../../src/oauth/token-set.js';
import {
  freshness,
  mandatoryAt,
  planDue,
  planDueUnchanged,
  planRetry,
  planSuspectRetry,
} from '../../src/refresh/refresh-policy.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const issuedAt = Date.UTC(2026, 0, 1);

const tokenSet = (lifetime: number | undefined, refreshLifetime?: number): TokenSet =>
  new TokenSet({
    accessToken: 'a',
    refreshToken: 'r',
    issuedAt,
    expiresAt: lifetime === undefined ? undefined : issuedAt + lifetime,
    refreshTokenExpiresAt: refreshLifetime === undefined ? undefined : issuedAt + refreshLifetime,
  });

const jitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const lifetime = fc.integer({ min: SECOND, max: 3650 * DAY });

describe('when a token set becomes due', () => {
  it('lies at 60–90 % of a lifetime of a day or more', () => {
    fc.assert(
      fc.property(fc.integer({ min: DAY, max: 3650 * DAY }), jitter, (life, random) => {
        const share = ((planDue(tokenSet(life), random) ?? 0) - issuedAt) / life;
        expect(share).toBeGreaterThanOrEqual(0.5999);
        expect(share).toBeLessThanOrEqual(0.9);
      }),
    );
  });

  it('lies 5–60 minutes before the end of a shorter one, and never in more than its last 20 %', () => {
    fc.assert(
      fc.property(fc.integer({ min: SECOND, max: DAY - 1 }), jitter, (life, random) => {
        const ahead = issuedAt + life - (planDue(tokenSet(life), random) ?? 0);
        expect(ahead).toBeLessThanOrEqual(Math.min(HOUR, 0.2 * life) + 1);
        expect(ahead).toBeGreaterThanOrEqual(Math.min(5 * MINUTE, 0.1 * life));
      }),
    );
  });

  it('comes before a refresh token that lapses earlier', () => {
    const due = planDue(tokenSet(14 * DAY, 2 * DAY), 0.5) ?? 0;
    expect(due).toBe(issuedAt + 2 * DAY - 0.2 * DAY);
  });

  it.each([
    ['ends at once', 0, undefined],
    ['has ended before it began', -5_000, undefined],
    ['ends at once, and so does its refresh token', 0, 0],
    ['is long, and its refresh token has no life', 14 * DAY, 0],
    ['is long, and its refresh token’s noted end has passed', 14 * DAY, -DAY],
    ['is long, and its refresh token ends in a second', 14 * DAY, SECOND],
  ])('never lies in the first 10 s when the token %s', (_, life, refreshLife) => {
    expect((planDue(tokenSet(life, refreshLife), 0.5) ?? 0) - issuedAt).toBeGreaterThanOrEqual(10 * SECOND);
  });

  it('ignores a refresh token’s end that lies before the answer', () => {
    expect(planDue(tokenSet(14 * DAY, 0), 0.5)).toBe(planDue(tokenSet(14 * DAY), 0.5));
  });

  it('keeps alive a token without a known end by its refresh token’s', () => {
    expect(planDue(tokenSet(undefined, 90 * DAY), 0.5)).toBe(issuedAt + 81 * DAY);
  });

  it('spreads over the range instead of meeting at one instant', () => {
    const dues = Array.from({ length: 200 }, (_, index) => planDue(tokenSet(14 * DAY), index / 200));
    expect(new Set(dues).size).toBe(200);
  });

  it('is never for a token without a known end', () => {
    expect(planDue(tokenSet(undefined), 0.5)).toBeUndefined();
    expect(freshness(tokenSet(undefined), { now: issuedAt + 3650 * DAY, dueAt: undefined })).toBe('fresh');
  });
});

describe('freshness', () => {
  it.each([
    ['a 14-day token, new', 14 * DAY, 0, 'fresh'],
    ['after its due instant', 14 * DAY, 13 * DAY, 'due'],
    ['61 s before its end', 14 * DAY, 14 * DAY - 61 * SECOND, 'due'],
    ['59 s before its end', 14 * DAY, 14 * DAY - 59 * SECOND, 'mandatory'],
    ['at its end', 14 * DAY, 14 * DAY, 'expired'],
    ['a 60 s token, new', MINUTE, 0, 'fresh'],
    ['a 60 s token in its last 20 %', MINUTE, 55 * SECOND, 'due'],
    ['a 60 s token in its last 5 %', MINUTE, 58 * SECOND, 'mandatory'],
    ['a 1 s token, half used', SECOND, 500, 'fresh'],
  ])('%s is %s', (_, life, age, expected) => {
    const one = tokenSet(life);
    expect(freshness(one, { now: issuedAt + age, dueAt: planDue(one, 0.5) })).toBe(expected);
  });

  it('only ever moves forward while time does', () => {
    const order = ['fresh', 'due', 'mandatory', 'expired'];
    fc.assert(
      fc.property(
        lifetime,
        jitter,
        fc.array(fc.double({ min: 0, max: 1.2, noNaN: true })),
        (life, random, ages) => {
          const one = tokenSet(life);
          const dueAt = planDue(one, random);
          const states = ages
            .sort((a, b) => a - b)
            .map((age) => order.indexOf(freshness(one, { now: issuedAt + age * life, dueAt })));
          expect(states).toEqual([...states].sort((a, b) => a - b));
        },
      ),
    );
  });

  it('takes a clock that was turned back for due at most, never for expired', () => {
    const one = tokenSet(14 * DAY);
    const dueAt = planDue(one, 0);
    expect(freshness(one, { now: issuedAt - DAY, dueAt })).toBe('due');
    expect(freshness(one, { now: issuedAt - 30 * SECOND, dueAt })).toBe('fresh');
  });

  it('honours a wanted remaining life', () => {
    const one = tokenSet(HOUR);
    const options = { now: issuedAt + 30 * MINUTE, dueAt: planDue(one, 0) };
    expect(freshness(one, { ...options, minTtl: 20 * MINUTE })).toBe('fresh');
    expect(freshness(one, { ...options, minTtl: 40 * MINUTE })).toBe('mandatory');
  });
});

describe('after a failure', () => {
  it('never moves the mandatory point', () => {
    fc.assert(
      fc.property(lifetime, jitter, fc.double({ min: 0, max: 1, noNaN: true }), (life, random, age) => {
        const one = tokenSet(life);
        const now = Math.floor(issuedAt + age * life);
        const retry = planRetry(one, { now, jitter: random });
        if (now < mandatoryAt(one)) expect(retry).toBeLessThanOrEqual(mandatoryAt(one));
        else expect(retry).toBeGreaterThan(now);
      }),
    );
  });

  it('H2, H3: makes at most six attempts in any 60 s of an outage, and notices its end within 10 s', () => {
    const one = tokenSet(MINUTE);
    const attempts = [issuedAt + 2 * MINUTE];
    while (attempts.length < 30) {
      const now = attempts.at(-1) ?? 0;
      attempts.push(planRetry(one, { now, jitter: 0.5 }));
    }
    for (const [index, at] of attempts.entries()) {
      expect(attempts.filter((other) => other >= at && other < at + MINUTE).length).toBeLessThanOrEqual(6);
      expect((attempts[index + 1] ?? at) - at).toBeLessThanOrEqual(10 * SECOND);
    }
  });

  it('tries a suspect grant slowly', () => {
    for (const failures of [1, 2, 10]) {
      const wait = planSuspectRetry(tokenSet(14 * DAY), { now: issuedAt, failures, jitter: 0.5 }) - issuedAt;
      expect(wait).toBeGreaterThanOrEqual(10 * MINUTE);
      expect(wait).toBeLessThanOrEqual(HOUR);
    }
  });

  it('tries a suspect grant whose token is used up within two minutes at first', () => {
    const now = issuedAt + HOUR;
    expect(planSuspectRetry(tokenSet(HOUR), { now, failures: 1, jitter: 0.5 }) - now).toBeLessThanOrEqual(
      2 * MINUTE,
    );
    expect(planSuspectRetry(tokenSet(HOUR), { now, failures: 9, jitter: 0.5 }) - now).toBeGreaterThanOrEqual(
      10 * MINUTE,
    );
  });

  it('comes back 60 s before the end, then at the end, when the server gave the same token', () => {
    const one = tokenSet(HOUR);
    const end = issuedAt + HOUR;
    expect(planDueUnchanged(one, issuedAt)).toBe(end - MINUTE);
    expect(planDueUnchanged(one, end - 30 * SECOND)).toBe(end);
    expect(planDueUnchanged(one, end)).toBe(end + 10 * SECOND);
  });
});
