import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ApiSettings } from '../../src/http/api-settings.js';
import { AuthorizedClient } from '../../src/http/authorized-client.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeTokenSource } from './fake-token-source.js';
import { scriptedTransport } from './scripted-transport.js';

const CALLS = 400;

/** Numbers from 0 to 1 that a seed fixes. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Faults as a shuffled deck: `share` of each ten sends, in an order that the seed fixes. */
function deckOf(share: number, random: () => number): () => boolean {
  let deck: boolean[] = [];
  return () => {
    if (deck.length === 0)
      deck = Array.from({ length: 10 }, (_, at) => ({ fault: at < share * 10, order: random() }))
        .sort((a, b) => a.order - b.order)
        .map(({ fault }) => fault);
    return deck.pop() ?? false;
  };
}

/** Many principals call an API that fails, each call repeated once at most; 20 calls a second come in. */
async function simulated(share: number, seed: number) {
  const random = randomFrom(seed);
  const isFault = deckOf(share, random);
  const clock = fakeClock();
  const transport = scriptedTransport(clock, () => (isFault() ? 503 : 200));
  const settings = new ApiSettings({
    transport,
    clock,
    random,
    apiBase: 'https://webexapis.com/v1',
    allowedOrigins: [],
    retry: { attempts: 2 },
  });
  const clients = Array.from(
    { length: 20 },
    (_, at) => new AuthorizedClient({ settings, tokenSource: fakeTokenSource('t'), principal: `user ${at}` }),
  );
  let succeeded = 0;
  const calls: Promise<unknown>[] = [];
  for (let call = 0; call < CALLS; call++) {
    const client = clients[call % clients.length]!;
    calls.push(
      client.request({ uri: call % 2 ? '/x' : '/y' }).then(
        () => succeeded++,
        () => undefined,
      ),
    );
    await clock.advance(50);
  }
  await clock.advance(10_000);
  await Promise.all(calls);
  return { amplification: transport.sent.length / CALLS, success: succeeded / CALLS };
}

it('H2: with 30 % faults at most 1.2 sends per call, and at least 77 % of the calls succeed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 0xffffffff }), async (seed) => {
      const { amplification, success } = await simulated(0.3, seed);
      expect(amplification).toBeLessThanOrEqual(1.2);
      expect(success).toBeGreaterThanOrEqual(0.77);
    }),
    { numRuns: 3 },
  );
});

it('H2: in a full outage the circuit leaves next to nothing of the load', async () => {
  const { amplification, success } = await simulated(1, 1);
  expect(success).toBe(0);
  expect(amplification).toBeLessThan(0.25);
});
