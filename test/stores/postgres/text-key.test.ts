import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyText, textKey } from '../../../src/stores/postgres/text-key.js';

/** Any string that JavaScript can hold: lone surrogates, pairs, NUL, and what has 1, 2 or 3 bytes. */
const units = fc.oneof(
  fc.constantFrom(
    '\0',
    'a',
    '~',
    '\x7f',
    '\x80',
    '\u07ff',
    '\u0800',
    '\ud7ff',
    '\ud800',
    '\udbff',
    '\udc00',
    '\udfff',
  ),
  fc.constantFrom('\ue000', '\uffff', '\ufffd', '\u{1f600}', '\ud55c'),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
);
const anyText = fc.array(units, { maxLength: 12 }).map((parts) => parts.join(''));

test('every string comes back as it was, and the order of keys is that of code units', () => {
  fc.assert(
    fc.property(anyText, anyText, (one, two) => {
      expect(keyText(textKey(one))).toBe(one);
      const order = one === two ? 0 : one < two ? -1 : 1;
      expect(Math.sign(Buffer.compare(textKey(one), textKey(two)))).toBe(order);
    }),
    { numRuns: 5_000 },
  );
});

test('ordinary names are the UTF-8 that one would expect', () => {
  for (const name of ['', 'user-42', 'ada@example.com', 'Zo\u00eb', '\u65e5\u672c']) {
    expect(textKey(name)).toEqual(Buffer.from(name, 'utf8'));
  }
});
