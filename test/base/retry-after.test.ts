import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseHttpDate, parseRetryAfter } from '../../src/base/retry-after.js';

const now = Date.UTC(2026, 10, 6, 8, 49, 37); // Fri, 06 Nov 2026 08:49:37 GMT
const DATE = 'Fri, 06 Nov 2026 08:49:37 GMT';

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['4', 4_000],
    ['60', 60_000],
    ['3600', 3_600_000],
    ['0007', 7_000],
    [' 5 ', 5_000],
    ['9999999999', 9_999_999_999_000],
    ['Fri, 06 Nov 2026 08:50:37 GMT', 60_000],
    ['Friday, 06-Nov-26 08:50:37 GMT', 60_000],
    ['Fri Nov  6 08:50:37 2026', 60_000],
    ['Sun, 08 Nov 2026 08:49:37 GMT', 2 * 86_400_000],
    ['Fri, 06 Nov 2026 08:49:37 GMT', 0],
    ['Thu, 05 Nov 2026 08:49:37 GMT', 0],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 0], // 1994: 2094 would be more than 50 years ahead
  ])('%j means %d ms', (field, ms) => {
    expect(parseRetryAfter(field, { now })).toBe(ms);
  });

  it.each([
    [undefined],
    [null],
    [''],
    ['  '],
    ['-1'],
    ['+1'],
    ['1.5'],
    ['1e3'],
    ['0x10'],
    ['10s'],
    ['10, 20'],
    ['NaN'],
    ['Infinity'],
    ['99999999999'],
    ['soon'],
    ['٣'],
    ['2026-11-06T08:50:37Z'],
    ['Fri, 06 Nov 2026 08:50:37'],
    ['Fri, 06 Nov 2026 08:50:37 UTC'],
    ['Fri, 06 Nov 2026 08:50:37 +0000'],
    ['Fri, 6 Nov 2026 08:50:37 GMT'],
    ['Fri, 06 Nob 2026 08:50:37 GMT'],
    ['Fri, 00 Nov 2026 08:50:37 GMT'],
    ['Fri, 31 Nov 2026 08:50:37 GMT'],
    ['Sun, 29 Feb 2026 08:50:37 GMT'],
    ['Fri, 06 Nov 2026 24:00:00 GMT'],
    ['Fri, 06 Nov 2026 08:60:00 GMT'],
    ['Fri, 06 Nov 2026 08:50:61 GMT'],
    ['Friday, 99-Nov-26 08:50:37 GMT'],
    ['Fri Nov 06 08:50 2026'],
    ['<html>'],
  ])('%j means nothing', (field) => {
    expect(parseRetryAfter(field, { now })).toBeUndefined();
  });

  it.each([
    ['an hour slow', DATE, now - 3_600_000],
    ['an hour fast', DATE, now + 3_600_000],
    ['a century off', DATE, 0],
  ])("G2: holds a date against the response's own, with a local clock %s", (_, date, localNow) => {
    expect(parseRetryAfter('Fri, 06 Nov 2026 08:50:37 GMT', { date, now: localNow })).toBe(60_000);
  });

  it.each([undefined, null, '', 'junk', 'Fri, 99 Nov 2026 08:49:37 GMT'])(
    "holds a date against the local clock when the response's own is %j",
    (date) => {
      expect(parseRetryAfter('Fri, 06 Nov 2026 08:50:37 GMT', { date, now })).toBe(60_000);
    },
  );

  it('K5: is read at once however long it is', () => {
    const long = 100_000;
    const fields = [
      '9'.repeat(long),
      ' '.repeat(long),
      `${' '.repeat(long)}x`,
      'Fri, '.repeat(long / 5),
      `1${' '.repeat(long)}2`,
    ];
    const begun = performance.now();
    for (const field of fields) {
      expect(parseRetryAfter(field, { now, date: field })).toBeUndefined();
      expect(parseHttpDate(field, now)).toBeUndefined();
    }
    expect((performance.now() - begun) / (2 * fields.length)).toBeLessThan(10);
  });

  it('G3: is never negative, nor NaN, nor a crash, whatever arrives', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.integer().map(String)), (field) => {
        const ms = parseRetryAfter(field, { now, date: field });
        expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBe(true);
      }),
    );
  });
});

describe('HTTP dates', () => {
  const instants = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });

  it('in the preferred form are read back as what Date wrote', () => {
    fc.assert(
      fc.property(instants, (date) => {
        expect(parseHttpDate(date.toUTCString(), now)).toBe(Math.floor(date.getTime() / 1000) * 1000);
      }),
    );
  });

  it('in the other two forms mean the same instant', () => {
    const near = fc.date({
      min: new Date(now - 40 * 365 * 86_400_000),
      max: new Date(now + 40 * 365 * 86_400_000),
    });
    const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
    fc.assert(
      fc.property(near, (date) => {
        if (Number.isNaN(date.getTime())) return;
        const [weekday = '', day = '', month = '', year = '', time = ''] = date.toUTCString().split(' ');
        const same = parseHttpDate(date.toUTCString(), now);
        const rfc850 = `${days[date.getUTCDay()] ?? ''}, ${day}-${month}-${year.slice(2)} ${time} GMT`;
        const asctime = `${weekday.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`;
        expect([parseHttpDate(rfc850, now), parseHttpDate(asctime, now)]).toEqual([same, same]);
      }),
    );
  });

  it.each([
    [26, 2026],
    [76, 2076],
    [77, 1977],
    [99, 1999],
  ])('read the year %d as %d', (short, full) => {
    expect(parseHttpDate(`Monday, 01-Jun-${short} 00:00:00 GMT`, now)).toBe(Date.UTC(full, 5, 1));
  });

  it('allow a leap second', () => {
    expect(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', now)).toBe(Date.UTC(2017, 0, 1));
  });
});
