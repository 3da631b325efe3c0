import { isLoopback, secureUrl } from '../src/base/secure-url.js';
import { resolveEndpoints } from '../src/config/endpoint-options.js';
import { readClientEnvironment } from '../src/config/environment.js';
import { ConfigurationError } from '../src/errors.js';
import type { ConfigurationProblem } from '../src/errors.js';
import { scopeList } from '../src/config/client-options.js';
import type { WebexEndpoints } from '../src/platform/endpoints.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What is asked with, read from the environment. What is undefined is not asked about. */
export interface VerifySettings {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly scope: readonly string[];
  readonly endpoints: WebexEndpoints;
  /** In place of a sign-in. */
  readonly refreshToken: string | undefined;
  readonly guestIssuer: { readonly issuer: string; readonly secret: string } | undefined;
  readonly serviceApp:
    | {
        readonly clientId: string;
        readonly clientSecret: string;
        readonly orgId: string;
        readonly ownerToken: string;
      }
    | undefined;
  readonly botToken: string | undefined;
}

/** The variables beside those that the library reads itself. */
const PAIRS = [
  ['WEBEX_GUEST_ISSUER', 'WEBEX_GUEST_SECRET'],
  ['WEBEX_SERVICE_APP_ORG', 'WEBEX_SERVICE_APP_OWNER_TOKEN'],
  ['WEBEX_SERVICE_APP_CLIENT_ID', 'WEBEX_SERVICE_APP_CLIENT_SECRET'],
] as const;

/** Reads the environment. Errors: `ConfigurationError`, naming each variable that is missing or wrong, never its value. */
export function readSettings(env: Environment): VerifySettings {
  const { options } = readClientEnvironment(env);
  const { clientId, clientSecret, redirectUri } = options;
  const refreshToken = given(env, 'WEBEX_REFRESH_TOKEN');
  const problems: ConfigurationProblem[] = [
    ...missing({ WEBEX_CLIENT_ID: clientId, WEBEX_CLIENT_SECRET: clientSecret, WEBEX_SCOPE: options.scope }),
    ...PAIRS.flatMap((pair) => {
      const absent = pair.filter((name) => given(env, name) === undefined);
      return absent.length === 1
        ? absent.map((setting) => ({ setting, problem: `is needed beside ${pair.join(' and ')}` }))
        : [];
    }),
  ];
  if (refreshToken === undefined && !isOwnCallback(redirectUri)) {
    problems.push({
      setting: 'WEBEX_REDIRECT_URI',
      problem: 'must be an http address with a port on this machine, as registered: it is listened to',
      example: 'http://localhost:8787/auth/callback',
    });
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  const [issuer, secret] = PAIRS[0].map((name) => given(env, name));
  return {
    clientId: clientId ?? '',
    clientSecret: typeof clientSecret === 'string' ? clientSecret : '',
    redirectUri: redirectUri ?? 'http://localhost/',
    scope: scopeList(options.scope ?? []),
    endpoints: resolveEndpoints(undefined, { ...env }),
    refreshToken,
    guestIssuer: issuer !== undefined && secret !== undefined ? { issuer, secret } : undefined,
    serviceApp: serviceAppOf(env, { clientId, clientSecret }),
    botToken: given(env, 'WEBEX_BOT_TOKEN'),
  };
}

/** Every value in the settings that must not be written, with its label. */
export function secretsOf(settings: VerifySettings): readonly (readonly [string | undefined, string])[] {
  const { clientId, clientSecret, refreshToken, guestIssuer, serviceApp, botToken } = settings;
  return [
    [clientSecret, 'client secret'],
    [clientId, 'client id'],
    [refreshToken, 'refresh token'],
    [guestIssuer?.secret, 'guest secret'],
    [guestIssuer?.issuer, 'guest issuer'],
    [serviceApp?.clientSecret, 'client secret'],
    [serviceApp?.clientId, 'client id'],
    [serviceApp?.ownerToken, 'access token'],
    [serviceApp?.orgId, 'organisation'],
    [botToken, 'access token'],
  ];
}

function serviceAppOf(
  env: Environment,
  client: { clientId: string | undefined; clientSecret: unknown },
): VerifySettings['serviceApp'] {
  const orgId = given(env, 'WEBEX_SERVICE_APP_ORG');
  const ownerToken = given(env, 'WEBEX_SERVICE_APP_OWNER_TOKEN');
  const clientId = given(env, 'WEBEX_SERVICE_APP_CLIENT_ID') ?? client.clientId;
  const clientSecret = given(env, 'WEBEX_SERVICE_APP_CLIENT_SECRET') ?? client.clientSecret;
  if (orgId === undefined || ownerToken === undefined) return undefined;
  if (clientId === undefined || typeof clientSecret !== 'string') return undefined;
  return { orgId, ownerToken, clientId, clientSecret };
}

function missing(found: Readonly<Record<string, unknown>>): ConfigurationProblem[] {
  return Object.entries(found).flatMap(([setting, value]) =>
    value === undefined || value === '' ? [{ setting, problem: 'is needed' }] : [],
  );
}

function isOwnCallback(redirectUri: string | undefined): boolean {
  const url = redirectUri === undefined ? undefined : secureUrl(redirectUri);
  return url?.protocol === 'http:' && isLoopback(url.hostname) && url.port !== '' && url.search === '';
}

function given(env: Environment, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === '' ? undefined : text;
}
