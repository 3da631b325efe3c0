import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { untilAbort } from '../../src/base/until-abort.js';

test('gives the outcome of the work, and lets go of the signal', async () => {
  const { signal } = new AbortController();
  const failure = new Error('failed');
  expect(await untilAbort(Promise.resolve(5), undefined)).toBe(5);
  expect(await untilAbort(Promise.resolve(5), signal)).toBe(5);
  await expect(untilAbort(Promise.reject(failure), signal)).rejects.toBe(failure);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('ends with the reason of an abort, before or meanwhile, however the work ends then', async () => {
  const caller = new AbortController();
  const reason = new Error('enough');
  let fail: (error: Error) => void = () => undefined;
  const work = new Promise((_, reject) => (fail = reject));
  const waiting = untilAbort(work, caller.signal);
  caller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(untilAbort(work, caller.signal)).rejects.toBe(reason);
  fail(new Error('nobody listens any more'));
  await new Promise((resolve) => setImmediate(resolve));
});
