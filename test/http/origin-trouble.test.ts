import { expect, it } from 'vitest';
import { NetworkError, ProtocolError, TimeoutError } from '../../src/errors.js';
import { troubleOf, witnessOf } from '../../src/http/origin-trouble.js';

const network = (maybeProcessed: boolean) => ({
  error: new NetworkError('x', { reason: 'reset', maybeProcessed }),
});
const timeout = { error: new TimeoutError('x') };

it.each<[string, Parameters<typeof troubleOf>[0], number, ReturnType<typeof troubleOf>]>([
  ['200', 200, 60_000, undefined],
  ['404', 404, 60_000, undefined],
  ['423', 423, 60_000, undefined],
  ['429', 429, 60_000, undefined],
  ['500', 500, 60_000, undefined],
  ['501', 501, 60_000, undefined],
  ['502', 502, 60_000, 'resource'],
  ['503', 503, 1, 'resource'],
  ['504', 504, 60_000, 'resource'],
  ['505', 505, 60_000, undefined],
  ['a connection that was not made', network(false), 1, 'origin'],
  ['a connection that broke', network(true), 60_000, 'resource'],
  ['no answer in 10 s', timeout, 10_000, 'resource'],
  ['no answer, without a deadline', timeout, Infinity, 'resource'],
  ['no answer in less', timeout, 9_999, undefined],
  ['an answer that is none', { error: new ProtocolError('x') }, 60_000, undefined],
  ['what is no error of ours', { error: 'gave up' }, 60_000, undefined],
])('%s says of its origin what it can', (_, outcome, hadMs, trouble) => {
  expect(troubleOf(outcome, hadMs)).toBe(trouble);
});

it.each([
  ['https://webexapis.com/v1/rooms', ' /v1/rooms'],
  ['https://webexapis.com/v1/rooms/Y2lz/x?max=1', ' /v1/rooms'],
  ['https://webexapis.com/v1', ' /v1'],
  ['https://webexapis.com', ' /'],
])('the resource of %s is the beginning of its path', (url, resource) => {
  expect(witnessOf('ann', new URL(url))).toEqual({ principal: 'ann', resource });
});
