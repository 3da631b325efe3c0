import { beforeEach, describe, expect, it } from 'vitest';
import {
  InvalidClientError,
  InvalidRequestError,
  StoreUnavailableError,
  UnauthorizedError,
  type WebexAuthError,
} from '../../src/errors.js';
import { ClientBreaker } from '../../src/refresh/client-breaker.js';
import { memoryStore } from '../../src/stores/memory-store.js';
import type { Store } from '../../src/stores/store.js';
import { fakeClock, type FakeClock } from '../support/fake-clock.js';
import { owner, rig } from './rig.js';

const invalidClient = (): InvalidClientError => new InvalidClientError('no', { status: 401 });
const loneUnauthorized = (): UnauthorizedError => new UnauthorizedError('?', { status: 401 });

describe('the breaker of a client that Webex refuses', () => {
  let clock: FakeClock;
  let store: Store;
  let opened: string[];

  beforeEach(() => {
    clock = fakeClock();
    store = memoryStore({ clock });
    opened = [];
  });

  const process = (secrets = 'right'): ClientBreaker =>
    new ClientBreaker({
      gates: store.gates,
      once: store.once,
      owner,
      secrets,
      clock,
      onOpen: (code) => void opened.push(code),
    });

  async function passing(breakers: readonly ClientBreaker[]): Promise<number> {
    const refusals = await Promise.all(breakers.map((breaker) => breaker.enter({ byHand: false })));
    return refusals.filter((refusal) => refusal === undefined).length;
  }

  it('F7: opens with the first invalid_client, is told once, and every process knows within a second', async () => {
    const [one, other] = [process(), process()];
    expect(await passing([one, other])).toBe(2);
    await one.refused(invalidClient(), 'ada');
    await one.refused(invalidClient(), 'grace');
    expect(opened).toEqual(['INVALID_CLIENT']);
    expect(await one.enter({ byHand: false })).toMatchObject({
      code: 'INVALID_CLIENT',
      retryAt: expect.any(Number) as number,
    });
    await clock.advance(1_000);
    // The one that gets through is this stretch's probe.
    const fleet = [other, ...Array.from({ length: 7 }, () => process())];
    expect(await passing(fleet)).toBe(1);
  });

  it('F7: lets one call of the whole fleet through every ten seconds, and heals with it', async () => {
    const fleet = Array.from({ length: 5 }, () => process());
    await fleet[0]?.refused(invalidClient(), 'ada');
    let probes = 0;
    for (let second = 0; second < 60; second++) {
      await clock.advance(1_000);
      probes += await passing(fleet);
    }
    expect(probes).toBeGreaterThanOrEqual(5);
    expect(probes).toBeLessThanOrEqual(7);
    await fleet[3]?.accepted();
    await clock.advance(1_000);
    expect(await passing(fleet)).toBe(5);
  });

  it('lets through at once what a person waits for, one at a time', async () => {
    const breaker = process();
    await breaker.refused(invalidClient(), 'ada');
    expect(await breaker.enter({ byHand: true })).toBeUndefined();
    expect(await breaker.enter({ byHand: true })).toMatchObject({ code: 'INVALID_CLIENT' });
    await breaker.refused(invalidClient(), undefined);
    expect(await breaker.enter({ byHand: true })).toBeUndefined();
    await breaker.accepted();
    expect(breaker.isOpen).toBe(false);
  });

  it('stops nobody who has other secrets', async () => {
    await process('wrong').refused(invalidClient(), 'ada');
    expect(await passing(Array.from({ length: 3 }, () => process()))).toBe(3);
  });

  it.each<[string, readonly (readonly [string | undefined, WebexAuthError] | 'success')[], boolean]>([
    [
      'two grants',
      [
        ['ada', loneUnauthorized()],
        ['grace', loneUnauthorized()],
      ],
      false,
    ],
    [
      'one grant three times',
      [
        ['ada', loneUnauthorized()],
        ['ada', loneUnauthorized()],
        ['ada', loneUnauthorized()],
      ],
      false,
    ],
    [
      'three grants',
      [
        ['ada', loneUnauthorized()],
        ['grace', loneUnauthorized()],
        ['linus', loneUnauthorized()],
      ],
      true,
    ],
    [
      'three grants with a success between',
      [['ada', loneUnauthorized()], ['grace', loneUnauthorized()], 'success', ['linus', loneUnauthorized()]],
      false,
    ],
    [
      'three sign-ins',
      [
        [undefined, loneUnauthorized()],
        [undefined, loneUnauthorized()],
        [undefined, loneUnauthorized()],
      ],
      false,
    ],
    [
      'three other refusals',
      [
        ['ada', new InvalidRequestError('?')],
        ['grace', new InvalidRequestError('?')],
        ['linus', new InvalidRequestError('?')],
      ],
      false,
    ],
  ])('F7: opens by 401s of %s: %#', async (_name, story, opens) => {
    const breaker = process();
    for (const part of story) {
      if (part === 'success') await breaker.accepted();
      else await breaker.refused(part[1], part[0]);
    }
    expect(breaker.isOpen).toBe(opens);
    expect(opened).toEqual(opens ? ['UNAUTHORIZED'] : []);
  });

  it('F7: forgets 401s after ten minutes, and what another process has healed', async () => {
    const [one, other] = [process(), process()];
    for (const grant of ['ada', 'grace', 'linus']) {
      await one.refused(loneUnauthorized(), grant);
      await clock.advance(6 * 60_000);
    }
    expect(one.isOpen).toBe(false);
    await one.refused(loneUnauthorized(), 'barbara');
    await one.refused(loneUnauthorized(), 'dennis');
    expect(one.isOpen).toBe(true);
    await clock.advance(10_000);
    expect(await passing([other])).toBe(1);
    await other.accepted();
    await clock.advance(1_000);
    expect(await passing([one])).toBe(1);
    await one.refused(loneUnauthorized(), 'edsger');
    expect(one.isOpen).toBe(false);
  });

  it('reads the store once for all who come at once', async () => {
    let reads = 0;
    const read = store.gates.read.bind(store.gates);
    store.gates.read = (...parameters) => (reads++, read(...parameters));
    const breaker = process();
    await passing(Array.from({ length: 500 }, () => breaker));
    expect(reads).toBe(1);
  });

  it('works for this process alone while the store is away', async () => {
    const away = (): Promise<never> => Promise.reject(new StoreUnavailableError('away'));
    store.gates.shut = away;
    store.gates.open = away;
    const breaker = process();
    await breaker.refused(invalidClient(), 'ada');
    expect(breaker.isOpen).toBe(true);
    await breaker.accepted();
    expect(breaker.isOpen).toBe(false);
  });

  it('F7: leaves grants alone: nothing is claimed or presented, and a valid token is served', async () => {
    const one = rig();
    const first = one.process();
    const subjects = ['ada', 'grace', 'linus', 'barbara'];
    for (const subject of subjects)
      await first.vault.keep(subject, one.server.issue(), { kind: 'authorization_code' });
    for (const _ of subjects) one.server.faults.push({ refuse: loneUnauthorized() });
    const refresh = (subject: string) =>
      first.refresher.refresh(subject, { cause: 'scheduled', generation: 1 });
    const states: (string | undefined)[] = [];
    for (const subject of subjects) states.push((await refresh(subject)).grant.state);
    // Two could not know better; the third opens the breaker, the fourth is not even tried.
    expect(states).toEqual(['suspect', 'suspect', 'live', 'live']);
    expect(one.server.faults).toHaveLength(1);
    // Grants in doubt already are no more proof, and keep their slow pace.
    const { record: doubtful } = (await first.vault.read('ada')) ?? {};
    expect((doubtful?.dueAt ?? 0) - one.clock.now()).toBeGreaterThan(9 * 60_000);
    const { record } = (await first.vault.read('barbara')) ?? {};
    expect(record).toMatchObject({ version: 1, intent: undefined, failure: undefined });
    expect(await first.tokens.token('barbara')).toMatchObject({ accessToken: 'access-4' });
    expect(first.events.filter(([name]) => name === 'degraded')).toHaveLength(1);
  });
});
