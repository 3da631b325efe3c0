import { expect, it } from 'vitest';
import { accessTokenFromEnvironment, clientFromEnvironment } from '../../src/config/environment.js';
import { read } from './credential-cases.js';

const PREFIXES = ['WEBEX_', 'COMMON_IDENTITY_', ''];

/** A whole client under one prefix, its values saying which. */
const client = (prefix: string): Record<string, string> => ({
  [`${prefix}CLIENT_ID`]: `id-${prefix}`,
  [`${prefix}CLIENT_SECRET`]: `secret-${prefix}`,
  [`${prefix}REDIRECT_URI`]: `https://${prefix.replaceAll('_', '-')}x.example/cb`,
  [`${prefix}SCOPE`]: `scope:${prefix}`,
});

it.each(PREFIXES)('takes a client under the prefix %j', (prefix) => {
  expect(clientFromEnvironment(client(prefix))).toEqual({
    clientId: `id-${prefix}`,
    clientSecret: `secret-${prefix}`,
    redirectUri: `https://${prefix.replaceAll('_', '-')}x.example/cb`,
    scope: `scope:${prefix}`,
  });
});

it('takes the first of several, each setting by itself', () => {
  const both = { ...client(''), ...client('COMMON_IDENTITY_'), ...client('WEBEX_') };
  expect(clientFromEnvironment(both)).toEqual(clientFromEnvironment(client('WEBEX_')));
  const { WEBEX_SCOPE: _none, ...others } = both;
  expect(clientFromEnvironment(others).scope).toBe('scope:COMMON_IDENTITY_');
  expect(clientFromEnvironment({ ...both, WEBEX_SCOPES: 'b', WEBEX_SCOPE: '' }).scope).toBe('b');
});

it.each([
  ['an id without a secret', { CLIENT_ID: 'a', REDIRECT_URI: 'b', SCOPE: 'c' }],
  ['a secret without an id', { CLIENT_SECRET: 'a', SCOPE: 'c' }],
  ['an authorization string of anybody', { AUTHORIZATION_STRING: 'dear sir' }],
  ['empty ones', { WEBEX_CLIENT_ID: '', CLIENT_ID: '', CLIENT_SECRET: '' }],
])('leaves alone what another program may have set: %s', (_, env) => {
  expect(clientFromEnvironment(env)).toEqual({});
});

it('never completes a prefixed client with what anybody may have set', () => {
  expect(clientFromEnvironment({ ...client(''), WEBEX_CLIENT_ID: 'mine' })).toEqual({ clientId: 'mine' });
  const { REDIRECT_URI, SCOPE } = client('');
  expect(clientFromEnvironment({ ...client('WEBEX_'), REDIRECT_URI, SCOPE })).toEqual(
    clientFromEnvironment(client('WEBEX_')),
  );
});

it('takes prefixed settings beside an unprefixed client', () => {
  const env = { CLIENT_ID: 'a', CLIENT_SECRET: 'b', WEBEX_SCOPE: 'x:y', SCOPE: 'z' };
  expect(clientFromEnvironment(env)).toEqual({ clientId: 'a', clientSecret: 'b', scope: 'x:y' });
});

it('names the variable that was wrong', () => {
  const env = { ...client('COMMON_IDENTITY_'), COMMON_IDENTITY_REDIRECT_URI: 'canary' };
  expect(() => read(undefined, env)).toThrow(
    /^COMMON_IDENTITY_REDIRECT_URI: must be an absolute URL \(environment variable\)/,
  );
});

it('takes the access token', () => {
  expect(accessTokenFromEnvironment({ WEBEX_ACCESS_TOKEN: 'tok' })).toBe('tok');
  expect(accessTokenFromEnvironment({ WEBEX_ACCESS_TOKEN: '' })).toBeUndefined();
});
