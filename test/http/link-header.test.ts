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

  it('takes no longer for a hostile field', () => {
    const started = performance.now();
    for (const unit of ['<x>;', '<x>; a="', ';;;', ' ; a', '<x>; rel =  '])
      nextLink(unit.repeat(16_384 / unit.length));
    nextLink(`<x>${' '.repeat(16_000)}y`);
    nextLink(`<x>${';a=  '.repeat(3_200)}"`);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
