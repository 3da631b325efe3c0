import { describe, expect, it } from 'vitest';
import { ConfigurationError, OriginNotAllowedError } from '../../src/errors.js';
import { AllowedOrigins } from '../../src/http/allowed-origins.js';

describe('where a bearer may go', () => {
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
