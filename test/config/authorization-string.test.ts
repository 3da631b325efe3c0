import { describe, expect, it } from 'vitest';
import { parseAuthorizationString } from '../../src/config/authorization-string.js';
import { ConfigurationError } from '../../src/errors.js';
import { problemsOf, read } from './credential-cases.js';

describe('the authorization string', () => {
  const string =
    'https://webexapis.com/v1/authorize?client_id=C1&response_type=token&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=a%3Ab%20c%3Ad&state=set_state_here';

  it('gives the client and where people sign in; single settings win', () => {
    const authorizationString = string;
    const found = read({ credentials: { authorizationString, client_secret: 's' } });
    expect(found).toMatchObject({
      client: { clientId: 'C1', redirectUri: 'https://app.example/cb', scope: ['a:b', 'c:d'] },
      authorizeUrl: 'https://webexapis.com/v1/authorize',
    });
    const single = {
      client_id: 'C2',
      redirect_uri: 'https://b.example',
      scope: 'x:y',
      authorizeUrl: 'https://c.example/a',
    };
    expect(read({ credentials: { authorizationString, client_secret: 's', ...single } })).toMatchObject({
      client: { clientId: 'C2', redirectUri: 'https://b.example', scope: ['x:y'] },
      authorizeUrl: 'https://c.example/a',
    });
  });

  it('names itself in what is wrong with its parts, and leaves the secret to be given', () => {
    const bad = string.replace('https%3A%2F%2Fapp.example', 'canary');
    expect(problemsOf({ credentials: { authorizationString: bad } })).toMatchObject([
      { setting: 'credentials.client_secret', problem: 'is missing' },
      { setting: 'credentials.authorizationString', problem: 'must be an absolute URL' },
    ]);
    expect(problemsOf({ config: { credentials: { authorizationString: 'canary' } } })).toMatchObject([
      { setting: 'config.credentials.authorizationString', example: expect.any(String) as string },
    ]);
  });

  it.each([
    [{ WEBEX_AUTHORIZATION_STRING: string, WEBEX_CLIENT_SECRET: 's' }],
    [{ AUTHORIZATION_STRING: string, WEBEX_CLIENT_SECRET: 's' }],
    [{ AUTHORIZATION_STRING: string, CLIENT_SECRET: 's' }],
  ])('may come from the environment: %j', (env) => {
    expect(read(undefined, env)).toMatchObject({
      client: { clientId: 'C1', clientSecret: 's', scope: ['a:b', 'c:d'] },
      authorizeUrl: 'https://webexapis.com/v1/authorize',
    });
    const single = { ...env, WEBEX_AUTHORIZE_URL: 'https://b.example/a', WEBEX_SCOPE: 'x:y' };
    expect(read(undefined, single)).toMatchObject({ client: { scope: ['x:y'] }, authorizeUrl: undefined });
  });

  it('of the environment is refused by its variable', () => {
    expect(problemsOf(undefined, { WEBEX_AUTHORIZATION_STRING: 'canary' })).toMatchObject([
      { setting: 'WEBEX_AUTHORIZATION_STRING' },
    ]);
    expect(problemsOf(undefined, { WEBEX_AUTHORIZATION_STRING: string })).toMatchObject([
      { setting: 'WEBEX_CLIENT_SECRET' },
    ]);
  });
});

describe('parsing', () => {
  const base = 'https://webexapis.com/v1/authorize';

  it.each([
    [`${base}?client_id=C&scope=a%3Ab%20c`, 'a:b c'],
    [`${base}?client_id=C&scope=a%3Ab+c`, 'a:b c'],
    [` ${base}?scope=a:b+c&client_id=C\n`, 'a:b c'],
    [`${base}?client_id=C`, undefined],
    [`${base}?client_id=C&scope=`, undefined],
  ])('reads %j', (text, scope) => {
    expect(parseAuthorizationString(text, 'x')).toEqual({
      clientId: 'C',
      redirectUri: undefined,
      scope,
      authorizeUrl: base,
    });
  });

  it.each([
    ['', 'https URL'],
    ['client_id=C', 'https URL'],
    ['http://webexapis.com/v1/authorize?client_id=canary', 'https URL'],
    [`https://canary@webexapis.com/v1/authorize?client_id=C`, 'https URL'],
    [`${base}?client_id=C#canary`, 'https URL'],
    [base, 'no client_id'],
    [`${base}?client_id=&scope=canary`, 'no client_id'],
    [`${base}?client_id=C&client_id=canary`, 'client_id more than once'],
    [`${base}?client_id=C&scope=canary&scope=b`, 'scope more than once'],
    [`${base}?client_id=C&redirect_uri=https%3A%2F%2Fcanary%zz`, 'percent-encoding'],
    [42, 'a string'],
    [undefined, 'a string'],
  ])('refuses %j by the name of the setting', (text, complaint) => {
    const parse = (): unknown => parseAuthorizationString(text, 'SOME_SETTING');
    expect(parse).toThrow(ConfigurationError);
    expect(parse).toThrow(complaint);
    expect(parse).toThrow(/^SOME_SETTING: /);
    expect(parse).not.toThrow(/canary/);
  });
});
