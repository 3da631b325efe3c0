import { describe, expect, test } from 'vitest';
import { isLoopback, secureUrl } from '../../src/base/secure-url.js';

describe('secureUrl', () => {
  test.each([
    'https://webexapis.com/v1/access_token',
    'https://idp.example:8443/x?tenant=1',
    'http://127.0.0.1:8788/v1',
    'http://127.9.9.9/',
    'http://localhost:1/',
    'http://app.localhost:1/',
    'http://[::1]:1/',
  ])('takes %s', (text) => expect(secureUrl(text)?.href).toBe(new URL(text).href));

  test.each([
    'http://webexapis.com/',
    'http://localhost.evil.example/',
    'http://127.0.0.1.evil.example/',
    'http://notlocalhost/',
    'http://[::2]/',
    'http://0.0.0.0/',
    'https://user@idp.example/',
    'https://user:pass@idp.example/',
    'https://idp.example/#',
    'https://idp.example/#x',
    'ftp://127.0.0.1/',
    'javascript:alert(1)',
    '//idp.example/',
    '/v1',
    '',
  ])('refuses %s', (text) => expect(secureUrl(text)).toBeUndefined());
});

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['localhost', true],
  ['[::1]', true],
  ['localhost.example', false],
  ['127.0.0.1.example', false],
  ['10.0.0.1', false],
])('isLoopback(%s) is %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
