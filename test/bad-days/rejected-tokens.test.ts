import { describe, expect, it } from 'vitest';
import { startWorld } from './world.js';

const ROOMS = 'GET /v1/rooms';
const ME = 'GET /v1/people/me';
const SECOND = 1_000;

describe('E8: 500 requests in flight get a 401 for the token before last', () => {
  it.each([['this process'], ['another process']])(
    'E8: are replayed once each, with no refresh, when %s stored the new one',
    async (where) => {
      const world = await startWorld();
      const { emulator, auth } = world;
      const ada = await world.person(1);
      const old = (await auth.token('user-1')).accessToken;
      const another = await world.another();
      emulator.faults.add({ route: ROOMS, times: 500, delayBeforeMs: 5 * SECOND });
      const calls = Array.from({ length: 500 }, () => ada.request({ uri: '/rooms' }));
      while (world.count(ROOMS) < 500) await new Promise((resolve) => setTimeout(resolve, 5));
      const refreshing = where === 'this process' ? ada : await another.user('user-1');
      await world.drive(refreshing.refresh());
      emulator.revokeToken(old);
      expect(emulator.ledger.count('refresh_token')).toBe(1);

      const answers = await world.drive(Promise.all(calls));
      expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(500);
      const statuses = emulator.ledger.find(ROOMS).map(({ status }) => status);
      expect(statuses.filter((status) => status === 401)).toHaveLength(500);
      expect(statuses).toHaveLength(1_000);
      expect(emulator.ledger.count('refresh_token')).toBe(1);
    },
  );
});

describe('E9: an endpoint that answers 401 for ever', () => {
  it.each(['rotate-strict', 'same-access'] as const)(
    'E9: costs one replay per request and one refresh in 30 s, and no other endpoint anything (%s)',
    async (refreshMode) => {
      const world = await startWorld({}, { refreshMode });
      const { emulator } = world;
      const ada = await world.person(1);
      const grace = await world.person(2);
      emulator.faults.add({ route: ROOMS, status: 401 });
      const began = world.clock.now();
      const others: number[] = [];
      // 1,000 requests in 90 s: ten at once, every 0.9 s.
      for (let round = 0; round < 100; round++) {
        const calls = Array.from({ length: 10 }, () => ada.get('/rooms'));
        const results = await world.drive(Promise.allSettled(calls), 10);
        for (const result of results)
          expect(result).toMatchObject({ reason: { code: 'UNAUTHORIZED', status: 401 } });
        for (const person of [ada, grace])
          others.push((await world.drive(person.request({ uri: '/memberships' }), 10)).statusCode);
        await world.clock.advance(Math.max(0, began + (round + 1) * 900 - world.clock.now()));
      }
      expect(new Set(others)).toEqual(new Set([200]));
      const refreshes = emulator.ledger.count('refresh_token');
      expect(refreshes).toBeGreaterThanOrEqual(1);
      // Only the ten that were on their way when another token came had anything to be replayed with.
      expect(world.count(ROOMS)).toBeLessThanOrEqual(1_000 + 10 * refreshes);
      // The pause counts from the report, the ledger from the arrival: half a second apart at most.
      for (const what of ['refresh_token', ME]) {
        const times = emulator.ledger.find(what).map(({ at }) => at);
        for (const [index, at] of times.slice(1).entries())
          expect(at - (times[index] ?? 0), what).toBeGreaterThanOrEqual(29.5 * SECOND);
      }
      expect((await world.auth.grants.get('user-1'))?.state).toBe('live');
    },
  );
});
