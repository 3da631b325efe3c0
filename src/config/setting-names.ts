import type { ClientOptions } from './client-options.js';
import type { CredentialsOptions, TokenSettings } from './credential-shapes.js';

/** The settings that describe a token. */
export const TOKEN_SETTINGS = [
  'access_token',
  'refresh_token',
  'expires',
  'expires_in',
  'refresh_token_expires',
  'refresh_token_expires_in',
  'scope',
  'token_type',
] as const satisfies readonly (keyof TokenSettings)[];

/** What `credentials` may hold. */
export const CREDENTIAL_SETTINGS = [
  'client_id',
  'client_secret',
  'redirect_uri',
  'authorizationString',
  'authorizeUrl',
  'clientType',
  'clientAuthentication',
  'cisService',
  'guestIssuer',
  'jwtRefreshCallback',
  'supertoken',
  'authorization',
  ...TOKEN_SETTINGS,
] as const satisfies readonly (keyof CredentialsOptions)[];

/** What `config` may hold. */
export const CONFIG_SETTINGS = ['credentials', 'fedramp', 'services'] as const;

/** What `Webex.init` may be given. */
export const INIT_SETTINGS = [
  'credentials',
  'config',
  'supertoken',
  'authorization',
  ...TOKEN_SETTINGS,
  'store',
  'keys',
  'subject',
  'endpoints',
  'scheduler',
  'discovery',
  'verifyClient',
  'verifyEvery',
  'http',
  'log',
  'fetch',
  'transport',
  'clock',
] as const;

/** What `client` of `WebexAuth.open` may hold. */
export const CLIENT_SETTINGS = [
  'clientId',
  'clientSecret',
  'redirectUri',
  'scope',
  'clientAuthentication',
  'clientType',
] as const satisfies readonly (keyof ClientOptions)[];

const NOT_AUTHORIZATION = 'belongs to a part of the SDK that is not about authorization';
const HERE_ALREADY = 'this library has rules of its own for it';

/** Settings of Webex's own SDK that are accepted and mean nothing here, each with the reason. */
export const IGNORED_SETTINGS: Readonly<
  Record<'init' | 'config' | 'credentials', Readonly<Record<string, string>>>
> = {
  init: {
    id_token: 'is checked when signing in, and not kept',
    sdkType: 'tells the SDK which of its packages it is',
  },
  credentials: {
    id_token: 'is checked when signing in, and not kept',
    refreshCallback: 'is for browsers; on a server the client secret renews the token',
    activationUrl: 'belongs to activating accounts, which is not done here',
    generateOtpUrl: 'belongs to one-time passwords, which are not used here',
    validateOtpUrl: 'belongs to one-time passwords, which are not used here',
    setPasswordUrl: 'belongs to passwords, which are not set here',
    idbroker: 'give endpoints.identityBroker or IDBROKER_BASE_URL',
    identity: 'is not called here',
    tokenUrl: 'give endpoints.tokenEndpoint or TOKEN_URL',
    revokeUrl: 'give endpoints.revocationEndpoint or REVOKE_URL',
    logoutUrl: 'give endpoints.identityBroker or IDBROKER_BASE_URL',
  },
  config: {
    appName: 'names the application in headers that are not sent here',
    appPlatform: 'names the application in headers that are not sent here',
    appVersion: 'names the application in headers that are not sent here',
    defaultRequestOptions: 'each request takes its own options; fetch and transport do the rest',
    email: 'chooses a service catalog before sign-in, which is not needed here',
    hydra: 'give endpoints.apiBase or HYDRA_SERVICE_URL',
    interceptors: 'there are none here; give a fetch or transport of your own',
    maxAppLevelRedirects: 'redirects never carry a token here',
    maxAuthenticationReplays: 'a request is replayed once after a 401',
    maxLocusRedirects: 'redirects never carry a token here',
    maxReconnectAttempts: 'no lasting connection is held here',
    onBeforeLogout: 'do it before you call logout()',
    proxy: 'give a fetch or transport of your own that goes through the proxy',
    storage: 'give store and keys',
    trackingIdBase: HERE_ALREADY,
    trackingIdPrefix: HERE_ALREADY,
    trackingIdSuffix: HERE_ALREADY,
    logger: 'give log, which takes lines',
    metrics: 'nothing is reported to Webex here',
    ...Object.fromEntries(
      [
        'attachmentActions',
        'avatar',
        'board',
        'calendar',
        'calling',
        'conversation',
        'device',
        'deviceType',
        'dss',
        'ediscovery',
        'encryption',
        'feature',
        'flag',
        'http',
        'kms',
        'llm',
        'locus',
        'lyra',
        'mediastats',
        'meetings',
        'memberships',
        'mercury',
        'messages',
        'messaging',
        'people',
        'phone',
        'presence',
        'rooms',
        'scheduler',
        'search',
        'support',
        'team',
        'teams',
        'user',
        'voicea',
        'webhooks',
      ].map((section) => [section, NOT_AUTHORIZATION]),
    ),
  },
};
