import type { ClientOptions, SettingNames } from './client-options.js';

/** The variables that people set today, in the order in which they count (facts 1.2, incumbent 1.2). */
const VARIABLES = {
  clientId: ['WEBEX_CLIENT_ID', 'COMMON_IDENTITY_CLIENT_ID', 'CLIENT_ID'],
  clientSecret: ['WEBEX_CLIENT_SECRET', 'COMMON_IDENTITY_CLIENT_SECRET', 'CLIENT_SECRET'],
  redirectUri: ['WEBEX_REDIRECT_URI', 'COMMON_IDENTITY_REDIRECT_URI', 'REDIRECT_URI'],
  scope: ['WEBEX_SCOPE', 'WEBEX_SCOPES', 'COMMON_IDENTITY_SCOPE', 'SCOPE'],
} as const;

/** How the environment's settings are called in messages. */
export const ENVIRONMENT_NAMES: SettingNames = {
  clientId: 'WEBEX_CLIENT_ID',
  clientSecret: 'WEBEX_CLIENT_SECRET',
  redirectUri: 'WEBEX_REDIRECT_URI',
  scope: 'WEBEX_SCOPE',
  clientType: 'clientType',
};

/** The client as the environment describes it; what is not set is left out. */
export function clientFromEnvironment(env: NodeJS.ProcessEnv = process.env): Partial<ClientOptions> {
  const found = Object.entries(VARIABLES).flatMap(([setting, names]) => {
    const value = names.map((name) => env[name]).find((one) => one !== undefined && one !== '');
    return value === undefined ? [] : [[setting, value] as const];
  });
  return Object.fromEntries(found);
}

/** The access token that the environment carries, if any. */
export function accessTokenFromEnvironment(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return env['WEBEX_ACCESS_TOKEN'] || undefined;
}
