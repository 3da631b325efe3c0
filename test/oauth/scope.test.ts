import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatScope, missingScopes, parseScope } from '../../src/oauth/scope.js';

const scope = fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{1,20}$/);

describe('scope', () => {
  test.each([
    ['spark:kms spark:people_read', ['spark:kms', 'spark:people_read']],
    ['  a   b ', ['a', 'b']],
    ['a a b a', ['a', 'b']],
    ['', []],
    ['a\nb "c" d\\e ok', ['ok']],
    ['__proto__ constructor', ['__proto__', 'constructor']],
  ])('parseScope(%j)', (text, scopes) => expect(parseScope(text)).toEqual(scopes));

  test.each([
    [['a', 'b'], ['b', 'a', 'c'], []],
    [['a', 'b', 'a'], ['b'], ['a']],
    [['A'], ['a'], ['A']],
    [[], [], []],
    [['__proto__'], [], ['__proto__']],
  ])('missingScopes(%j, %j)', (required, granted, missing) => {
    expect(missingScopes(required, granted)).toEqual(missing);
  });

  test('what is formatted can be parsed', () => {
    fc.assert(
      fc.property(fc.uniqueArray(scope), (scopes) => {
        expect(parseScope(formatScope(scopes))).toEqual(scopes);
      }),
    );
  });

  test('missing and granted together cover what is required, in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(scope), fc.uniqueArray(scope), (required, granted) => {
        const missing = missingScopes(required, granted.toReversed());
        expect(missingScopes(required, [...granted, ...missing])).toEqual([]);
        expect(missing.some((one) => granted.includes(one))).toBe(false);
      }),
    );
  });
});
