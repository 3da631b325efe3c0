import { parseAuthorizationString, type AuthorizationString } from './authorization-string.js';
import type { ClientOptions, SettingNames } from './client-options.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that people set today, in the order in which they count (facts 1.2, incumbent 1.2). */
const VARIABLES = {
  clientId: ['WEBEX_CLIENT_ID', 'COMMON_IDENTITY_CLIENT_ID', 'CLIENT_ID'],
  clientSecret: ['WEBEX_CLIENT_SECRET', 'COMMON_IDENTITY_CLIENT_SECRET', 'CLIENT_SECRET'],
  redirectUri: ['WEBEX_REDIRECT_URI', 'COMMON_IDENTITY_REDIRECT_URI', 'REDIRECT_URI'],
  scope: ['WEBEX_SCOPE', 'WEBEX_SCOPES', 'COMMON_IDENTITY_SCOPE', 'SCOPE'],
} as const;

type Setting = keyof typeof VARIABLES;

/** How the environment's settings are called in messages. */
export const ENVIRONMENT_NAMES: SettingNames = {
  clientId: 'WEBEX_CLIENT_ID',
  clientSecret: 'WEBEX_CLIENT_SECRET',
  redirectUri: 'WEBEX_REDIRECT_URI',
  scope: 'WEBEX_SCOPE',
  clientType: 'clientType',
  clientAuthentication: 'clientAuthentication',
  from: 'environment',
};

/** A client as it was found, unchecked, with the names of what said so. */
export interface FoundClient {
  readonly options: Partial<ClientOptions>;
  readonly names: SettingNames;
  /** Where people sign in, by the authorization string. */
  readonly authorizeUrl: string | undefined;
}

/**
 * The client as the environment describes it; what is not set is left out. The variables without a prefix (CLIENT_ID, CLIENT_SECRET,
 * REDIRECT_URI, SCOPE) count only when id and secret are both there and no prefixed one is: anybody's program may have set them.
 * Errors: `ConfigurationError` for a malformed authorization string.
 */
export function readClientEnvironment(env: Environment = process.env): FoundClient {
  const unprefixed = countsUnprefixed(env);
  const string = readAuthorizationString(env, unprefixed);
  const options: Partial<Record<Setting, string>> = {};
  const names: { -readonly [Name in Setting]?: string } = {};
  for (const setting of Object.keys(VARIABLES) as Setting[]) {
    const variable = variableOf(env, setting, unprefixed);
    const inString = setting === 'clientSecret' ? undefined : string?.[setting];
    const value = variable === undefined ? inString : env[variable];
    if (value === undefined) continue;
    options[setting] = value;
    names[setting] = variable ?? string?.variable ?? '';
  }
  return { options, names: { ...ENVIRONMENT_NAMES, ...names }, authorizeUrl: string?.authorizeUrl };
}

/** The same without the names. Errors: `ConfigurationError` for a malformed authorization string. */
export function clientFromEnvironment(env: Environment = process.env): Partial<ClientOptions> {
  return readClientEnvironment(env).options;
}

/** The access token that the environment carries, if any. */
export function accessTokenFromEnvironment(env: Environment = process.env): string | undefined {
  return env['WEBEX_ACCESS_TOKEN'] || undefined;
}

function countsUnprefixed(env: Environment): boolean {
  const prefixed = [variableOf(env, 'clientId', false), variableOf(env, 'clientSecret', false)];
  if (prefixed.some(Boolean) || env['WEBEX_AUTHORIZATION_STRING']) return false;
  return Boolean(env['CLIENT_SECRET'] && (env['CLIENT_ID'] || env['AUTHORIZATION_STRING']));
}

function variableOf(env: Environment, setting: Setting, unprefixed: boolean): string | undefined {
  return VARIABLES[setting].find(
    (name) => env[name] && (unprefixed || /^(WEBEX|COMMON_IDENTITY)_/.test(name)),
  );
}

// AUTHORIZATION_STRING counts beside a secret that counts; alone it may be another program's.
function readAuthorizationString(
  env: Environment,
  unprefixed: boolean,
): (AuthorizationString & { variable: string }) | undefined {
  const own = 'WEBEX_AUTHORIZATION_STRING';
  const alone = variableOf(env, 'clientSecret', unprefixed) === undefined;
  const variable = env[own] || alone ? own : 'AUTHORIZATION_STRING';
  const text = env[variable];
  return text ? { ...parseAuthorizationString(text, variable), variable } : undefined;
}
