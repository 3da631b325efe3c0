import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isWebexAuthError } from '../../src/index.js';
import { cases } from '../support/cases.js';

/** How many answers are tried in all (F8). */
const ANSWERS = 50_000;

/** Which part of them goes where, in thousandths. */
const SHARES = {
  'code exchange': 80,
  refresh: 188,
  'refresh, SQLite': 2,
  'client credentials': 60,
  'device authorization': 40,
  'device polling': 60,
  'guest JWT': 50,
  'guest of a service app': 30,
  'service app': 30,
  'scope reduction': 20,
  'people/me': 40,
  'token expiry': 30,
  request: 90,
  fetch: 50,
  paginate: 50,
  catalogs: 20,
  keys: 20,
  'ID token': 20,
  webhooks: 40,
  callbacks: 20,
  'wire: token endpoint': 30,
  'wire: API': 30,
} as const;

/** What is fuzzed: one door of the library. */
export type Target = keyof typeof SHARES;

const total = Object.values(SHARES).reduce<number>((sum, share) => sum + share, 0);
if (total !== 1_000) throw new Error(`the shares are ${String(total)} thousandths`);

/** The objects that everything inherits from, as they are before anything was read. */
const PROTOTYPES = [Object, Array, Function, String, Number, Boolean, Promise, Map, Error].map(
  (one) => one.prototype as object,
);
const shapeOf = (object: object): string => Reflect.ownKeys(object).map(String).join();

/** Registers the hooks of one file: nothing is unhandled, no listener failed, and no prototype has changed when it ends. */
export function watchProcess(): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  const noteWarning = (warning: Error & { code?: string }): void => {
    if (warning.code === 'LISTENER_FAILED') unhandled.push(warning);
  };
  const before = PROTOTYPES.map(shapeOf);
  beforeAll(() => {
    process.on('unhandledRejection', note);
    process.on('uncaughtException', note);
    process.on('warning', noteWarning);
  });
  afterAll(async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off('unhandledRejection', note);
    process.off('uncaughtException', note);
    process.off('warning', noteWarning);
    expect(unhandled).toEqual([]);
    expect(PROTOTYPES.map(shapeOf)).toEqual(before);
  });
}

/** Tries a target's share of the answers; fast-check prints the seed and the smallest answer that fails. */
export function fuzz<Given>(
  target: Target,
  given: fc.Arbitrary<Given>,
  holds: (given: Given) => Promise<void>,
): void {
  const numRuns = (ANSWERS * SHARES[target]) / total;
  it(`F8: ${target}, ${String(numRuns)} answers`, cases({ commit: numRuns }).options, async () => {
    let tried = 0;
    const law = fc.asyncProperty(given, async (one) => {
      tried++;
      await holds(one);
      expect('polluted' in {}).toBe(false);
    });
    // A seed of the environment repeats a run that failed.
    const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
    await fc.assert(law, { numRuns, seed, endOnFailure: false });
    expect(tried).toBe(numRuns);
  });
}

/** How work ends: with its value, or with an error of this library that shows none of `secrets`. Any other error fails. */
export async function settled<Value>(
  work: () => Value | Promise<Value>,
  secrets: readonly string[],
): Promise<{ value: Value; error?: undefined } | { value?: undefined; error: { code: string } }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!isWebexAuthError(error)) throw error;
    expectNoSecret(error, secrets);
    return { error };
  }
}

/** Fails where anything that could be printed of `value` shows one of `secrets`. */
export function expectNoSecret(value: unknown, secrets: readonly string[]): void {
  const text = [
    inspect(value, { depth: Infinity, showHidden: true, breakLength: Infinity }),
    JSON.stringify(value),
    String(value),
  ].join('\n');
  for (const secret of secrets)
    if (text.includes(secret)) throw new Error(`a secret in ${text.replaceAll(secret, '…')}`);
}
