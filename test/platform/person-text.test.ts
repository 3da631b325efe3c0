import { describe, expect, test } from 'vitest';
import { isIdentifier, isOneLine, printable } from '../../src/platform/person-text.js';

describe('isIdentifier', () => {
  test.each([
    ['Y2lzY29zcGFyazovL3Vz', true],
    ['x'.repeat(512), true],
    ['x'.repeat(513), false],
    ['a b', false],
    ['a\n', false],
    ['é', false],
    ['', false],
    [5, false],
    [undefined, false],
  ])('%j: %j', (value, expected) => expect(isIdentifier(value)).toBe(expected));
});

describe('isOneLine', () => {
  test.each([
    ['Ann Example', true],
    ['Zoë 100 % 👩‍💻', true],
    ['😀'.repeat(256), true],
    ['😀'.repeat(257), false],
    ['', false],
    [' \u00a0 ', false],
    ['a\nb', false],
    ['a\u0000', false],
    ['a\u2028b', false],
    ['\ud800', false],
    [undefined, false],
    [5, false],
  ])('%j: %j', (value, expected) => expect(isOneLine(value)).toBe(expected));
});

describe('printable', () => {
  test.each([
    ['Ann\u001b[31m\r\nExample\u0000', 'Ann[31mExam'],
    ['\u202eAnn\u2066 \u200b', 'Ann'],
    ['😀'.repeat(30), '😀'.repeat(11)],
    ['\u2028', undefined],
    [null, undefined],
  ])('%j becomes %j', (value, expected) => expect(printable(value, 11)).toBe(expected));
});
