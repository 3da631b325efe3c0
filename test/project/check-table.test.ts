import { expect, it, vi } from 'vitest';
import { cases } from '../support/cases.js';
import { tableDifference, tagsOf } from '../support/check-table.js';

const checks = { A1: ['one', 'x'], F3: ['three', 'y'], F12: ['twelve', 'z'] } as const;

it.each([
  ['A1: something', ['A1']],
  ['F3, F12: something', ['F3', 'F12']],
  ['F3', ['F3']],
  ['an empty body (reliability F3)', ['F3']],
  ['a token that ends (RFC 6750 F3)', []],
  ['keeps F3: what it says', []],
  ['A1B: not a check', []],
  ['B2C2 is a form', []],
  ['E-mail: has no part in it', []],
])('reads the ids of a title: %#', (title, ids) => {
  expect(tagsOf(title, checks)).toEqual(ids);
});

it.each(['A1 something', 'A1,F3: something', 'A1/F3: x', 'F3; A1: x', 'F3 and A1: x'])(
  'complains about what only looks like ids: %#',
  (title) => {
    expect(() => tagsOf(title, checks)).toThrow("write them as 'F3, F7: …'");
  },
);

it.each(['A2: x', 'F3, F13: x', 'an empty body (reliability F13)'])(
  'knows no check of its ids: %#',
  (title) => {
    expect(() => tagsOf(title, checks)).toThrow('which is no check');
  },
);

it('says what differs between two tables, and nothing where they are the same', () => {
  expect(tableDifference('a\nb\nc\n', 'a\nc\nd\n')).toEqual(['- b', '+ d']);
  expect(tableDifference('a\n', 'a\n')).toEqual([]);
});

it.each([
  [undefined, 10],
  ['commit', 10],
  ['nightly', 500],
  ['release', 500],
])('tries as many cases as the run asks for: %s', (column, count) => {
  vi.stubEnv('WEBEX_AUTH_COLUMN', column);
  try {
    expect(cases({ commit: 10, nightly: 500 })).toEqual({
      count,
      options: { meta: { cases: { commit: 10, nightly: 500, release: 500 } } },
    });
  } finally {
    vi.unstubAllEnvs();
  }
});

it('does not guess what a misspelt run is', () => {
  vi.stubEnv('WEBEX_AUTH_COLUMN', 'nightly ');
  try {
    expect(() => cases({ commit: 1 })).toThrow('it can be commit, nightly, release');
  } finally {
    vi.unstubAllEnvs();
  }
});
