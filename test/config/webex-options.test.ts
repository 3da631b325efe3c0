import { describe, expect, it } from 'vitest';
import { readCredentials } from '../../src/config/webex-options.js';
import { ConfigurationError } from '../../src/errors.js';

const client = {
  client_id: 'C1',
  client_secret: 's',
  redirect_uri: 'https://app.example/cb',
  scope: 'a:b c:d',
};

describe('credentials', () => {
  it.each([
    ['credentials', { credentials: client }],
    ['config.credentials', { config: { credentials: client } }],
  ])('are read from %s', (_, source) => {
    expect(readCredentials(source, {})).toEqual({
      client: {
        clientId: 'C1',
        clientSecret: 's',
        redirectUri: 'https://app.example/cb',
        scope: ['a:b', 'c:d'],
        clientAuthentication: undefined,
      },
      given: undefined,
    });
  });

  it.each([
    ['a bare token', 'tok'],
    ['Bearer and a token', 'Bearer tok'],
    ['a lower-case bearer with many spaces', ' bearer   tok '],
    ['Bearer without a space', 'Bearer1234'],
    ['access_token', { access_token: 'tok' }],
    ['credentials as text', { credentials: 'tok' }],
    ['credentials.access_token', { credentials: { access_token: 'Bearer tok' } }],
  ])('may be %s', (_, source) => {
    expect(readCredentials(source, {})).toMatchObject({
      client: undefined,
      given: { accessToken: expect.stringMatching(/^(tok|1234)$/) as string },
    });
  });

  it('come from the environment when the options say nothing, under each name that is in use', () => {
    for (const prefix of ['WEBEX_', 'COMMON_IDENTITY_', '']) {
      const env = {
        [`${prefix}CLIENT_ID`]: 'C2',
        [`${prefix}CLIENT_SECRET`]: 's2',
        [`${prefix}REDIRECT_URI`]: 'https://app.example/cb',
        [`${prefix}SCOPE`]: 'a:b',
      };
      expect(readCredentials(undefined, env).client).toMatchObject({ clientId: 'C2', scope: ['a:b'] });
    }
    expect(readCredentials(undefined, { WEBEX_ACCESS_TOKEN: 'tok' }).given?.accessToken).toBe('tok');
  });

  it('of the options win over the environment, whole', () => {
    expect(() =>
      readCredentials({ credentials: { client_id: 'C1' } }, { WEBEX_CLIENT_SECRET: 's2' }),
    ).toThrow(/credentials\.client_secret: is missing/);
  });

  it('that are incomplete are named after where they came from', () => {
    expect(() => readCredentials(undefined, { WEBEX_CLIENT_ID: 'C2' })).toThrow(
      /WEBEX_CLIENT_SECRET: is missing/,
    );
    expect(() => readCredentials(undefined, {})).toThrow(ConfigurationError);
  });

  it.each(['', 'Bearer ', 'to ken', 'tok\r\nx: y', 'tök'])(
    'refuse %j as a token without repeating it',
    (token) => {
      const problem = ((): unknown => {
        try {
          return readCredentials({ access_token: token }, {});
        } catch (error) {
          return error;
        }
      })();
      expect(problem).toBeInstanceOf(ConfigurationError);
      if (token.length > 2) expect(String(problem)).not.toContain(token);
    },
  );
});
