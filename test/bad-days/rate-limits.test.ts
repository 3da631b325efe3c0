import { describe, expect, it } from 'vitest';
import { startWorld, type World } from './world.js';

const ROOMS = 'GET /v1/rooms';
const SECOND = 1_000;

/** When the requests of a route came, counted from the first: milliseconds. */
function arrivals({ emulator }: World, route = ROOMS): number[] {
  const found = emulator.ledger.find(route);
  return found.map(({ at }) => at - (found[0]?.at ?? 0));
}

describe('a 429 of the Webex API', () => {
  it.each([1, 4, 29])(
    'G1: that says %i s is waited for by all calls of that person, and not for longer',
    async (seconds) => {
      const world = await startWorld();
      const [ada, grace] = [await world.person(1), await world.person(2)];
      world.emulator.faults.add({ route: ROOMS, times: 1, retryAfter: seconds });
      const first = ada.get('/rooms');
      while (world.count(ROOMS) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await world.clock.advance(100);
      const others = [
        ada.get('/rooms'),
        ada.get('/rooms'),
        ada.request({ uri: '/rooms' }),
        ada.fetch('/rooms'),
      ];
      await world.drive(Promise.all([first, ...others]));
      const [limited, next = 0, ...later] = arrivals(world);
      expect(limited).toBe(0);
      expect(next).toBeGreaterThanOrEqual(seconds * SECOND);
      expect(next).toBeLessThanOrEqual(seconds * 1.1 * SECOND + SECOND);
      expect([later.length, Math.min(...later) >= next]).toEqual([4, true]);
      await world.drive(grace.get('/people/me'));
    },
  );

  describe.each([
    ['an hour slow', -3_600],
    ['right', 0],
    ['an hour fast', 3_600],
  ])('with a local clock that is %s', (_, offsetSeconds) => {
    const at = (instant: number): Record<'IMF-fixdate' | 'RFC 850' | 'asctime', string> => {
      const date = new Date(instant);
      const [weekday = '', day = '', month = '', year = '', time = ''] = date.toUTCString().split(' ');
      const long = date.toLocaleDateString('en-US', { weekday: 'long', timeZone: 'UTC' });
      return {
        'IMF-fixdate': date.toUTCString(),
        'RFC 850': `${long}, ${day}-${month}-${year.slice(2)} ${time} GMT`,
        asctime: `${weekday.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`,
      };
    };

    it.each(['IMF-fixdate', 'RFC 850', 'asctime'] as const)(
      'G2: a date in the form %s is waited for within 2 s',
      async (form) => {
        const world = await startWorld();
        const ada = await world.person(1);
        const theirs = world.clock.now() - offsetSeconds * SECOND;
        world.emulator.faults.add({
          route: ROOMS,
          times: 1,
          retryAfter: at(theirs + 7 * SECOND)[form],
          headers: { Date: at(theirs)['IMF-fixdate'] },
        });
        await world.drive(ada.get('/rooms'));
        const [, next = 0] = arrivals(world);
        expect(next).toBeGreaterThanOrEqual(7 * SECOND);
        expect(next).toBeLessThanOrEqual(9 * SECOND);
      },
    );
  });

  it.each(['-5', '1.5', '', 'soon', '3, 7', '1e3', 'Sun, 06 Nov 1994 08:49:37 GMT', '0'])(
    'G3: that says %j is followed by a backoff: never at once, and never for ever',
    async (retryAfter) => {
      const world = await startWorld();
      const ada = await world.person(1);
      const fault = world.emulator.faults.add({
        route: ROOMS,
        status: 429,
        headers: { 'Retry-After': retryAfter },
      });
      await expect(world.drive(ada.get('/rooms'))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
      const found = arrivals(world);
      expect(found).toHaveLength(3);
      for (const [index, arrived] of found.slice(1).entries())
        expect(arrived - (found[index] ?? 0)).toBeGreaterThanOrEqual(500);
      expect(found.at(-1)).toBeLessThan(5 * SECOND);
      fault.remove();
      await world.drive(ada.get('/rooms'));
    },
  );

  it.each([
    ['31', 31],
    ['3600', 3_600],
    ['9999999999', 9_999_999_999],
    ['Fri, 31 Dec 9999 23:59:59 GMT', (Date.UTC(9999, 11, 31, 23, 59, 59) - Date.UTC(2026, 0, 1)) / SECOND],
  ])(
    'G3: that says %s is told at once with retryAt, and the gate stays shut',
    async (retryAfter, seconds) => {
      const world = await startWorld();
      const ada = await world.person(1);
      world.emulator.faults.add({
        route: ROOMS,
        retryAfter,
        times: 1,
        headers: { Date: new Date(world.clock.now()).toUTCString() },
      });
      const began = world.clock.now();
      const refusals: unknown[] = [];
      for (let call = 0; call < 100; call++)
        refusals.push(await world.drive(ada.get('/rooms').catch((error: unknown) => error)));
      expect(world.count(ROOMS)).toBe(1);
      expect(world.clock.now() - began).toBeLessThan(2 * SECOND);
      for (const refusal of refusals)
        expect(refusal).toMatchObject({ code: 'RATE_LIMITED', retryable: true });
      expect(refusals[0]).toMatchObject({ status: 429 });
      const { retryAt = 0 } = refusals[0] as { retryAt?: number };
      expect(Math.abs(retryAt - began - seconds * SECOND)).toBeLessThan(2 * SECOND);
      // No limit of Webex is near a day: an odd date locks nobody out for years.
      await world.clock.advance(Math.min(seconds, 86_400) * SECOND);
      await world.drive(ada.get('/people/me'));
    },
  );
});
