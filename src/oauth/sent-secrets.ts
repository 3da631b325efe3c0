import type { FetchInit } from '../base/fetch.js';

// What a request may say in the open, and what a server says again in a good answer.
const PUBLIC = new Set([
  'client_id',
  'clientId',
  'displayName',
  'grant_type',
  'redirect_uri',
  'scope',
  'self_contained_token',
  'subject',
  'targetOrgId',
  'token_type_hint',
]);
// They are kept as secrets, and the same one may come back (RFC 6749, 6). The type is judged, and never shown: left out, it would
// pass for Bearer.
const TOKENS = new Set([
  'access_token',
  'refresh_token',
  'id_token',
  'device_code',
  'token',
  'accessToken',
  'token_type',
]);
// Webex's opaque tokens end with cluster and organisation, which addresses and ids name too (webex-facts 7).
const PUBLIC_END = /_[A-Z0-9]+_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
// The deepest that is read is 4 levels down, in a service catalog.
const DEEPEST = 8;
// Only its signature makes a JWT a credential; its claims name person and organisation, in base64 as public ids do (webex-facts 7).
const JWT = /^[\w-]+\.[\w-]+\.([\w-]+)$/;
const WINDOW = 16;
const BLOCK = WINDOW / 2;
const MOST_GLANCES = 200;
// No token is longer (token-answer.ts); the windows of a megabyte take 60 of them.
const LONGEST = 16 * 1024;

/**
 * An answer in JSON without the names and texts that hold 16 characters of a secret: of the request, or of the answer itself. Some
 * servers echo what they are given, and scopes, names and addresses are shown to people. The tokens stay; deeper than 8 levels nothing
 * does.
 */
export function withoutEchoes(
  body: Readonly<Record<string, unknown>>,
  sent: FetchInit,
): Readonly<Record<string, unknown>> {
  const members = Object.entries(body);
  const issued = members.filter(([name]) => TOKENS.has(name));
  const rest = members.filter(([name]) => !TOKENS.has(name));
  const secrets = new Secrets([...secretsOf(sent), ...issued.map(([, value]) => value)]);
  const shown = cleaned(Object.fromEntries(rest), secrets, 0) as object;
  return Object.fromEntries([...issued, ...Object.entries(shown)]);
}

function cleaned(value: unknown, secrets: Secrets, depth: number): unknown {
  if (typeof value === 'string') return secrets.isIn(value) ? undefined : value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEEPEST) return undefined;
  if (Array.isArray(value)) return value.map((one) => cleaned(one, secrets, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !secrets.isIn(name))
      .map(([name, one]) => [name, cleaned(one, secrets, depth + 1)]),
  );
}

class Secrets {
  readonly #texts: readonly string[];
  #windows: ReadonlySet<string> | undefined;
  #glances = MOST_GLANCES;

  constructor(texts: readonly unknown[]) {
    this.#texts = texts.map((text) => (typeof text === 'string' ? secretPartOf(text.slice(0, LONGEST)) : ''));
  }

  isIn(text: string): boolean {
    if (text.length < WINDOW || !this.#mayBeIn(text)) return false;
    this.#windows ??= windowsOf(this.#texts);
    for (let at = 0; at + WINDOW <= text.length; at++)
      if (this.#windows.has(text.slice(at, at + WINDOW))) return true;
    return false;
  }

  // Any window covers a whole block: a good answer, with a few short texts, costs no windows at all.
  #mayBeIn(text: string): boolean {
    for (let at = 0; at + BLOCK <= text.length; at += BLOCK) {
      if (this.#glances-- <= 0) return true;
      const block = text.slice(at, at + BLOCK);
      if (this.#texts.some((secret) => secret.includes(block))) return true;
    }
    return false;
  }
}

function secretPartOf(text: string): string {
  const { 1: signature } = JWT.exec(text) ?? [];
  return signature ?? text.replace(PUBLIC_END, '');
}

function windowsOf(texts: readonly string[]): ReadonlySet<string> {
  const windows = new Set<string>();
  for (const text of texts)
    for (let at = 0; at + WINDOW <= text.length; at++) windows.add(text.slice(at, at + WINDOW));
  return windows;
}

// The bearer, what Basic says, and the members of the form or JSON.
function secretsOf({ headers, body }: FetchInit): readonly unknown[] {
  const [scheme = '', credentials = ''] = (headers['authorization'] ?? '').split(' ');
  const isBasic = scheme.toLowerCase() === 'basic';
  const password = isBasic
    ? Buffer.from(credentials, 'base64')
        .toString()
        .replace(/^[^:]*:/, '')
    : '';
  const fields = typeof body === 'string' ? fieldsOf(body) : [];
  const inBody = fields.filter(([name]) => !PUBLIC.has(name)).map(([, value]) => value);
  return [credentials, password, decoded(password), ...inBody];
}

function fieldsOf(body: string): readonly (readonly [string, unknown])[] {
  if (!body.startsWith('{')) return [...new URLSearchParams(body)];
  return Object.entries(JSON.parse(body) as Record<string, unknown>);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
