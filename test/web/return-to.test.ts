import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeReturnTo } from '../../src/web/return-to.js';
import { cases } from '../support/cases.js';

const ORIGIN = 'https://app.example.test';
const EVIL = 'evil.example';

const SLASHES = ['/', '\\', '%2f', '%2F', '%5c', '%5C', '%252f', '%255c', '／', '⁄', '∕'];
const CONTROLS = [
  '\t',
  '\n',
  '\r',
  '\0',
  '\x0b',
  '\x0c',
  '\x1f',
  '\x7f',
  '\x85',
  ' ',
  '\u00a0',
  '\u2028',
  '\u200b',
  '\ufeff',
  '\u202e',
];
const SCHEMES = [
  'http:',
  'https:',
  'javascript:',
  'data:',
  'vbscript:',
  'file:',
  'blob:',
  'ftp:',
  'ws:',
  'mailto:',
];

/** Whatever it becomes, it must stay on this site; most of it must become '/'. */
const HOSTILE = [
  ...SLASHES.flatMap((one) => SLASHES.map((two) => `${one}${two}${EVIL}`)),
  ...SLASHES.flatMap((slash) => [
    `/${slash}${slash}${EVIL}`,
    `/.${slash}${slash}${EVIL}`,
    `/..${slash}${slash}${EVIL}`,
    `/a/..${slash}${slash}${EVIL}`,
    `/${slash}@${EVIL}`,
    `/%2e${slash}${slash}${EVIL}`,
  ]),
  ...CONTROLS.flatMap((control) => [
    `${control}//${EVIL}`,
    `/${control}/${EVIL}`,
    `/${control}\\${EVIL}`,
    `${control}https://${EVIL}`,
    `/ok${control}x`,
    `/${encodeURIComponent(control)}/${EVIL}`,
  ]),
  ...SCHEMES.flatMap((scheme) => [
    `${scheme}//${EVIL}`,
    `${scheme}${EVIL}`,
    `${scheme.toUpperCase()}//${EVIL}`,
    `/\\${scheme}//${EVIL}`,
    `${scheme}/\\${EVIL}`,
  ]),
  EVIL,
  `.${EVIL}`,
  `@${EVIL}`,
  `?next=//${EVIL}`,
  `#//${EVIL}`,
  `//${EVIL}:443/%2f..`,
  `//${EVIL}@app.example.test/`,
  `//app.example.test@${EVIL}/`,
  `https:app.example.test`,
  `///${EVIL}`,
  `////${EVIL}`,
  `/\t/\\${EVIL}`,
  `/%09/${EVIL}`,
  `/%00//${EVIL}`,
  `/%0d%0aLocation:%20//${EVIL}`,
  `/%0D%0ASet-Cookie:x=1`,
  `/%25250d%25250aSet-Cookie:x=1`,
  `//[::1]/`,
  `//0x7f.1/`,
  `//3232235777/`,
  `//\u0435vil.example`,
  `/%`,
  `/%zz`,
  `/%ff%fe`,
  `/\ud800`,
  `/${'a'.repeat(2000)}`,
  `/${'é'.repeat(400)}`,
  '',
];

const MALFORMED_OR_FOREIGN = [
  undefined,
  null,
  '',
  'rooms',
  `//${EVIL}`,
  `/\\${EVIL}`,
  `/.//${EVIL}`,
  `/..//${EVIL}`,
  `/%2f${EVIL}`,
  `/%5c${EVIL}`,
  `/%252f%252f${EVIL}`,
  `/%2f%2f${EVIL}`,
  `/\t/${EVIL}`,
  `https://${EVIL}`,
  `${ORIGIN}/rooms`,
  'javascript:alert(1)',
  '/%0d%0aX:1',
];

describe('I5: where a login returns to', () => {
  it('has a corpus worth its name', () => {
    expect(new Set(HOSTILE).size).toBeGreaterThanOrEqual(150);
  });

  it.each(HOSTILE.map((target) => [JSON.stringify(target).slice(0, 60), target]))(
    'keeps %s on this site',
    (_name, target) => {
      expectHere(safeReturnTo(target));
    },
  );

  it.each(MALFORMED_OR_FOREIGN.map((target) => [JSON.stringify(target) ?? 'undefined', target]))(
    'falls back to the root for %s',
    (_name, target) => {
      expect(safeReturnTo(target)).toBe('/');
    },
  );

  it.each([
    ['/', '/'],
    ['/rooms', '/rooms'],
    ['/rooms/', '/rooms/'],
    ['/rooms?id=1&next=//x#part', '/rooms?id=1&next=//x#part'],
    ['/search?q=a%2Fb%20c', '/search?q=a%2Fb%20c'],
    ['/a//b', '/a//b'],
    ['/a/%2Fb', '/a/%2Fb'],
    ['/@ada', '/@ada'],
    ['/a:b', '/a:b'],
    ['/hello%20there', '/hello%20there'],
    ['/a/../b', '/b'],
    ['/Zürich', '/Z%C3%BCrich'],
    ['/%E2%82%AC', '/%E2%82%AC'],
    ['/mailto:x', '/mailto:x'],
    ['/100%25', '/100%25'],
  ])('lets %s through as %s', (target, path) => {
    expect(safeReturnTo(target)).toBe(path);
  });

  const texts = cases({ commit: 5_000, nightly: 100_000 });
  it('never leaves the site, whatever the text', texts.options, () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '/',
        '\\',
        '.',
        '..',
        '%2f',
        '%5c',
        '%09',
        '\t',
        '@',
        ':',
        '?',
        '#',
        EVIL,
        'https:',
        '%25',
        '%2e',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const target = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(target, fc.boolean(), (text, rooted) => {
        const path = safeReturnTo(rooted ? `/${text}` : text);
        expectHere(path);
        expect(safeReturnTo(path)).toBe(path);
      }),
      { numRuns: texts.count },
    );
  });
});

/** As a browser resolves a Location, and as a proxy that decodes it first would have it resolved. */
function expectHere(path: string): void {
  expect(path).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
  expect(new URL(path, `${ORIGIN}/auth/webex/callback`).origin).toBe(ORIGIN);
  let text = new URL(path, ORIGIN).pathname;
  for (let round = 0; round < 3; round++) {
    text = text.replace(/%[0-7][0-9a-f]/gi, (escape) => decodeURIComponent(escape));
    expect(text).toMatch(/^\/(?![/\\])/);
    expect(text).not.toMatch(/[\p{Cc}\\]/u);
  }
}
