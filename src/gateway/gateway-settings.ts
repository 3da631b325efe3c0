import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import { isLoopback } from '../base/secure-url.js';
import { checkClient, type ClientOptions } from '../config/client-options.js';
import { resolveEndpoints, type EndpointAddresses } from '../config/endpoint-options.js';
import { clientFromEnvironment, ENVIRONMENT_NAMES } from '../config/environment.js';
import { ConfigurationError, type ConfigurationProblem } from '../errors.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the gateway asks for when WEBEX_SCOPE is not set. */
export const DEFAULT_SCOPE = 'spark:people_read spark:rooms_read';

/** Webex as configured, or the emulator of the demo. */
export type GatewayMode =
  | { readonly kind: 'webex'; readonly client: ClientOptions; readonly endpoints: EndpointAddresses }
  | { readonly kind: 'demo'; readonly emulatorPort: number };

/** The gateway's settings, checked. */
export interface GatewaySettings {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Data directory, absolute. */
  readonly home: string;
  readonly mode: GatewayMode;
}

/**
 * Reads PORT, HOST, WEBEX_AUTH_HOME, WEBEX_AUTH_BEHIND_TLS_PROXY, EMULATOR_PORT, the client's WEBEX_* and the endpoint variables.
 * The demo needs all three: no WEBEX_* variable (even an empty one counts; WEBEX_AUTH_* are not about Webex and do not), a
 * loopback HOST, no NODE_ENV=production. Errors: one `ConfigurationError` with every problem.
 */
export function readGatewaySettings(env: Environment = process.env): GatewaySettings {
  const problems: ConfigurationProblem[] = [];
  const host = env['HOST'] || '127.0.0.1';
  const port = readPort(env, { name: 'PORT', fallback: 8787, problems });
  const emulatorPort = readPort(env, { name: 'EMULATOR_PORT', fallback: 8788, problems });
  const onLoopback = isLoopback(urlHost(host));
  const proxied = isBehindTlsProxy(env, problems);
  if (!/^[\w.:-]+$/.test(host)) {
    problems.push({ setting: 'HOST', problem: 'must be an address or name of this machine' });
  } else if (!onLoopback && !proxied) {
    problems.push({
      setting: 'HOST',
      problem:
        'is not loopback, and the gateway speaks plain http: put a TLS proxy in front and say so with --behind-tls-proxy or WEBEX_AUTH_BEHIND_TLS_PROXY=1',
    });
  }
  const isDemo = onLoopback && env['NODE_ENV'] !== 'production' && webexSettings(env).length === 0;
  const mode: GatewayMode = isDemo
    ? { kind: 'demo', emulatorPort }
    : { kind: 'webex', ...readWebex(env, { port, onLoopback, proxied, problems }) };
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { host, port, home: dataHome(env), mode };
}

/** How a host stands in a URL: IPv6 in brackets. */
export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** The data directory: WEBEX_AUTH_HOME, else `webex-auth` below XDG_DATA_HOME or ~/.local/share (on Windows LOCALAPPDATA). */
export function dataHome(env: Environment = process.env): string {
  if (env['WEBEX_AUTH_HOME']) return resolve(env['WEBEX_AUTH_HOME']);
  const base = process.platform === 'win32' ? env['LOCALAPPDATA'] : env['XDG_DATA_HOME'];
  // The XDG base directory specification has relative paths ignored.
  return join(base && isAbsolute(base) ? base : join(homedir(), '.local', 'share'), 'webex-auth');
}

function webexSettings(env: Environment): [string, string][] {
  return Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && entry[0].startsWith('WEBEX_') && !entry[0].startsWith('WEBEX_AUTH_'),
  );
}

interface Surroundings {
  port: number;
  onLoopback: boolean;
  proxied: boolean;
  problems: ConfigurationProblem[];
}

function readWebex(
  env: Environment,
  { port, onLoopback, proxied, problems }: Surroundings,
): { client: ClientOptions; endpoints: EndpointAddresses } {
  const found = clientFromEnvironment(Object.fromEntries(webexSettings(env)));
  const client = { clientId: '', clientSecret: '', scope: DEFAULT_SCOPE, ...found };
  collect(problems, () => checkClient(client, ENVIRONMENT_NAMES));
  const endpoints = collect(problems, () => resolveEndpoints(undefined, { ...env }));
  const { redirectUri } = client;
  const example = 'https://app.example.com/auth/callback';
  if (redirectUri === undefined && !onLoopback) {
    const problem = 'is missing: with a HOST that is not loopback the gateway cannot know its public address';
    problems.push({ setting: 'WEBEX_REDIRECT_URI', problem, example });
  }
  const address = redirectUri !== undefined && URL.canParse(redirectUri) ? new URL(redirectUri) : undefined;
  if (address?.protocol === 'http:' && !proxied && Number(address.port || 80) !== port) {
    const problem = `names another port than the gateway listens on (${port}): make PORT the same`;
    problems.push({ setting: 'WEBEX_REDIRECT_URI', problem });
  }
  if (address && OWN_PATHS.test(address.pathname)) {
    const problem = 'has a path that the gateway needs for its own page';
    problems.push({ setting: 'WEBEX_REDIRECT_URI', problem, example });
  }
  if (!endpoints) return { client, endpoints: {} };
  const { apiBase, allowedOrigins, authorizationServer, idTokenIssuers } = endpoints;
  return { client, endpoints: { apiBase, allowedOrigins, idTokenIssuers, ...authorizationServer } };
}

const OWN_PATHS = /^\/(|grant|grant\/.*|healthz|readyz)$/;

function isBehindTlsProxy(env: Environment, problems: ConfigurationProblem[]): boolean {
  const value = env['WEBEX_AUTH_BEHIND_TLS_PROXY'] || '0';
  if (!['0', '1', 'true', 'false'].includes(value)) {
    problems.push({ setting: 'WEBEX_AUTH_BEHIND_TLS_PROXY', problem: 'must be 1 or 0' });
  }
  return value === '1' || value === 'true';
}

function readPort(
  env: Environment,
  { name, fallback, problems }: { name: string; fallback: number; problems: ConfigurationProblem[] },
): number {
  const text = env[name] || String(fallback);
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  problems.push({ setting: name, problem: 'must be a port number, 0 to 65535', example: String(fallback) });
  return fallback;
}

function collect<Value>(problems: ConfigurationProblem[], read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
