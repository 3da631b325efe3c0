import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { ConfigurationError, OriginNotAllowedError } from '../../src/errors.js';
import { AllowedOrigins } from '../../src/http/allowed-origins.js';
import { AuthorizedClient } from '../../src/http/authorized-client.js';
import { UndiciTransport } from '../../src/http/undici-transport.js';
import { fakeTokenSource } from './fake-token-source.js';
import { loopbackServer } from './loopback-server.js';

/** 80 ways to write a URL that is not on the good origin, most of which would reach the evil listener. */
function lures(good: { port: number }, evil: { port: number }): string[] {
  const g = good.port;
  const e = evil.port;
  const hosts = [
    `127.0.0.1:${e}`,
    `localhost:${e}`,
    `localhost:${g}`,
    `127.0.0.2:${e}`,
    `127.1:${g}`,
    `2130706433:${g}`,
    `0x7f000001:${g}`,
    `0177.0.0.1:${g}`.replace(`:${g}`, `:${e}`),
    `[::1]:${e}`,
    `[::ffff:127.0.0.1]:${e}`,
    `0.0.0.0:${e}`,
    `127.0.0.1.:${e}`,
    `localhost.:${e}`,
    `127.0.0.1`,
    `127.0.0.1:${g}.evil.example`,
    `127.0.0.1.evil.example:${e}`,
    `evil-127.0.0.1:${e}`,
    `user@127.0.0.1:${g}`,
    `user:pass@127.0.0.1:${e}`,
    `127.0.0.1:${g}@127.0.0.1:${e}`,
    `127.0.0.1:${g}%40127.0.0.1:${e}`,
    `127.0.0.1%2f:${e}`,
    `%31%32%37.0.0.1:${g}`,
    `１２７.0.0.1:${g}`,
    `127。0。0。1:${e}`,
    `webexapis.com.evil.example:${e}`,
    `xn--webexapis-x1a.com`,
    `wеbexapis.com`,
  ];
  const schemes = hosts.flatMap((host) => [`http://${host}/v1/people/me`, `HTTP://${host}/v1/people/me`]);
  return [
    ...schemes,
    `//127.0.0.1:${e}/v1/people/me`,
    `///127.0.0.1:${e}/v1/people/me`,
    `\\\\127.0.0.1:${e}/v1/people/me`,
    `/\\127.0.0.1:${e}/v1/people/me`,
    `\\/127.0.0.1:${e}/v1/people/me`,
    `/\t/127.0.0.1:${e}/v1/people/me`,
    `/\n/127.0.0.1:${e}/v1/people/me`,
    `http:/127.0.0.1:${e}/v1/people/me`,
    `http:127.0.0.1:${e}/v1/people/me`,
    `http:\\\\127.0.0.1:${e}/v1/people/me`,
    `http:///127.0.0.1:${e}/v1/people/me`,
    `ht\ntp://127.0.0.1:${e}/v1/people/me`,
    `\thttp://127.0.0.1:${e}/v1/people/me`,
    `http://127.0.0.1:${g}\\@127.0.0.1:${e}/v1/people/me`,
    `http://127.0.0.1:${e}\\.127.0.0.1:${g}/v1/people/me`,
    `http://127.0.0.1:${e}#@127.0.0.1:${g}/`,
    `http://127.0.0.1:${e}?@127.0.0.1:${g}/`,
    `https://127.0.0.1:${g}/v1/people/me`,
    `https://127.0.0.1:${e}/v1/people/me`,
    `ws://127.0.0.1:${g}/v1/people/me`,
    `ftp://127.0.0.1:${e}/v1/people/me`,
    `file:///etc/passwd`,
    `data:text/plain,x`,
    `javascript:alert(1)`,
  ];
}

describe('where a bearer may go', () => {
  it('refuses 80 look-alikes before anything is sent, in every door', async () => {
    const good = await loopbackServer();
    const evil = await loopbackServer();
    const client = new AuthorizedClient({
      transport: new UndiciTransport(),
      tokenSource: fakeTokenSource('canary-token'),
      clock: systemClock,
      apiBase: `${good.origin}/v1`,
      allowedOrigins: ['https://webexapis.com'],
    });
    const urls = lures(good, evil);
    expect(urls).toHaveLength(80);
    for (const url of urls) {
      await expect(client.fetch(url), url).rejects.toThrow(OriginNotAllowedError);
      await expect(client.request({ uri: url }), url).rejects.toThrow(OriginNotAllowedError);
      await expect(client.paginate(url).next(), url).rejects.toThrow(OriginNotAllowedError);
    }
    expect(evil.seen).toEqual([]);
    expect(good.seen).toEqual([]);
  });

  it('never shows user names or passwords of a refused URL', () => {
    const origins = new AllowedOrigins(['https://webexapis.com']);
    expect(() => origins.check('https://me:hunter2@evil.example/?t=hunter2')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') as string }),
    );
  });

  it.each([
    'https://webexapis.com',
    'https://webexapis.com/',
    'https://webexapis.com/v1/people',
    'https://webexapis.com:443/v1/people?a=b',
    'HTTPS://WEBEXAPIS.COM/v1',
    'https://webexapis.com?x=1',
  ])('takes %s', (url) => {
    expect(new AllowedOrigins(['https://webexapis.com']).check(url).origin).toBe('https://webexapis.com');
  });

  it('asks about exact origins that are not listed, only where secrets may go, and stays as strict', () => {
    const asked: string[] = [];
    const later = (origin: string): boolean => {
      asked.push(origin);
      return origin.endsWith('.webex.com') || origin.includes('127.0.0.1');
    };
    const origins = new AllowedOrigins(['https://webexapis.com'], later);
    expect(origins.check('https://webexapis.com/v1').pathname).toBe('/v1');
    expect(asked).toEqual([]);
    expect(origins.check('https://a.webex.com/x').pathname).toBe('/x');
    expect(origins.check('http://127.0.0.1:8788/x').pathname).toBe('/x');
    expect(asked).toEqual(['https://a.webex.com', 'http://127.0.0.1:8788']);
    for (const url of [
      'http://a.webex.com/x',
      'https://evil.example/x',
      'https://user@a.webex.com/x',
      'https://evil.example\\.webex.com/x',
      'https://a.webex.com\\@evil.example/x',
      'http://127.1/x',
      'ftp://a.webex.com/x',
    ])
      expect(() => origins.check(url), url).toThrow(OriginNotAllowedError);
    expect(asked).not.toContain('http://a.webex.com');
  });

  it.each([
    'http://webexapis.com',
    'https://webexapis.com/v1',
    'https://user@webexapis.com',
    'https://webexapis.com.',
    'https://*.webex.com',
    'webexapis.com',
    '*',
    '',
  ])('is not configured with %j', (origin) => {
    expect(() => new AllowedOrigins([origin])).toThrow(ConfigurationError);
  });
});
