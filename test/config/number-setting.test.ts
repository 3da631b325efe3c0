import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { checkFlag, readFlag } from '../../src/config/flag-setting.js';
import { checkNumber } from '../../src/config/number-setting.js';

describe('a number', () => {
  it('may be left out', () => {
    expect(checkNumber('x', undefined, { unit: 'seconds' })).toEqual([]);
  });

  test.each([['600'], [null], [Number.NaN], [Number.POSITIVE_INFINITY], [-1], [true], [[1]], [10n]])(
    'is refused by name: %s',
    (value) => {
      expect(checkNumber('login.lifetime', value, { unit: 'seconds' })).toEqual([
        { setting: 'login.lifetime', problem: 'must be a number of seconds, 0 or more', example: '60' },
      ]);
    },
  );

  it('passes exactly within its bounds, and its example passes', () => {
    const bounds = fc.tuple(fc.integer(), fc.nat()).map(([min, width]) => ({ min, max: min + width }));
    fc.assert(
      fc.property(bounds, fc.oneof(fc.integer(), fc.double()), ({ min, max }, value) => {
        const problems = checkNumber('x', value, { min, max, unit: 'bytes' });
        expect(problems.length === 0).toBe(value >= min && value <= max);
        for (const { example } of problems)
          expect(checkNumber('x', Number(example), { min, max, unit: 'bytes' })).toEqual([]);
      }),
    );
    expect(checkNumber('x', 5, { min: 1, max: 4, unit: 'bytes' })).toMatchObject([
      { problem: 'must be a number of bytes, 1 to 4' },
    ]);
  });
});

describe('a switch', () => {
  test.each([
    ['true', true],
    ['TRUE', true],
    [' True ', true],
    ['1', true],
    ['false', false],
    ['False', false],
    ['0', false],
    ['', undefined],
    ['  ', undefined],
    [undefined, undefined],
  ])('in the environment: %j is %j', (text, value) => {
    expect(readFlag({ SWITCH: text }, 'SWITCH')).toEqual({ value, problems: [] });
  });

  test.each(['yes', 'on', '2', 'truefalse'])('in the environment is refused by name: %j', (text) => {
    expect(readFlag({ SWITCH: text }, 'SWITCH')).toMatchObject({
      value: undefined,
      problems: [{ setting: 'SWITCH' }],
    });
  });

  test.each([
    [true, 0],
    [false, 0],
    [undefined, 0],
    ['false', 1],
    [0, 1],
    [null, 1],
  ])('among the options: %j', (value, problems) => {
    expect(checkFlag('discovery', value)).toHaveLength(problems);
  });
});
