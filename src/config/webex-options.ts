import { systemClock } from '../base/clock.js';
import { secureUrl } from '../base/secure-url.js';
import { checkClient, type ClientSettings } from './client-options.js';
import type { CredentialSources, GuestIssuerSettings, JwtRefreshCallback } from './credential-shapes.js';
import { CredentialMembers } from './credential-members.js';
import { accessTokenFromEnvironment, readClientEnvironment, type FoundClient } from './environment.js';
import { checkFlag } from './flag-setting.js';
import { readGivenTokens, type GivenTokens } from './given-tokens.js';
import { guestIssuerProblems } from './guest-issuer.js';
import { ProblemList } from './problem-list.js';
import { recordOf } from './record.js';
import { readServiceAddresses } from './service-addresses.js';
import { CONFIG_SETTINGS, CREDENTIAL_SETTINGS, IGNORED_SETTINGS, INIT_SETTINGS } from './setting-names.js';
import { findUnknownSettings, type IgnoredSetting } from './unknown-settings.js';

export type { CredentialSources } from './credential-shapes.js';
export type { GivenTokens } from './given-tokens.js';

/** Credentials, checked. */
export interface CredentialSettings {
  readonly client: ClientSettings | undefined;
  readonly given: GivenTokens | undefined;
  /** Where people sign in, when the credentials say so. */
  readonly authorizeUrl: string | undefined;
  readonly cisService: string | undefined;
  readonly guestIssuer: GuestIssuerSettings | undefined;
  readonly jwtRefreshCallback: JwtRefreshCallback | undefined;
  /** `config.fedramp`; undefined = not said. */
  readonly fedramp: boolean | undefined;
  /** Addresses of services that the application gives itself, by the services' names. */
  readonly services: Readonly<Record<string, string>>;
  /** Settings of Webex's own SDK that were given and mean nothing here. */
  readonly ignored: readonly IgnoredSetting[];
}

/** What credentials are read against. */
export interface CredentialSurroundings {
  env?: NodeJS.ProcessEnv | undefined;
  /** When lifetimes began, milliseconds since the epoch; now. */
  now?: number | undefined;
}

/**
 * Reads the credentials of one principal, in every shape that Webex's own SDK takes. A client is taken whole, from the options or else
 * from the environment. Errors: one `ConfigurationError` naming each setting that is wrong, unknown or contradicted, never its value.
 */
export function readCredentials(
  source: CredentialSources | string | undefined,
  { env = process.env, now = systemClock.now() }: CredentialSurroundings = {},
): CredentialSettings {
  const problems = new ProblemList();
  const options: unknown = source === undefined ? {} : source;
  const ignored = checkNames(options, problems);
  const members = new CredentialMembers(options);
  const inOptions = members.client(problems);
  const token = inOptions ? undefined : accessTokenFromEnvironment(env);
  const given = readGivenTokens({ source: options, fromEnvironment: token, now }, problems);
  const guest = readGuest(members, problems);
  const isEnough = given !== undefined || Object.values(guest).some((one) => one !== undefined);
  const found = inOptions ?? problems.collect(() => clientAround(env, isEnough));
  const client =
    found &&
    problems.collect(() => checkClient({ ...found.options, ...members.authentication }, found.names));
  const config = recordOf(recordOf(options)?.['config']);
  problems.add(...checkFlag('config.fedramp', config?.['fedramp']));
  const authorizeUrl = readAuthorizeUrl(members, problems) ?? found?.authorizeUrl;
  const cisService = readCisService(members, problems);
  // Addresses are all of the environment, or none of them.
  const around = recordOf(options)?.['endpoints'] === undefined ? env : {};
  const services = readServiceAddresses({ services: config?.['services'], env: around }, problems);
  if (!found && !isEnough && problems.isEmpty) problems.add(MISSING);
  problems.throwIfAny();
  const fedramp = config?.['fedramp'] as boolean | undefined;
  return { client, given, authorizeUrl, cisService, ...guest, fedramp, services, ignored };
}

const MISSING = {
  setting: 'credentials',
  problem: 'are missing from the options and the environment',
  example:
    'client_id, client_secret, redirect_uri and scope in credentials; or an access_token; or WEBEX_CLIENT_ID and WEBEX_CLIENT_SECRET',
};

// What is in the environment by chance does not harm whoever has a token: half a client is none then.
function clientAround(env: NodeJS.ProcessEnv, isEnough: boolean): FoundClient | undefined {
  const found = readClientEnvironment(env);
  const isClient = isEnough ? found.options.clientId !== undefined : Object.keys(found.options).length > 0;
  // The address by itself wins over the one in the authorization string, and the endpoints have it already.
  const authorizeUrl = env['WEBEX_AUTHORIZE_URL'] ? undefined : found.authorizeUrl;
  return isClient ? { ...found, authorizeUrl } : undefined;
}

function checkNames(options: unknown, problems: ProblemList): readonly IgnoredSetting[] {
  const init = recordOf(options) ?? {};
  if (init['config'] !== undefined && !recordOf(init['config']))
    problems.add({ setting: 'config', problem: 'must be an object', example: '{ credentials: { … } }' });
  const config = recordOf(init['config']) ?? {};
  const inCredentials = { known: CREDENTIAL_SETTINGS, ignored: IGNORED_SETTINGS.credentials };
  const places = [
    { value: init, path: '', known: INIT_SETTINGS, ignored: IGNORED_SETTINGS.init, below: 'credentials' },
    { value: recordOf(init['credentials']), path: 'credentials', ...inCredentials },
    {
      value: config,
      path: 'config',
      known: CONFIG_SETTINGS,
      ignored: IGNORED_SETTINGS.config,
      below: 'config.credentials',
    },
    { value: recordOf(config['credentials']), path: 'config.credentials', ...inCredentials },
  ];
  return places.flatMap(
    ({ value = {}, below, ...settings }: (typeof places)[number] & { below?: string }) => {
      const elsewhere = below === undefined ? [] : CREDENTIAL_SETTINGS.map((name) => `${below}.${name}`);
      const found = findUnknownSettings(value, { ...settings, elsewhere });
      problems.add(...found.problems);
      return found.ignored;
    },
  );
}

function readGuest(
  members: CredentialMembers,
  problems: ProblemList,
): Pick<CredentialSettings, 'guestIssuer' | 'jwtRefreshCallback'> {
  const issuer = members.get('guestIssuer');
  const callback = members.get('jwtRefreshCallback');
  if (issuer) problems.add(...guestIssuerProblems(issuer.path, issuer.value));
  if (callback && typeof callback.value !== 'function') {
    const example = 'async () => (a new JWT of the guest)';
    problems.add({ setting: callback.path, problem: 'must be a function', example });
  }
  const { issuer: name, secret } = (issuer?.value ?? {}) as GuestIssuerSettings;
  return {
    guestIssuer: issuer && { issuer: name, secret },
    jwtRefreshCallback: callback?.value as JwtRefreshCallback | undefined,
  };
}

function readAuthorizeUrl(members: CredentialMembers, problems: ProblemList): string | undefined {
  const placed = members.get('authorizeUrl');
  if (!placed) return undefined;
  const { path, value } = placed;
  const url = typeof value === 'string' ? secureUrl(value) : undefined;
  if (url?.search === '') return url.href;
  const problem = 'must be an https URL (http only on loopback) without user, query or fragment';
  problems.add({ setting: path, problem, example: 'https://webexapis.com/v1/authorize' });
  return undefined;
}

function readCisService(members: CredentialMembers, problems: ProblemList): string | undefined {
  const placed = members.get('cisService');
  if (!placed) return undefined;
  const { path, value } = placed;
  if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return value;
  problems.add({ setting: path, problem: 'must be a name without white space', example: 'webex' });
  return undefined;
}
