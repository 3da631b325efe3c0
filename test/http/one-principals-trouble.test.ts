import { expect, it } from 'vitest';
import { ApiSettings } from '../../src/http/api-settings.js';
import { AuthorizedClient } from '../../src/http/authorized-client.js';
import { fakeClock, type FakeClock } from '../support/fake-clock.js';
import { fakeTokenSource } from './fake-token-source.js';
import { connectionError, type Scripted, scriptedTransport } from './scripted-transport.js';

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

/** What Bob meets, on which of his resources; his calls end after `deadlineMs`. So many colleagues of his meet the same. */
interface Trouble {
  answer: (clock: FakeClock) => Scripted;
  resources?: readonly string[];
  deadlineMs?: number;
  colleagues?: number;
}

const ONE = ['/broken'];
const EVERYTHING = ['/people/me', '/rooms', '/messages', '/teams'];
const never = () => new Promise<never>(() => undefined);
const TROUBLES: Record<string, Trouble> = {
  'a resource that answers 500': { answer: () => 500 },
  'a resource that answers 501': { answer: () => 501 },
  'a resource that answers 503': { answer: () => 503 },
  'a resource that resets': { answer: () => connectionError('ECONNRESET', 'read') },
  'a resource that hangs': { answer: never },
  'too little patience': { answer: (clock) => clock.sleep(2_000).then(() => 200), deadlineMs: 500 },
  'too little patience everywhere': { answer: never, deadlineMs: 500, resources: ['/a', '/b', '/c'] },
  'two resources that answer 503': { answer: () => 503, resources: ['/broken', '/halved'] },
  // As where the cluster of his organization is down.
  '503 for all that is his': { answer: () => 503, resources: EVERYTHING },
  "503 for all that is his and his colleagues'": { answer: () => 503, resources: EVERYTHING, colleagues: 5 },
};

/** Both call at random moments, so many seconds apart on average; what of Ann's calls, all healthy, was refused. */
async function refusedShare(trouble: Trouble, bobEvery: number, annEvery: number, seed: number) {
  const { answer, resources = ONE, deadlineMs, colleagues = 0 } = trouble;
  const random = randomFrom(seed);
  const clock = fakeClock();
  const transport = scriptedTransport(clock, ({ headers }) =>
    headers['authorization'] !== 'Bearer ann' ? answer(clock) : 200,
  );
  const apiBase = 'https://webexapis.com/v1';
  const settings = new ApiSettings({ transport, clock, random, apiBase, allowedOrigins: [] });
  const clientOf = (principal: string) =>
    new AuthorizedClient({ settings, tokenSource: fakeTokenSource(principal), principal });
  const ann = clientOf('ann');
  const bobs = Array.from({ length: 1 + colleagues }, (_, at) => clientOf(`bob-${at}`));
  const later = (seconds: number): number => clock.now() - Math.log(1 - random()) * seconds * 1_000;
  let [annAt, bobAt] = [later(annEvery), later(bobEvery)];
  let bobsCalls = 0;
  let refused = 0;
  const CALLS = 100;
  for (let calls = 0; calls < CALLS;) {
    await clock.advance(Math.max(0, Math.min(annAt, bobAt) - clock.now()));
    if (bobAt <= annAt) {
      const bob = bobs[Math.floor(random() * bobs.length)]!;
      const uri = resources[bobsCalls++ % resources.length]!;
      bob.request({ uri, deadlineMs }).catch(() => undefined);
      bobAt = later(bobEvery);
    } else {
      calls++;
      ann.request({ uri: '/people/me' }).catch(() => refused++);
      annAt = later(annEvery);
    }
  }
  await clock.advance(60_000);
  return refused / CALLS;
}

const PACES = [
  [1, 1],
  [1, 2],
  [1, 5],
  [2, 10],
  [5, 30],
  [10, 60],
] as const;

it.each(Object.entries(TROUBLES))(
  'what one principal meets locks nobody else out, 2 % of their calls at most: %s',
  async (_, trouble) => {
    const shares: number[] = [];
    for (const [at, [bob, ann]] of PACES.entries()) shares.push(await refusedShare(trouble, bob, ann, at));
    expect(Math.max(...shares)).toBeLessThanOrEqual(0.02);
  },
);
