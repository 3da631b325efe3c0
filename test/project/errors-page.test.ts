import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as errors from '../../src/errors.js';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

// Nobody meets these as such: they have no code of their own.
const BASES = ['WebexAuthError', 'OAuthError', 'ApiStatusError'];

/** One of each, as a caller would meet it. */
const specimens: errors.WebexAuthError[] = Object.entries(errors).flatMap(([name, exported]) => {
  if (
    BASES.includes(name) ||
    !(Object.create(exported.prototype as object) instanceof errors.WebexAuthError)
  ) {
    return [];
  }
  if (exported === errors.ConfigurationError) return [new errors.ConfigurationError([])];
  if (exported === errors.MissingScopeError) return [new errors.MissingScopeError(['a:b'])];
  if (exported === errors.NetworkError) {
    return [new errors.NetworkError('no answer', { reason: 'dns', maybeProcessed: false })];
  }
  if (exported === errors.ReauthRequiredError) {
    return [new errors.ReauthRequiredError('ended', { reauth: { reason: 'revoked', since: 0 } })];
  }
  const Plain = exported as new (message: string) => errors.WebexAuthError;
  return [new Plain('specimen')];
});

const rows = page
  .split('\n')
  .filter((line) => /^\| `[A-Z_]+`/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));

describe('docs/errors.md', () => {
  it('knows every code, once', () => {
    const codes = specimens.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(rows.map(([, code]) => code)).toEqual(codes.sort((a, b) => position(a) - position(b)));
    expect(codes.length).toBeGreaterThan(30);
  });

  it.each(specimens.map((error) => ({ code: error.code, error })))(
    'is right about $code',
    ({ code, error }) => {
      const [, , name, meaning, retryable, action] = rows.find((row) => row[1] === code) ?? [];
      expect(name).toBe(error.name);
      expect(meaning).toMatch(/\w.*\.$/);
      expect(retryable).toBe(error.retryable ? 'yes' : 'no');
      expect(action).toBe(error.action ?? '–');
    },
  );

  it('explains every action that an error can ask for', () => {
    const explained = page.slice(page.indexOf('## Actions'));
    const asked = specimens.flatMap(({ action }) => action ?? []);
    expect([...new Set(asked)].filter((action) => !explained.includes(`\`${action}\``))).toEqual([]);
  });
});

/** Where the table has this code; codes that it lacks come last. */
function position(code: string): number {
  const index = rows.findIndex((row) => row[1] === code);
  return index < 0 ? Infinity : index;
}
