import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/index.js';
import { readSettings } from '../../verify/settings.js';

const GOOD = {
  WEBEX_CLIENT_ID: 'C1',
  WEBEX_CLIENT_SECRET: 'a-secret-of-the-client',
  WEBEX_REDIRECT_URI: 'http://localhost:8787/auth/callback',
  WEBEX_SCOPE: 'spark:people_read  spark:rooms_read',
};

/** The settings that are complained about. */
function problemsOf(env: Record<string, string>): string[] {
  try {
    readSettings(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const value of Object.values(env).filter(Boolean)) expect(error.message).not.toContain(value);
    return error.problems.map(({ setting }) => setting);
  }
}

describe('the settings of a run', () => {
  it('are those of the library, and what is left out is not asked about', () => {
    const settings = readSettings(GOOD);
    expect(settings).toMatchObject({ clientId: 'C1', scope: ['spark:people_read', 'spark:rooms_read'] });
    expect(settings.endpoints.apiBase).toBe('https://webexapis.com/v1');
    expect([settings.refreshToken, settings.guestIssuer, settings.serviceApp, settings.botToken]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each([
    [{ WEBEX_CLIENT_SECRET: '' }, ['WEBEX_CLIENT_SECRET']],
    [{ WEBEX_SCOPE: '' }, ['WEBEX_SCOPE']],
    [{ WEBEX_REDIRECT_URI: 'https://app.example.com/callback' }, ['WEBEX_REDIRECT_URI']],
    [{ WEBEX_REDIRECT_URI: 'http://localhost/callback' }, ['WEBEX_REDIRECT_URI']],
    [{ WEBEX_REDIRECT_URI: 'http://10.0.0.1:8787/callback' }, ['WEBEX_REDIRECT_URI']],
    [{ WEBEX_GUEST_ISSUER: 'an-issuer' }, ['WEBEX_GUEST_SECRET']],
    [{ WEBEX_SERVICE_APP_OWNER_TOKEN: 'a-token-of-the-owner' }, ['WEBEX_SERVICE_APP_ORG']],
  ])('are refused where something is missing or wrong: %j', (change, settings) => {
    expect(problemsOf({ ...GOOD, ...change })).toEqual(settings);
  });

  it('need no callback where a refresh token stands in for the sign-in', () => {
    const { WEBEX_REDIRECT_URI: _left, ...rest } = GOOD;
    expect(readSettings({ ...rest, WEBEX_REFRESH_TOKEN: 'a-refresh-token' }).refreshToken).toBe(
      'a-refresh-token',
    );
  });

  it('take the service app for another client where one is given', () => {
    const org = { WEBEX_SERVICE_APP_ORG: 'an-org', WEBEX_SERVICE_APP_OWNER_TOKEN: 'a-token' };
    expect(readSettings({ ...GOOD, ...org }).serviceApp).toMatchObject({ clientId: 'C1' });
    const own = { WEBEX_SERVICE_APP_CLIENT_ID: 'C2', WEBEX_SERVICE_APP_CLIENT_SECRET: 'another-secret' };
    expect(readSettings({ ...GOOD, ...org, ...own }).serviceApp).toMatchObject({
      clientId: 'C2',
      clientSecret: 'another-secret',
    });
  });
});
