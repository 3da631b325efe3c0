import { describe, expect, it } from 'vitest';
import { isSameOrigin } from '../../src/web/same-origin.js';

const ORIGIN = 'https://app.example.test';

describe('I4: the proof that a page of this site posts', () => {
  it.each<[Record<string, string>, boolean]>([
    [{}, false],
    [{ origin: ORIGIN }, true],
    [{ origin: ORIGIN, 'sec-fetch-site': 'same-origin' }, true],
    [{ origin: ORIGIN, 'sec-fetch-site': 'none' }, true],
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ origin: 'null', 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ origin: ORIGIN, 'sec-fetch-site': 'cross-site' }, false],
    [{ origin: ORIGIN, 'sec-fetch-site': 'same-site' }, false],
    [{ origin: ORIGIN, 'sec-fetch-site': 'junk' }, false],
    [{ origin: 'null' }, false],
    [{ origin: 'null', 'sec-fetch-site': 'none' }, false],
    [{ origin: 'https://evil.example' }, false],
    [{ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, false],
    [{ origin: 'http://app.example.test' }, false],
    [{ origin: `${ORIGIN}:8443` }, false],
    [{ origin: `${ORIGIN}.evil.example` }, false],
    [{ origin: `${ORIGIN}/` }, false],
    [{ referer: `${ORIGIN}/` }, false],
    [{ host: 'app.example.test' }, false],
  ])('%j → %s', (headers, proven) => {
    expect(isSameOrigin({ headers: new Headers(headers) }, ORIGIN)).toBe(proven);
  });
});
