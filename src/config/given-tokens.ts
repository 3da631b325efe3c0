import { bearerOf } from './bearer.js';
import { scopeList } from './client-options.js';
import { isScopeOfToken, type Placed } from './credential-members.js';
import type { TokenSettings } from './credential-shapes.js';
import type { ProblemList } from './problem-list.js';
import { recordOf } from './record.js';
import { TOKEN_SETTINGS } from './setting-names.js';
import { TOKEN_DETAILS, type TokenDetail } from './token-details.js';
import { joined } from './unknown-settings.js';

/** Tokens that were given at the start. Instants are milliseconds since the epoch. */
export interface GivenTokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly expiresAt: number | undefined;
  readonly refreshTokenExpiresAt: number | undefined;
  /** What the access token may do; undefined = not said. */
  readonly scope: readonly string[] | undefined;
}

const TOKEN_EXAMPLE = 'NjE0ZTk2…_PF84_1eb65fdf…, with or without Bearer in front';

/** What was found: access tokens, and what was said about them. */
interface Findings {
  readonly tokens: Placed[];
  readonly details: Map<TokenDetail, Placed[]>;
}

/** Where a token may sit below an object of that name: the places of Webex's own SDK. */
const NESTED: Readonly<Record<string, readonly string[]>> = {
  init: ['supertoken', 'authorization', 'credentials'],
  credentials: ['supertoken', 'authorization'],
  authorization: ['supertoken'],
  supertoken: [],
};

/** Where tokens are looked for, and what they are read against. */
export interface GivenTokenSources {
  /** The options of `Webex.init`, or a bare token. */
  source: unknown;
  /** The token of the environment; counts when the options hold none. */
  fromEnvironment?: string | undefined;
  /** When lifetimes began, milliseconds since the epoch. */
  now: number;
}

/**
 * Finds the token in whatever shape it was given, with what was said about it. Two different ones are a problem, as are lifetimes
 * that no token has; problems name the path and never the value.
 */
export function readGivenTokens(
  { source, fromEnvironment, now }: GivenTokenSources,
  problems: ProblemList,
): GivenTokens | undefined {
  const found: Findings = { tokens: [], details: new Map() };
  if (typeof source === 'string') found.tokens.push({ path: 'Webex.init(token)', value: source });
  else walk({ path: '', value: source, name: 'init' }, found, problems);
  const config = recordOf(recordOf(source)?.['config']);
  walk({ path: 'config.credentials', value: config?.['credentials'], name: 'credentials' }, found, problems);
  if (found.tokens.length === 0 && fromEnvironment !== undefined)
    found.tokens.push({ path: 'WEBEX_ACCESS_TOKEN', value: fromEnvironment });
  const accessToken = oneToken(found.tokens, problems);
  const details = readDetails(found, problems);
  if (accessToken === undefined) return undefined;
  const { refresh_token, expires, expires_in, refresh_token_expires, refresh_token_expires_in } = details;
  return {
    accessToken,
    refreshToken: refresh_token as string | undefined,
    expiresAt: instant(expires, expires_in, now),
    refreshTokenExpiresAt: instant(refresh_token_expires, refresh_token_expires_in, now),
    scope: details.scope === undefined ? undefined : scopeList(details.scope as TokenSettings['scope']),
  };
}

function walk(
  { path, value, name }: Placed & { name: string },
  found: Findings,
  problems: ProblemList,
): void {
  if (value === undefined) return;
  if (typeof value === 'string') return void found.tokens.push({ path, value });
  const holder = recordOf(value);
  if (!holder) {
    const problem = 'must be a token, or an object that holds one';
    return problems.add({ setting: path || 'options', problem, example: TOKEN_EXAMPLE });
  }
  for (const setting of TOKEN_SETTINGS) {
    const placed = { path: joined(path, setting), value: holder[setting] };
    if (placed.value === undefined) continue;
    if (setting === 'access_token') found.tokens.push(placed);
    else if (setting !== 'scope' || name !== 'credentials' || isScopeOfToken(holder))
      found.details.set(setting, [...(found.details.get(setting) ?? []), placed]);
  }
  for (const inner of NESTED[name] ?? [])
    walk({ path: joined(path, inner), value: holder[inner], name: inner }, found, problems);
  const places = ['access_token', ...(NESTED[name] ?? [])];
  const mustHold = name === 'supertoken' || name === 'authorization';
  if (mustHold && places.every((place) => holder[place] === undefined))
    problems.add({ setting: joined(path, 'access_token'), problem: 'is missing', example: TOKEN_EXAMPLE });
}

function oneToken(tokens: readonly Placed[], problems: ProblemList): string | undefined {
  let first: { path: string; token: string } | undefined;
  for (const { path, value } of tokens) {
    const token = bearerOf(value);
    if (token === undefined) {
      const problem =
        typeof value === 'string'
          ? 'is no bearer token (RFC 6750, 2.1): empty, too long, or with characters that cannot be sent'
          : 'must be a string';
      problems.add({ setting: path, problem, example: TOKEN_EXAMPLE });
    } else if (first && first.token !== token) {
      problems.add({ setting: path, problem: `is another token than ${first.path}: give one of them` });
    } else {
      first ??= { path, token };
    }
  }
  return first?.token;
}

function readDetails(
  { tokens, details }: Findings,
  problems: ProblemList,
): Partial<Record<TokenDetail, unknown>> {
  const read: Partial<Record<TokenDetail, unknown>> = {};
  for (const [name, places] of details) {
    const { problem, example } = TOKEN_DETAILS[name];
    const good = places.filter(({ path, value }) => {
      const wrong = tokens.length === 0 ? 'is given without an access_token' : problem(value);
      if (wrong !== undefined) problems.add({ setting: path, problem: wrong, example });
      return wrong === undefined;
    });
    const [first, ...others] = good;
    for (const { path, value } of others) {
      if (first === undefined || JSON.stringify(value) === JSON.stringify(first.value)) continue;
      problems.add({ setting: path, problem: `says otherwise than ${first.path}: give one of them` });
    }
    if (first) read[name] = first.value;
  }
  return read;
}

function instant(at: unknown, lifetime: unknown, now: number): number | undefined {
  if (typeof at === 'number') return Math.floor(at);
  return typeof lifetime === 'number' ? now + Math.floor(lifetime) * 1_000 : undefined;
}
