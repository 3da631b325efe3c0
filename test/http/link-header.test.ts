import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextLink } from '../../src/http/link-header.js';

describe('nextLink', () => {
  it.each([
    ['<https://a/x>; rel="next"', 'https://a/x'],
    ['<https://a/x>;rel=next', 'https://a/x'],
    ['<https://a/x>; REL="Next"', 'https://a/x'],
    ['<https://a/1>; rel="prev", <https://a/x?before&after=%2F>; rel="next"', 'https://a/x?before&after=%2F'],
    ['<https://a/1,2;3>; title="a, <b>; rel=\\"next\\""; rel="last", </x>; rel="first next"', '/x'],
    ['<https://a/x>; rel="nextish"', undefined],
    ['<https://a/x>; rel="prev"', undefined],
    ['<https://a/x>', undefined],
    ['https://a/x; rel=next', undefined],
    ['<https://a/x; rel=next', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s', (field, target) => {
    expect(nextLink(field)).toBe(target);
  });

  it('law: never throws, and what it finds stands in the field', () => {
    const part = fc.constantFrom('<', '>', ';', ',', '"', '\\', '=', 'rel', 'next', ' ', 'x', '/');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
        const field = parts.join('');
        const found = nextLink(field);
        return found === undefined || field.includes(`<${found}>`);
      }),
      { numRuns: 2000 },
    );
  });

  it('K5: a field of 100 KB is read at once, whatever it is made of', () => {
    const size = 100_000;
    const fields = [
      '<x>;',
      '<x>; a="',
      ';;;',
      ' ; a',
      '<x>; rel =  ',
      '<x>; rel="prev",',
      '<',
      '"',
      '\\',
      ' ',
      ',',
    ]
      .flatMap((unit) => ['', '<x>', '<x>; a="'].map((start) => start + unit.repeat(size / unit.length)))
      .concat(`<x>${' '.repeat(size)}y`, `<x>${';a=  '.repeat(size / 5)}"`);
    for (const field of fields) {
      const began = performance.now();
      expect(nextLink(field)).toBeUndefined();
      // 4 ms at most when alone on the machine; the bound is against hangs.
      expect(performance.now() - began).toBeLessThan(250);
    }
  });
});
