import { describe, expect, it } from 'vitest';
import { checkClient, scopeList } from '../../src/config/client-options.js';
import { ConfigurationError } from '../../src/errors.js';

const good = {
  clientId: 'C1',
  clientSecret: 's3cret',
  redirectUri: 'https://app.example/callback',
  scope: 'a:b',
};

function problemsOf(options: Parameters<typeof checkClient>[0]): { setting: string; problem: string }[] {
  try {
    checkClient(options);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return [...error.problems];
    throw error;
  }
}

describe('a client', () => {
  it('is accepted with its scope as a list or as text, without duplicates', () => {
    expect(checkClient(good).scope).toEqual(['a:b']);
    expect(scopeList('a:b  c:d a:b\n')).toEqual(['a:b', 'c:d']);
    expect(scopeList(['a:b', '', 'a:b'])).toEqual(['a:b']);
    expect(scopeList(undefined)).toEqual([]);
  });

  it('lists everything that is wrong at once, with examples, and never a value', () => {
    const problems = problemsOf({ clientSecret: 'has space', redirectUri: 'nonsense', scope: 'a"b' });
    expect(problems.map(({ setting }) => setting)).toEqual([
      'client.clientId',
      'client.clientSecret',
      'client.redirectUri',
      'client.scope',
    ]);
    expect(JSON.stringify(problems)).not.toContain('has space');
  });

  it.each([
    ['https://app.example/callback', undefined],
    ['http://127.0.0.1:3000/callback', undefined],
    ['http://localhost/callback', undefined],
    ['http://[::1]:3000/callback', undefined],
    ['http://app.example/callback', 'https'],
    ['https://app.example/callback#part', 'fragment'],
    ['https://user@app.example/callback', 'user name'],
    ['/callback', 'absolute'],
    ['ftp://app.example/', 'https'],
    ['javascript:alert(1)', 'https'],
    ['http://127.0.0.1.evil.example/', 'https'],
  ])('redirect URI %s → %s', (redirectUri, complaint) => {
    const [problem] = problemsOf({ ...good, redirectUri });
    if (complaint === undefined) expect(problem).toBeUndefined();
    else expect(problem?.problem).toContain(complaint);
  });

  it('may have several secrets, newest first', () => {
    const secrets = ['new', 'old', 'old', 'older'];
    const { clientSecret, olderClientSecrets } = checkClient({ ...good, clientSecret: secrets });
    expect([clientSecret, olderClientSecrets]).toEqual(['new', ['old', 'older']]);
    expect(checkClient(good).olderClientSecrets).toEqual([]);
  });

  it.each([
    ['clientId', 42, 'must be a string'],
    ['clientId', null, 'must be a string'],
    ['clientSecret', [], 'is missing'],
    ['clientSecret', ['good', ''], 'is missing'],
    ['clientSecret', ['good', 'canary bad'], 'holds white space'],
    ['clientSecret', { canary: 1 }, 'must be a string'],
    ['redirectUri', 42, 'absolute'],
    ['redirectUri', null, 'absolute'],
    ['scope', 42, 'must be a list'],
    ['scope', null, 'must be a list'],
    ['scope', ['a', 1], 'must be a list'],
    ['scope', ['canary space'], 'malformed'],
    ['clientType', 'public', 'confidential'],
    ['clientAuthentication', 'none', 'client_secret_post or client_secret_basic'],
    ['clientAuthentication', null, 'client_secret_post or client_secret_basic'],
  ])('of callers without types: %s %j', (name, value, complaint) => {
    const problems = problemsOf({ ...good, [name]: value });
    expect(problems).toMatchObject([{ setting: `client.${name}`, example: expect.any(String) as string }]);
    expect(problems[0]?.problem).toContain(complaint);
    expect(JSON.stringify(problems)).not.toContain('canary');
  });

  it.each([[undefined], [null], [42], [['C1']]])('that is no object is missing: %j', (options) => {
    expect(problemsOf(options as never).map(({ setting }) => setting)).toEqual([
      'client.clientId',
      'client.clientSecret',
    ]);
  });
});
