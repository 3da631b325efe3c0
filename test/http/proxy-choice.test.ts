import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { ProxyChoice, type ProxyChoiceOptions } from '../../src/http/proxy-choice.js';

const of = (options: ProxyChoiceOptions, origin = 'https://webexapis.com') =>
  new ProxyChoice({ env: {}, ...options }).of(origin)?.uri;

describe('ProxyChoice', () => {
  it.each<[string, ProxyChoiceOptions, string | undefined]>([
    ['nothing', {}, undefined],
    ['an option', { proxy: 'http://a:3128' }, 'http://a:3128'],
    ['an option without scheme', { proxy: 'a:3128' }, 'http://a:3128'],
    ['an https option', { proxy: 'https://a' }, 'https://a'],
    [
      'the option over the variable',
      { proxy: 'http://a:1', env: { HTTPS_PROXY: 'http://b:2' } },
      'http://a:1',
    ],
    ['false over the variable', { proxy: false, env: { HTTPS_PROXY: 'http://b:2' } }, undefined],
    ['the option over NO_PROXY', { proxy: 'http://a:1', env: { NO_PROXY: '*' } }, 'http://a:1'],
    ['HTTPS_PROXY', { env: { HTTPS_PROXY: 'http://b:2' } }, 'http://b:2'],
    ['https_proxy', { env: { https_proxy: 'http://b:2', HTTPS_PROXY: 'http://c:3' } }, 'http://b:2'],
    ['HTTP_PROXY alone', { env: { HTTP_PROXY: 'http://b:2' } }, 'http://b:2'],
    [
      'HTTPS_PROXY over HTTP_PROXY',
      { env: { HTTP_PROXY: 'http://b:2', HTTPS_PROXY: 'http://c:3' } },
      'http://c:3',
    ],
    ['an empty variable', { env: { HTTPS_PROXY: '', https_proxy: '' } }, undefined],
    ["a visitor's Proxy header", { env: { HTTP_PROXY: 'http://evil:2', REQUEST_METHOD: 'GET' } }, undefined],
  ])('heeds %s', (_, options, proxy) => {
    expect(of(options)).toBe(proxy);
  });

  it.each([
    ['webexapis.com', true],
    ['WebexAPIs.com', true],
    ['.webexapis.com', true],
    ['*.webexapis.com', true],
    ['com', true],
    ['*', true],
    ['a.example, webexapis.com', true],
    ['a.example webexapis.com', true],
    ['webexapis.com:443', true],
    ['webexapis.com:8443', false],
    ['apis.com', false],
    ['api.webexapis.com', false],
    ['', false],
  ])('NO_PROXY=%s goes straight: %s', (NO_PROXY, straight) => {
    expect(of({ env: { HTTPS_PROXY: 'http://b:2', NO_PROXY } }) === undefined).toBe(straight);
    expect(of({ env: { HTTPS_PROXY: 'http://b:2', no_proxy: NO_PROXY } }) === undefined).toBe(straight);
  });

  it.each(['http://127.0.0.1:80', 'http://localhost', 'https://[::1]:8443', 'http://127.8.8.8'])(
    'never for this machine: %s',
    (origin) => {
      expect(of({ proxy: 'http://a:1' }, origin)).toBeUndefined();
      expect(of({ env: { HTTP_PROXY: 'http://a:1', HTTPS_PROXY: 'http://a:1' } }, origin)).toBeUndefined();
    },
  );

  it('keeps credentials apart from the address', () => {
    const choice = new ProxyChoice({ proxy: 'http://us%20er:can%3Aary@a:3128', env: {} });
    expect(choice.of('https://webexapis.com')).toEqual({
      uri: 'http://a:3128',
      token: `Basic ${Buffer.from('us er:can:ary').toString('base64')}`,
    });
    expect(inspect(choice, { depth: Infinity, showHidden: true })).not.toContain('can');
  });

  it.each(['socks5://u:canary@a:1', 'ftp://u:canary@a', 'http://u:canary@', 'http://u:%canary@a:1'])(
    'refuses %s without repeating it',
    (address) => {
      for (const [setting, options] of [
        ['proxy', { proxy: address }],
        ['HTTPS_PROXY', { env: { HTTPS_PROXY: address } }],
      ] as const) {
        let error: unknown;
        try {
          new ProxyChoice({ env: {}, ...options });
        } catch (thrown) {
          error = thrown;
        }
        expect(error).toBeInstanceOf(ConfigurationError);
        expect(error).toMatchObject({ problems: [{ setting }] });
        expect(inspect(error)).not.toContain('canary');
      }
    },
  );
});
