import type { AssemblyOptions } from './assembly.js';
import type { HttpSettings } from './assembly-network.js';
import type { ServiceAppSettings } from './assembly-renewal.js';
import type { Clock } from './base/clock.js';
import type { Fetch } from './base/fetch.js';
import { refuse } from './config/call-options.js';
import type { ClientOptions } from './config/client-options.js';
import type { EndpointOptions } from './config/endpoint-options.js';
import { checkFlag } from './config/flag-setting.js';
import { guestIssuerProblems } from './config/guest-issuer.js';
import { httpProblems } from './config/http-settings.js';
import { checkNumber } from './config/number-setting.js';
import { functionProblems, partProblems } from './config/part-settings.js';
import { recordOf } from './config/record.js';
import { serviceAppProblems } from './config/service-app-settings.js';
import { CLIENT_SETTINGS } from './config/setting-names.js';
import { assertKnownSettings } from './config/unknown-settings.js';
import type { Transport } from './http/transport.js';
import type { KeyRing } from './sealing/key-ring.js';
import type { Store } from './stores/store.js';
import type { LoginHandlerOptions } from './web/login-handler-options.js';

/** How people sign in: whose grant it becomes, and what the application does about it. */
export type LoginSettings = Partial<
  Pick<LoginHandlerOptions, 'subject' | 'starter' | 'custom' | 'onLogin' | 'onError'>
> & {
  /** How long a person may take, seconds; 600. */
  lifetime?: number | undefined;
};

/** What `WebexAuth.open` takes. */
export interface WebexAuthOptions {
  client: ClientOptions;
  /** Where grants are kept: `sqliteStore`, `memoryStore`. */
  store: Store;
  /** What seals them. */
  keys: KeyRing;
  /** Keeps several customers apart in one store; `default`. */
  tenant?: string | undefined;
  login?: LoginSettings | undefined;
  /** A region's name, or addresses of your own; by default from the environment. */
  endpoints?: EndpointOptions | undefined;
  /** Refresh due grants in the background; true. */
  scheduler?: boolean | undefined;
  /** How old an answer from the cache may be, seconds; 1. */
  maxStaleness?: number | undefined;
  /** How often tokens without a known end (bots, personal tokens) are checked at Webex, seconds; 86,400, 0 = never. */
  verifyEvery?: number | undefined;
  /** Issues guests' JWTs; the secret as Webex gives it, base64 (webex-facts 5.1). */
  guestIssuer?: { issuer: string; secret: string } | undefined;
  /** How tokens of service apps are had (webex-facts 6.2). */
  serviceApp?: ServiceAppSettings | undefined;
  /** Ask the service catalog while starting; false: the public API needs none (webex-facts 1.5). */
  discovery?: boolean | undefined;
  /** Prove client id and secret to Webex while starting; false. */
  verifyClient?: boolean | undefined;
  /** Proxy, and how calls are repeated. */
  http?: HttpSettings | undefined;
  /** Takes the lines of the debug log, which may be published: no secret, no name and no id is in them. */
  log?: ((line: string) => void) | undefined;
  /** Memory for opened grants, bytes; 32 MiB. */
  cacheBytes?: number | undefined;
  fetch?: Fetch | undefined;
  transport?: Transport | undefined;
  clock?: Clock | undefined;
  /** Called at the named points of a refresh; for tests that stop a process there. */
  trace?: AssemblyOptions['trace'];
}

/** Where people sign in again: beside the callback, where the login handler is mounted. */
export function reconnectUrlOf(redirectUri: string | undefined): string | undefined {
  return redirectUri !== undefined && URL.canParse(redirectUri)
    ? new URL('reconnect', redirectUri).href
    : undefined;
}

const SETTINGS: readonly (keyof WebexAuthOptions)[] = [
  'client',
  'store',
  'keys',
  'tenant',
  'login',
  'endpoints',
  'scheduler',
  'maxStaleness',
  'cacheBytes',
  'verifyEvery',
  'guestIssuer',
  'serviceApp',
  'discovery',
  'verifyClient',
  'http',
  'log',
  'fetch',
  'transport',
  'clock',
  'trace',
];
const LOGIN_SETTINGS: readonly (keyof LoginSettings)[] = [
  'subject',
  'starter',
  'custom',
  'onLogin',
  'onError',
  'lifetime',
];

/** Refuses options that are unknown or wrong; lists them all. Errors: `ConfigurationError`. */
export function checkOptions(options: WebexAuthOptions): void {
  assertKnownSettings(options, { path: '', known: SETTINGS });
  const { client, login = {}, tenant, serviceApp, guestIssuer } = options;
  assertKnownSettings(login, { path: 'login', known: LOGIN_SETTINGS });
  if (recordOf(client)) assertKnownSettings(client, { path: 'client', known: CLIENT_SETTINGS });
  const { lifetime, ...hooks } = login;
  refuse([
    ...partProblems(options, { required: ['store', 'keys'] }),
    ...functionProblems('', { log: options.log, trace: options.trace }),
    ...functionProblems('login', hooks),
    ...(tenant === undefined || isName(tenant) ? [] : [{ setting: 'tenant', problem: 'must be a name' }]),
    ...serviceAppProblems('serviceApp', serviceApp),
    ...guestIssuerProblems('guestIssuer', guestIssuer),
    ...httpProblems(options.http),
    ...checkNumber('maxStaleness', options.maxStaleness, { unit: 'seconds' }),
    ...checkNumber('cacheBytes', options.cacheBytes, { unit: 'bytes' }),
    ...checkNumber('verifyEvery', options.verifyEvery, { min: 60, orZero: true, unit: 'seconds' }),
    ...checkNumber('login.lifetime', lifetime, { min: 1, max: 86_400, unit: 'seconds' }),
    ...checkFlag('scheduler', options.scheduler),
    ...checkFlag('discovery', options.discovery),
    ...checkFlag('verifyClient', options.verifyClient),
  ]);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
