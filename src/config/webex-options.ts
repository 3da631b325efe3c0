import { ConfigurationError } from '../errors.js';
import { checkClient, type ClientOptions, type ClientSettings, type SettingNames } from './client-options.js';
import { accessTokenFromEnvironment, clientFromEnvironment, ENVIRONMENT_NAMES } from './environment.js';

/** Credentials under the names of Webex's own SDK: a client, tokens that exist already, or both. */
export interface CredentialsOptions {
  client_id?: string | undefined;
  client_secret?: string | undefined;
  redirect_uri?: string | undefined;
  scope?: string | readonly string[] | undefined;
  clientType?: 'confidential' | undefined;
  access_token?: string | undefined;
  refresh_token?: string | undefined;
  /** When the access token ends, milliseconds since the epoch. */
  expires?: number | undefined;
  /** When the refresh token ends, milliseconds since the epoch. */
  refresh_token_expires?: number | undefined;
}

/** What `Webex.init` reads its credentials from. */
export interface CredentialSources {
  credentials?: CredentialsOptions | string | undefined;
  access_token?: string | undefined;
  config?: { credentials?: CredentialsOptions | undefined } | undefined;
}

/** Tokens that were given at the start. */
export interface GivenTokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly expiresAt: number | undefined;
  readonly refreshTokenExpiresAt: number | undefined;
}

/** Credentials, checked. */
export interface CredentialSettings {
  readonly client: ClientSettings | undefined;
  readonly given: GivenTokens | undefined;
}

const SNAKE_NAMES: SettingNames = {
  clientId: 'credentials.client_id',
  clientSecret: 'credentials.client_secret',
  redirectUri: 'credentials.redirect_uri',
  scope: 'credentials.scope',
  clientType: 'credentials.clientType',
};

/**
 * Reads the credentials of one principal; what the options leave open comes from the environment. Errors: `ConfigurationError`,
 * naming each setting that is wrong and never its value.
 */
export function readCredentials(
  source: CredentialSources | string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): CredentialSettings {
  const credentials = mergeSources(source);
  const given = readTokens(credentials, credentials.client_id === undefined ? env : undefined);
  const fromOptions = clientOptions(credentials);
  if (Object.keys(fromOptions).length > 0) return { client: checkClient(fromOptions, SNAKE_NAMES), given };
  const fromEnvironment = clientFromEnvironment(env);
  if (Object.keys(fromEnvironment).length > 0 && !(given && fromEnvironment.clientId === undefined)) {
    return { client: checkClient(fromEnvironment, ENVIRONMENT_NAMES), given };
  }
  if (given) return { client: undefined, given };
  throw new ConfigurationError([
    {
      setting: 'credentials',
      problem:
        'are missing: give client_id, client_secret, redirect_uri and scope, or an access_token, or set WEBEX_CLIENT_ID …',
    },
  ]);
}

function mergeSources(source: CredentialSources | string | undefined): CredentialsOptions {
  if (typeof source === 'string') return { access_token: source };
  const { credentials, access_token, config } = source ?? {};
  const own = typeof credentials === 'string' ? { access_token: credentials } : credentials;
  return { ...config?.credentials, ...own, ...(access_token !== undefined && { access_token }) };
}

function clientOptions(credentials: CredentialsOptions): Partial<ClientOptions> {
  const { client_id, client_secret, redirect_uri, scope, clientType } = credentials;
  const options = {
    clientId: client_id,
    clientSecret: client_secret,
    redirectUri: redirect_uri,
    scope,
    clientType,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function readTokens(
  credentials: CredentialsOptions,
  env: NodeJS.ProcessEnv | undefined,
): GivenTokens | undefined {
  const text = credentials.access_token ?? (env && accessTokenFromEnvironment(env));
  if (text === undefined) return undefined;
  const accessToken = text.trim().replace(/^Bearer\s*/i, '');
  if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(accessToken)) {
    throw new ConfigurationError([
      {
        setting: 'access_token',
        problem: 'is no bearer token (RFC 6750, 2.1): empty, or with characters that cannot be sent',
      },
    ]);
  }
  return {
    accessToken,
    refreshToken: credentials.refresh_token,
    expiresAt: credentials.expires,
    refreshTokenExpiresAt: credentials.refresh_token_expires,
  };
}
