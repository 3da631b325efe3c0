import { Assembly } from './assembly.js';
import type { HttpSettings } from './assembly-network.js';
import { systemClock, type Clock } from './base/clock.js';
import type { Emitter } from './base/emitter.js';
import type { Fetch } from './base/fetch.js';
import { refuse } from './config/call-options.js';
import { resolveEndpoints, type EndpointOptions } from './config/endpoint-options.js';
import { checkFlag } from './config/flag-setting.js';
import { httpProblems } from './config/http-settings.js';
import { checkNumber } from './config/number-setting.js';
import { functionProblems, partProblems } from './config/part-settings.js';
import { recordOf } from './config/record.js';
import { tlsWarning } from './config/tls-warning.js';
import { readCredentials, type CredentialSettings, type CredentialSources } from './config/webex-options.js';
import type { WebexAuthEvents } from './events.js';
import type { Transport } from './http/transport.js';
import type { WebexEndpoints } from './platform/endpoints.js';
import { KeyRing } from './sealing/key-ring.js';
import type { Store } from './stores/store.js';

/** Whose grant a Webex has that is not told. */
export const DEFAULT_SUBJECT = 'default';

/** What `Webex.init` takes; everything may also come from the environment. */
export interface WebexOptions extends CredentialSources {
  /** Where the grant is kept; by default in memory, sealed with a key of the process. */
  store?: Store | undefined;
  /** Needed with a store that outlives the process. */
  keys?: KeyRing | undefined;
  /** Whose grant it is; `default`. */
  subject?: string | undefined;
  /** A region's name, or addresses of your own; by default from the environment. */
  endpoints?: EndpointOptions | undefined;
  /** Refresh in the background; true. */
  scheduler?: boolean | undefined;
  /** Ask the service catalog while starting; true. Where the API's address is yours, only if the catalog's is too. */
  discovery?: boolean | undefined;
  /** Prove client id and secret to Webex while starting; false. */
  verifyClient?: boolean | undefined;
  /** How often tokens without a known end (bots, personal tokens) are checked at Webex, seconds; 86,400, 0 = never. */
  verifyEvery?: number | undefined;
  /** Proxy, and how calls are repeated. */
  http?: HttpSettings | undefined;
  /** Takes the lines of the debug log, which may be published: no secret, no name and no id is in them. */
  log?: ((line: string) => void) | undefined;
  fetch?: Fetch | undefined;
  transport?: Transport | undefined;
  clock?: Clock | undefined;
}

/** Settings in, checked parts out. */
export function assembleWebex(
  options: WebexOptions | string | undefined,
  webex: () => object,
  before?: { emitter: Emitter<WebexAuthEvents>; transport: () => Promise<Transport> },
): { assembly: Assembly; settings: CredentialSettings } {
  const settings: WebexOptions = typeof options === 'string' ? {} : (options ?? {});
  refuse(partProblems(recordOf(settings) ?? {}));
  const { store, keys, clock = systemClock, subject = DEFAULT_SUBJECT, ...rest } = settings;
  const credentials = readCredentials(options, { env: process.env, now: clock.now() });
  const { client, authorizeUrl, jwtRefreshCallback, guestIssuer, fedramp } = credentials;
  const { cisService, services } = credentials;
  const places = resolveEndpoints(settings.endpoints, process.env, { fedramp });
  const endpoints = withAuthorizeUrl(places, authorizeUrl);
  refuse([
    ...checkNumber('verifyEvery', rest.verifyEvery, { min: 60, orZero: true, unit: 'seconds' }),
    ...httpProblems(rest.http),
    ...functionProblems('', { log: rest.log }),
    ...['scheduler', 'discovery', 'verifyClient'].flatMap((name) =>
      checkFlag(name, rest[name as 'scheduler' | 'discovery' | 'verifyClient']),
    ),
  ]);
  const assembly = new Assembly({
    client,
    store,
    keys: keys ?? (store ? KeyRing.fromEnvironment() : KeyRing.ephemeral()),
    tenant: 'default',
    endpoints,
    scheduler: rest.scheduler ?? true,
    discovery: rest.discovery ?? true,
    discoverFor: subject,
    verifyClient: rest.verifyClient,
    verifyEvery: rest.verifyEvery,
    guestIssuer,
    cisService,
    services,
    jwtRefreshCallback: jwtRefreshCallback && (async () => jwtRefreshCallback(webex())),
    http: rest.http,
    log: rest.log,
    tlsWarning: tlsWarning(rest, process.env),
    fetch: rest.fetch,
    transport: before ? before.transport() : rest.transport,
    clock,
    emitter: before?.emitter,
  });
  return { assembly, settings: credentials };
}

function withAuthorizeUrl(endpoints: WebexEndpoints, authorizeUrl: string | undefined): WebexEndpoints {
  if (authorizeUrl === undefined) return endpoints;
  const { authorizationServer } = endpoints;
  return {
    ...endpoints,
    authorizationServer: { ...authorizationServer, authorizationEndpoint: authorizeUrl },
  };
}
