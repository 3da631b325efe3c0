import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { cookieScheme, parseCookies, serializeCookie } from '../../src/web/cookies.js';

describe('cookies', () => {
  it.each([
    ['https://app.example.test/cb', '__Host-', true],
    ['https://localhost/cb', '__Host-', true],
    ['http://localhost:3000/cb', '', false],
    ['http://127.0.0.1:8787/cb', '', false],
    ['http://[::1]:8787/cb', '', false],
  ])('I1: for %s have the prefix "%s"', (redirectUri, prefix, secure) => {
    expect(cookieScheme(redirectUri)).toEqual({ prefix, secure });
  });

  it.each([
    'http://app.example.test/cb',
    'http://127.0.0.1.evil.example/cb',
    'ftp://localhost/',
    'nonsense',
    '',
  ])('are refused for %s, where they could not be safe', (redirectUri) => {
    expect(() => cookieScheme(redirectUri)).toThrow(ConfigurationError);
  });

  it('are written with every mark that protects them, and no Domain', () => {
    const scheme = cookieScheme('https://app.example.test/cb');
    expect(serializeCookie('__Host-a', 'b', { scheme, maxAge: 90.7 })).toBe(
      '__Host-a=b; Path=/; Max-Age=90; HttpOnly; SameSite=Lax; Secure',
    );
    const loopback = cookieScheme('http://localhost/cb');
    expect(serializeCookie('a', '', { scheme: loopback, maxAge: -1 })).toBe(
      'a=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
    );
  });

  it.each<[string | null, Record<string, string>]>([
    [null, {}],
    ['', {}],
    [';;; ;', {}],
    ['a', {}],
    ['=b', {}],
    [' =b', {}],
    ['a=', { a: '' }],
    ['a=b', { a: 'b' }],
    ['a=b; c=d', { a: 'b', c: 'd' }],
    ['a=b;c=d', { a: 'b', c: 'd' }],
    ['a=1; a=2', { a: '1' }],
    ['a=b=c', { a: 'b=c' }],
    ['__proto__=x; a=b', { ['__proto__']: 'x', a: 'b' }],
    ['a="q"', { a: '"q"' }],
    ['a=%ff%00', { a: '%ff%00' }],
  ])('are read from %j', (header, cookies) => {
    expect([...parseCookies(header)]).toEqual(Object.entries(cookies));
  });

  it('are read from any header without an error', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (header) => parseCookies(header).size >= 0));
  });
});
