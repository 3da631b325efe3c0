import { isLoopback } from '../base/secure-url.js';
import { ConfigurationError } from '../errors.js';

/** An HTTP proxy, its credentials apart: they never stand in an address that could be printed. */
export interface Proxy {
  /** Scheme, host and port. */
  readonly uri: string;
  /** Value of `Proxy-Authorization`, when the address named someone. */
  readonly token: string | undefined;
}

/** Where the choice comes from. */
export interface ProxyChoiceOptions {
  /** For every origin; `false` = none; left out = as the environment says. */
  proxy?: string | false | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

/**
 * Which proxy leads to an origin, if any: an option, or HTTPS_PROXY, HTTP_PROXY and NO_PROXY, of which the lower-case
 * form wins. This machine is never reached through one. `ConfigurationError` for an address that is none.
 */
export class ProxyChoice {
  readonly #https: Proxy | undefined;
  readonly #http: Proxy | undefined;
  readonly #exempt: readonly string[];

  constructor({ proxy, env = process.env }: ProxyChoiceOptions) {
    const given = proxy === undefined ? undefined : readProxy('proxy', proxy || undefined);
    // In a CGI process HTTP_PROXY is what a visitor wrote into a `Proxy` header.
    const httpName = env['REQUEST_METHOD'] === undefined ? 'HTTP_PROXY' : undefined;
    this.#http = proxy === undefined ? fromEnvironment(env, 'http_proxy', httpName) : given;
    this.#https =
      proxy === undefined ? (fromEnvironment(env, 'https_proxy', 'HTTPS_PROXY') ?? this.#http) : given;
    const exempt = proxy === undefined ? (env['no_proxy'] ?? env['NO_PROXY'] ?? '') : '';
    this.#exempt = exempt
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean);
  }

  /** Whether any origin is reached through a proxy at all. */
  get isEmpty(): boolean {
    return this.#http === undefined && this.#https === undefined;
  }

  /** The proxy for an origin; undefined = straight. */
  of(origin: string): Proxy | undefined {
    const { protocol, hostname, port } = new URL(origin);
    if (isLoopback(hostname)) return undefined;
    const authority = `${hostname}:${port || (protocol === 'http:' ? '80' : '443')}`;
    if (this.#exempt.some((entry) => matches(entry, hostname, authority))) return undefined;
    return protocol === 'http:' ? this.#http : this.#https;
  }
}

// `*`, `host`, `.host`, `*.host`, each with or without a port; a name stands for what lies below it too, as with curl.
function matches(entry: string, hostname: string, authority: string): boolean {
  if (entry === '*') return true;
  const name = entry.replace(/^\*?\./, '');
  const subject = /:\d+$/.test(name) && !name.endsWith(']') ? authority : hostname;
  return subject === name || subject === `[${name}]` || subject.endsWith(`.${name}`);
}

function fromEnvironment(
  env: NodeJS.ProcessEnv,
  ...names: readonly (string | undefined)[]
): Proxy | undefined {
  const name = names.find((one) => one !== undefined && env[one]);
  return name === undefined ? undefined : readProxy(name, env[name]);
}

function readProxy(setting: string, address: string | undefined): Proxy | undefined {
  if (address === undefined) return undefined;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `http://${address}`;
  if (URL.canParse(text)) {
    const { protocol, origin, username, password } = new URL(text);
    const token = basic(username, password);
    if ((protocol === 'http:' || protocol === 'https:') && token !== false) return { uri: origin, token };
  }
  // The address is not repeated: it may hold a password.
  throw new ConfigurationError([
    { setting, problem: 'must be the http or https URL of a proxy', example: 'http://proxy.example:3128' },
  ]);
}

function basic(username: string, password: string): string | undefined | false {
  if (username === '' && password === '') return undefined;
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  } catch {
    return false;
  }
}
