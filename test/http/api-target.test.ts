import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, isWebexAuthError, OriginNotAllowedError } from '../../src/errors.js';
import { ApiTarget } from '../../src/http/api-target.js';

const base = 'https://webexapis.com/v1';
const target = new ApiTarget({
  apiBase: `${base}/`,
  allowedOrigins: ['https://u2c.wbx2.com'],
  resolveService: (name) =>
    ({ u2c: 'https://u2c.wbx2.com/u2c/api/v1/', evil: 'https://evil.example/' })[name],
});

describe('ApiTarget', () => {
  it.each([
    ['/people/me', `${base}/people/me`],
    ['people/me', `${base}/people/me`],
    ['', `${base}/`],
    ['/rooms?max=2&before&after=x%2Fy', `${base}/rooms?max=2&before&after=x%2Fy`],
    ['/people?displayName=Ann Other', `${base}/people?displayName=Ann%20Other`],
    ['/rooms/a:b@c', `${base}/rooms/a:b@c`],
    ['/rooms?next=//evil.example/..', `${base}/rooms?next=//evil.example/..`],
    ['/rooms#part', `${base}/rooms`],
    ['https://webexapis.com/v2/x', 'https://webexapis.com/v2/x'],
  ])('%j is %s', (path, url) => {
    expect(target.resolve(path).href).toBe(url);
  });

  it.each(['/../v2', '/people/../../x', '/people/%2e%2E/x', '/people/..', '/./x', '..', '.. '])(
    '%s leaves nothing',
    (path) => {
      expect(() => target.resolve(path)).toThrow(ConfigurationError);
    },
  );

  it('puts a bearer into no URL', () => {
    expect(() => target.resolve('/people?access_token=x')).toThrow(ConfigurationError);
    expect(() => target.resolve('/people', { access_token: 'x' })).toThrow(ConfigurationError);
  });

  it('adds query parameters', () => {
    const url = target.resolve('/rooms?a=1', { b: 'x y', c: [1, 2], d: undefined, e: false });
    expect(url.search).toBe('?a=1&b=x+y&c=1&c=2&e=false');
  });

  it('finds services by name', () => {
    expect(target.resolveResource('hydra', 'people/me').href).toBe(`${base}/people/me`);
    expect(target.resolveResource('u2c', '/catalog').href).toBe('https://u2c.wbx2.com/u2c/api/v1/catalog');
    expect(() => target.resolveResource('nothing', 'x')).toThrow(ConfigurationError);
    expect(() => target.resolveResource('evil', 'x')).toThrow(OriginNotAllowedError);
  });

  it.each(['http://webexapis.com/v1', 'ftp://x', 'https://u:p@webexapis.com', `${base}?x`, 'nothing'])(
    'takes no base %s',
    (apiBase) => {
      expect(() => new ApiTarget({ apiBase, allowedOrigins: [] })).toThrow(ConfigurationError);
    },
  );

  it('law: whatever is written, it stays under the base or on an allowed origin, or is refused with a typed error', () => {
    const piece = fc.constantFrom(
      ...[
        '/',
        '\\',
        '.',
        '..',
        '%2e',
        '%2F',
        '@',
        ':',
        '//',
        '?',
        '#',
        'https:',
        'http:',
        ' ',
        '\t',
        '\n',
        'evil.example',
      ],
    );
    const path = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webUrl(),
      fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 8 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(path, (text) => {
        let url: URL;
        try {
          url = target.resolve(text);
        } catch (error) {
          return isWebexAuthError(error);
        }
        const absolute = /^https:/i.test(text);
        const inside = url.href.startsWith(`${base}/`);
        return (
          (inside || (absolute && ['https://webexapis.com', 'https://u2c.wbx2.com'].includes(url.origin))) &&
          !url.username
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('law: an ordinary path comes out as it went in', () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9_~=-]{1,20}$/);
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), fc.boolean(), (segments, slash) => {
        const path = segments.join('/');
        expect(target.resolve(slash ? `/${path}` : path).href).toBe(`${base}/${path}`);
      }),
    );
  });
});
