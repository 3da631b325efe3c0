import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/emulator/emulator.js';
import { isWebexAuthError } from '../../src/index.js';
import { LIFETIME_S, startWorld } from './world.js';

const TOKEN = 'POST /v1/access_token';
const ROOMS = 'GET /v1/rooms';
const SECOND = 1_000;

const OUTAGES: [string, Omit<Fault, 'route'>][] = [
  ['answers 503', { status: 503 }],
  ['resets connections', { resetBefore: true }],
  ['never answers', { delayBeforeMs: 86_400_000 }],
];

describe('G5: a 429 of the token endpoint', () => {
  it('G5: shuts one gate for the client: valid tokens are served, no grant dies, and all refresh when it opens', async () => {
    const world = await startWorld();
    const people = await Promise.all(Array.from({ length: 20 }, (_, number) => world.person(number)));
    // All are due, none has ended.
    await world.clock.advance((LIFETIME_S - 240) * SECOND);
    world.emulator.ledger.clear();
    world.emulator.faults.add({ route: TOKEN, times: 1, retryAfter: 60 });
    await world.drive(people[0]!.get('/rooms'));
    while (world.count(TOKEN) === 0) await world.clock.advance(10);
    const limitedAt = world.emulator.ledger.find(TOKEN)[0]!.at;
    while (world.emulator.ledger.find(TOKEN)[0]!.status === undefined) await world.clock.advance(10);
    let served = 0;
    for (let round = 0; round < 10; round++) {
      for (const person of people)
        served += (await world.drive(person.request({ uri: '/rooms' }), 10)).statusCode === 200 ? 1 : 0;
      await world.clock.advance(5 * SECOND);
    }
    expect(served).toBe(200);
    expect(world.emulator.ledger.find(TOKEN).filter(({ at }) => at < limitedAt + 60 * SECOND)).toHaveLength(
      1,
    );
    await world.clock.advance(Math.max(0, limitedAt + 61 * SECOND - world.clock.now()));
    for (let number = 0; number < people.length; number++) {
      const { state } = (await world.auth.grants.get(`user-${String(number)}`)) ?? {};
      expect(state).toBe('live');
    }
    // Past their end the tokens have to be renewed; nothing stands in the way any more.
    await world.clock.advance(240 * SECOND);
    for (const person of people) await world.drive(person.get('/rooms'));
    expect(
      world.emulator.ledger.find(({ grantType, status }) => grantType === 'refresh_token' && status === 200)
        .length,
    ).toBeGreaterThanOrEqual(20);
  });
});

describe('an outage of the token endpoint', () => {
  it.each(OUTAGES)('H1: of ten minutes costs no call while tokens are valid: it %s', async (_, fault) => {
    const world = await startWorld();
    const people = [await world.person(1), await world.person(2)];
    // To 40 s before the tokens end: a minute before it they begin to be refreshed before they are handed out.
    await world.clock.advance((LIFETIME_S - 640) * SECOND);
    const began = world.clock.now();
    world.emulator.faults.add({ route: TOKEN, ...fault });
    const outcomes: (number | string)[] = [];
    const statusOf = async (call: Promise<{ statusCode: number }>): Promise<number | string> => {
      const outcome = await call.catch((error: unknown) => error);
      return isWebexAuthError(outcome) ? outcome.code : (outcome as { statusCode: number }).statusCode;
    };
    while (world.clock.now() < began + 600 * SECOND) {
      const calls = people.map((person) => statusOf(person.request({ uri: '/rooms' })));
      outcomes.push(...(await world.drive(Promise.all(calls), 250)));
      await world.clock.advance(5 * SECOND);
    }
    expect(outcomes.length).toBeGreaterThan(100);
    expect(outcomes.filter((status) => status !== 200)).toEqual([]);
    expect(world.emulator.ledger.count('refresh_token')).toBeGreaterThan(0);
  });

  it.each(OUTAGES)('H2: meets at most 6 refresh attempts of a person in 60 s: it %s', async (_, fault) => {
    const world = await startWorld();
    const ada = await world.person(1);
    await world.clock.advance((LIFETIME_S + 1) * SECOND);
    const began = world.clock.now();
    const outage = world.emulator.faults.add({ route: TOKEN, ...fault });
    let failed = 0;
    while (world.clock.now() < began + 60 * SECOND) {
      const calls = Array.from({ length: 5 }, () => ada.get('/rooms').catch(() => failed++));
      await world.drive(Promise.all(calls), 50);
      await world.clock.advance(250);
    }
    expect(failed).toBeGreaterThan(5);
    const presented = world.emulator.ledger.find('refresh_token').map(({ at }) => at);
    // Where the answer got lost the same token is presented again at once, up to three times: that is one attempt.
    const attempts = presented.filter((at, index) => at - (presented[index - 1] ?? -Infinity) > 2 * SECOND);
    expect(attempts.length).toBeLessThanOrEqual(6);
    expect(presented.length).toBeLessThanOrEqual(fault.resetBefore ? 18 : 6);
    expect(world.count(ROOMS)).toBe(0);
    outage.remove();
    if (fault.delayBeforeMs !== undefined) return;
    await world.clock.advance(60 * SECOND);
    await world.drive(ada.get('/rooms'));
    expect((await world.auth.grants.get('user-1'))?.state).toBe('live');
  });

  it('H2: is bounded for all people together', async () => {
    const world = await startWorld();
    const people = await Promise.all(Array.from({ length: 40 }, (_, number) => world.person(number)));
    await world.clock.advance((LIFETIME_S + 1) * SECOND);
    const began = world.clock.now();
    world.emulator.faults.add({ route: TOKEN, status: 503 });
    while (world.clock.now() < began + 60 * SECOND) {
      await world.drive(Promise.all(people.map((person) => person.get('/rooms').catch(() => undefined))), 50);
      await world.clock.advance(SECOND);
    }
    // Everybody once, and once more before it is taken for an outage; then a probe now and then. Alone each would try six times.
    expect(world.emulator.ledger.count('refresh_token')).toBeLessThanOrEqual(2 * people.length + 20);
  });
});
