import type { CredentialSources, CredentialsOptions, WebexConfig } from './credential-shapes.js';
import { recordOf } from './record.js';
import { TOKEN_SETTINGS } from './setting-names.js';

const IN_STRING = ['client_id', 'redirect_uri', 'scope', 'authorizeUrl'];
const TOKEN_PLACES = ['supertoken', 'authorization', ...TOKEN_SETTINGS];

/**
 * Options with a change of their configuration on top: `credentials` member by member, every other section whole; `undefined` changes
 * nothing. What belongs together stays together: a new token drops what was said of the old one, another client the old one's secret,
 * a new authorization string what it says itself. Changes neither argument; what the configuration holds is copied.
 */
export function mergeConfig<Options extends CredentialSources>(
  previous: Options | string | undefined,
  change: WebexConfig,
): Options {
  const options: CredentialSources =
    typeof previous === 'string' ? { access_token: previous } : { ...previous };
  const { credentials: _merged, ...sections } = { ...options.config, ...defined(change) };
  const before = { ...credentialsOf(options.config), ...credentialsOf(options) };
  const given = credentialsOf(change) ?? {};
  const outside = hasToken(given) ? without(options, TOKEN_PLACES) : options;
  const credentials = { ...keptOf(before, given), ...given };
  const own = Object.keys(credentials).length > 0 ? { credentials } : {};
  const { supertoken, authorization, endpoints } = { endpoints: undefined, ...outside };
  // Stores, keys and functions stay the same ones.
  const copied = copyOf(
    defined({ supertoken, authorization, endpoints, ...own, config: sections }),
  ) as object;
  return { ...without(outside, ['credentials', 'config']), ...copied } as Options;
}

/** Whether a change of the configuration brings a token. */
export function givesToken(change: WebexConfig): boolean {
  return hasToken(credentialsOf(change) ?? {});
}

function keptOf(before: CredentialsOptions, change: CredentialsOptions): CredentialsOptions {
  const oldClient = clientIdOf(before);
  const client = clientIdOf(change);
  const dropped: string[] = [];
  // Beside a client, `scope` is the client's.
  if (hasToken(change))
    dropped.push(...TOKEN_PLACES.filter((name) => name !== 'scope' || oldClient === undefined));
  if (change.authorizationString !== undefined) dropped.push(...IN_STRING);
  if (client !== undefined && client !== oldClient) dropped.push('client_secret', 'authorizationString');
  return without(before, dropped);
}

function hasToken(credentials: CredentialsOptions): boolean {
  return (credentials.access_token ?? credentials.supertoken ?? credentials.authorization) !== undefined;
}

function credentialsOf(config: { credentials?: unknown } | undefined): CredentialsOptions | undefined {
  const credentials = config?.credentials;
  if (typeof credentials === 'string') return { access_token: credentials };
  return recordOf(credentials) && defined(credentials as CredentialsOptions);
}

function clientIdOf({ client_id, authorizationString }: CredentialsOptions): string | undefined {
  if (client_id !== undefined) return client_id;
  const isUrl = typeof authorizationString === 'string' && URL.canParse(authorizationString);
  return isUrl ? (new URL(authorizationString).searchParams.get('client_id') ?? undefined) : undefined;
}

function without<Value extends object>(value: Value, names: readonly string[]): Partial<Value> {
  return Object.fromEntries(
    Object.entries(value).filter(([name]) => !names.includes(name)),
  ) as Partial<Value>;
}

function defined<Value extends object>(value: Value): Partial<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Partial<Value>;
}

// Plain objects and lists are copied; anything else an application put there is its own. A circle stays one.
function copyOf(value: unknown, copies = new Map<unknown, unknown>()): unknown {
  const isPlain =
    recordOf(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object);
  if (!isPlain && !Array.isArray(value)) return value;
  if (copies.has(value)) return copies.get(value);
  const copy: unknown = Array.isArray(value) ? [] : {};
  copies.set(value, copy);
  for (const [name, member] of Object.entries(value as object)) {
    const writable = { value: copyOf(member, copies), writable: true, enumerable: true, configurable: true };
    // Defined, not assigned: a member called __proto__ is a member.
    Object.defineProperty(copy, name, writable);
  }
  return copy;
}
