import { describe, expect, it } from 'vitest';
import { ServiceUnavailableError } from '../../src/errors.js';
import { CircuitBreakers } from '../../src/http/circuit-breakers.js';
import { fakeClock } from '../support/fake-clock.js';

const HERE = 'https://webexapis.com';
const THERE = 'https://other.example';

/** Five failures in a row over two seconds: the circuit of `HERE` is open. */
async function opened() {
  const clock = fakeClock();
  const breakers = new CircuitBreakers({ clock });
  for (let count = 0; count < 5; count++) {
    if (count > 0) await clock.advance(500);
    breakers.failed(HERE, undefined);
  }
  return { clock, breakers };
}

describe('a circuit', () => {
  it('opens with the fifth failure in a row, for its own origin only, and says when to come back', async () => {
    const { clock, breakers } = await opened();
    const at = clock.now();
    expect(breakers.isResting(HERE)).toBe(true);
    let error: unknown;
    try {
      breakers.enter(HERE);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ServiceUnavailableError);
    expect(error).toMatchObject({ code: 'SERVICE_UNAVAILABLE', retryAt: at + 5_000 });
    expect(String(error)).toContain(`${HERE} is resting`);
    expect(breakers.isResting(THERE)).toBe(false);
    expect(breakers.enter(THERE)).toBeUndefined();
  });

  it.each([
    ['a success between', [0, 500, 'success', 500, 500, 500, 500]],
    ['more than 30 s from first to fifth', [0, 10_000, 10_000, 10_000, 500]],
    ['only four', [0, 500, 500, 500]],
    ['a hiccup that many meet at once', [0, 0, 0, 0, 0, 0, 0, 0, 0, 999]],
    ['one each hour', [0, 3_600_000, 3_600_000, 3_600_000, 3_600_000, 3_600_000]],
  ])('stays closed with %s', async (_, steps) => {
    const clock = fakeClock();
    const breakers = new CircuitBreakers({ clock });
    for (const step of steps) {
      if (step === 'success') breakers.succeeded(HERE);
      else {
        await clock.advance(step as number);
        breakers.failed(HERE, undefined);
      }
    }
    expect(breakers.isResting(HERE)).toBe(false);
    expect(breakers.enter(HERE)).toBeUndefined();
  });

  it('lets one probe through after 5 s; nobody waits for it', async () => {
    const { clock, breakers } = await opened();
    await clock.advance(4_999);
    expect(() => breakers.enter(HERE)).toThrow(ServiceUnavailableError);
    await clock.advance(1);
    expect(breakers.isResting(HERE)).toBe(false);
    expect(breakers.enter(HERE)).toBeDefined();
    for (let call = 0; call < 100; call++)
      expect(() => breakers.enter(HERE)).toThrow(ServiceUnavailableError);
  });

  it('doubles its rest with each probe that fails, to a minute', async () => {
    const { clock, breakers } = await opened();
    const rests: number[] = [];
    for (let rest = 5_000, round = 0; round < 6; round++) {
      await clock.advance(rest);
      const probe = breakers.enter(HERE);
      breakers.failed(HERE, probe);
      const before = clock.now();
      try {
        breakers.enter(HERE);
      } catch (error) {
        rest = ((error as ServiceUnavailableError).retryAt ?? 0) - before;
      }
      rests.push(rest);
    }
    expect(rests).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  it('closes with the first success, whoever has it, and starts afresh', async () => {
    const { clock, breakers } = await opened();
    await clock.advance(5_000);
    breakers.failed(HERE, breakers.enter(HERE));
    breakers.succeeded(HERE);
    expect(breakers.enter(HERE)).toBeUndefined();
    for (let count = 0; count < 4; count++) {
      await clock.advance(500);
      breakers.failed(HERE, undefined);
    }
    expect(breakers.isResting(HERE)).toBe(false);
  });

  it('is not kept shut longer by calls that were sent before', async () => {
    const { clock, breakers } = await opened();
    await clock.advance(4_000);
    for (let count = 0; count < 10; count++) breakers.failed(HERE, undefined);
    await clock.advance(1_000);
    expect(breakers.enter(HERE)).toBeDefined();
  });

  it('gives the probe to another when its caller leaves, or when it is not heard of for a minute', async () => {
    const { clock, breakers } = await opened();
    await clock.advance(5_000);
    const first = breakers.enter(HERE);
    breakers.left(HERE, undefined);
    expect(() => breakers.enter(HERE)).toThrow(ServiceUnavailableError);
    breakers.left(HERE, first);
    const second = breakers.enter(HERE);
    expect(second).toBeDefined();
    await clock.advance(59_999);
    expect(() => breakers.enter(HERE)).toThrow(ServiceUnavailableError);
    await clock.advance(1);
    expect(breakers.enter(HERE)).toBeDefined();
    // The lost one's verdict comes late: the probe that is out now decides.
    breakers.failed(HERE, second);
    breakers.left(HERE, second);
    expect(() => breakers.enter(HERE)).toThrow(ServiceUnavailableError);
  });
});

describe('a circuit whose failures may be those of one resource', () => {
  const by = (principal: string, resource: string) => ({ principal, resource: ` /v1/${resource}` });

  it.each([
    ['opens with two resources', ['a rooms', 'a rooms', 'a rooms', 'a rooms', 'a teams'], true],
    ['opens with a failed connection among them', ['a rooms', 'a rooms', 'a rooms', 'a rooms', ''], true],
    ['opens with failed connections', ['', '', '', '', ''], true],
    ['stays closed with one', ['a rooms', 'a rooms', 'a rooms', 'a rooms', 'a rooms', 'a rooms'], false],
    [
      'stays closed with one, of many principals',
      ['a rooms', 'b rooms', 'c rooms', 'd rooms', 'e rooms'],
      false,
    ],
  ])('%s', async (_, row, opens) => {
    const clock = fakeClock();
    const breakers = new CircuitBreakers({ clock });
    for (const [at, one] of row.entries()) {
      if (at > 0) await clock.advance(500);
      const [principal = '', resource = ''] = one.split(' ');
      if (at < row.length - 1) expect(breakers.isResting(HERE)).toBe(false);
      breakers.failed(HERE, undefined, one === '' ? undefined : by(principal, resource));
    }
    expect(breakers.isResting(HERE)).toBe(opens);
  });

  /** Bob's rooms and teams have failed. */
  async function openedByBob() {
    const clock = fakeClock();
    const breakers = new CircuitBreakers({ clock });
    for (let count = 0; count < 5; count++) {
      if (count > 0) await clock.advance(500);
      breakers.failed(HERE, undefined, by('bob', count % 2 ? 'rooms' : 'teams'));
    }
    return { clock, breakers };
  }

  it.each([
    ['another principal', 'ann', 'rooms'],
    ['another resource', 'bob', 'people'],
  ])('lets %s try at once, one call of it, whose success closes it', async (_, principal, resource) => {
    const { breakers } = await openedByBob();
    expect(() => breakers.enter(HERE, by('bob', 'rooms'))).toThrow(ServiceUnavailableError);
    expect(breakers.enter(HERE, by(principal, resource))).toBeUndefined();
    expect(() => breakers.enter(HERE, by(principal, resource))).toThrow(ServiceUnavailableError);
    breakers.succeeded(HERE);
    expect(breakers.isResting(HERE)).toBe(false);
  });

  it('lets them try anew after each probe, which alone decides how long the rest is', async () => {
    const { clock, breakers } = await openedByBob();
    for (const rest of [5_000, 10_000, 20_000]) {
      breakers.failed(HERE, breakers.enter(HERE, by('ann', 'people')), by('ann', 'people'));
      expect(() => breakers.enter(HERE, by('ann', 'people'))).toThrow(ServiceUnavailableError);
      await clock.advance(rest - 1);
      expect(() => breakers.enter(HERE, by('bob', 'rooms'))).toThrow(ServiceUnavailableError);
      await clock.advance(1);
      breakers.failed(HERE, breakers.enter(HERE, by('bob', 'rooms')), by('bob', 'rooms'));
    }
  });

  it('H2: lets few of them try, however many there are', async () => {
    const { breakers } = await openedByBob();
    let passed = 0;
    for (let call = 0; call < 10_000; call++) {
      try {
        breakers.enter(HERE, by(`user ${call}`, `thing ${call}`));
        passed++;
      } catch (error) {
        expect(error).toBeInstanceOf(ServiceUnavailableError);
      }
    }
    expect(passed).toBe(7);
  });

  it('lets nobody try where no connection could be made', async () => {
    const { breakers } = await opened();
    expect(() => breakers.enter(HERE, by('ann', 'people'))).toThrow(ServiceUnavailableError);
  });
});
