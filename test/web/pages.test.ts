import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidGrantError, RateLimitError, StoreUnavailableError } from '../../src/errors.js';
import { failureAnswer } from '../../src/web/answers.js';
import { failureOf } from '../../src/web/failure.js';
import { Html, html } from '../../src/web/html.js';
import { errorPage, page } from '../../src/web/pages.js';

describe('the html tag', () => {
  it('escapes values, keeps markup, joins lists and leaves out nothings', () => {
    const inner = html`<b>${'<i>'}</b>`;
    expect(String(html`<p title="${`"'`}">${inner}${[inner, '&']}${undefined}${null}${false}${0}</p>`)).toBe(
      '<p title="&#34;&#39;"><b>&#60;i&#62;</b><b>&#60;i&#62;</b>&#38;0</p>',
    );
  });

  it('I8: lets no value break out of text or a quoted attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(String(html`${text}`)).not.toMatch(/[<>"'`]|&(?!#\d+;)/);
      }),
    );
  });
});

describe('I8: pages', () => {
  it('allow exactly their own style, and nothing else', async () => {
    const response = page({ title: 'Hello', main: html`<p>Hi</p>` });
    const policy = response.headers.get('content-security-policy') ?? '';
    const style = /<style>([^]*)<\/style>/.exec(await response.text())?.[1] ?? '';
    expect(style).toContain('prefers-color-scheme');
    const hash = createHash('sha256').update(style).digest('base64');
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `style-src 'sha256-${hash}'`,
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
  });

  it('show code and tracking id, escaped, and a link to sign in again', async () => {
    const failure = failureOf(new InvalidGrantError('canary-message', { trackingId: '<script>x</script>' }));
    const text = await errorPage(failure, { signIn: 'login?returnTo="><script>' }).text();
    expect(text).toContain('INVALID_GRANT');
    expect(text).toContain('Sign in again');
    expect(text).not.toContain('<script');
    expect(text).not.toContain('canary-message');
  });
});

describe('failures', () => {
  it('tell nothing of errors that are not ours', async () => {
    const failure = failureOf(new Error('canary <stack>'));
    expect(failure).toMatchObject({ status: 500, code: 'INTERNAL_ERROR', retryable: false });
    expect(JSON.stringify(failure)).not.toContain('canary');
  });

  it('come as JSON where it is asked for, with Retry-After', async () => {
    const request = new Request('https://a.test/', { headers: { accept: 'application/json' } });
    const error = new RateLimitError('canary', { retryAt: 12_500, trackingId: 't-1' });
    const answer = failureAnswer(failureOf(error), request, { signIn: 'login', now: 10_000 });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('3');
    expect(await answer.json()).toEqual({
      error: {
        code: 'RATE_LIMITED',
        message: expect.stringMatching(/^Too many/) as string,
        retryable: true,
        action: 'retry_later',
        trackingId: 't-1',
        retryAt: 12_500,
      },
    });
  });

  it('come as a page to browsers, which take both', async () => {
    const request = new Request('https://a.test/', {
      headers: { accept: 'text/html,application/json;q=0.9' },
    });
    const answer = failureAnswer(failureOf(new StoreUnavailableError('x')), request, {
      signIn: 'login',
      now: 0,
    });
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('STORE_UNAVAILABLE');
    expect(new Html('<b>').toString()).toBe('<b>');
  });
});
