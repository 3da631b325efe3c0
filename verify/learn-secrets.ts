import type { RawAnswer, RawRequest } from './exchange.js';
import { parseObject } from './exchange.js';
import type { KnownSecrets } from './known-secrets.js';
import { secretKind } from './redact.js';

/** Fields that say who somebody is. */
const PERSONAL = new Set(
  `id emails displayName nickName firstName lastName userName avatar orgId phoneNumbers sub name given_name family_name
  email user_id org_id user_name userId realm cis_uuid uid subject username orgid userid`.split(/\s+/),
);

/** Notes what a request carries: credentials of every kind. */
export function learnFromRequest({ url, headers, body }: RawRequest, secrets: KnownSecrets): void {
  const { searchParams } = new URL(url);
  const authorization = /^(\w+ )?(.+)$/.exec(headers['authorization'] ?? '');
  secrets.learn(authorization?.[2], authorization?.[1] === 'Basic ' ? 'client credentials' : 'token');
  learnForm(searchParams, secrets);
  const json = parseObject(body ?? '');
  if (json) learnFields(json, secrets);
  else learnForm(new URLSearchParams(body ?? ''), secrets);
}

/** Notes what an answer carries: tokens and codes, and who is who. */
export function learnFromAnswer({ status, headers, body }: RawAnswer, secrets: KnownSecrets): void {
  for (const cookie of headers.getSetCookie()) {
    secrets.learn(/^[^=]+=([^;]+)/.exec(cookie)?.[1], 'cookie');
  }
  if (body && status < 300) learnFields(body, secrets);
  const location = headers.get('location');
  if (location !== null && URL.canParse(location)) {
    const { search, hash } = new URL(location);
    for (const text of [search.slice(1), hash.slice(1)]) learnForm(new URLSearchParams(text), secrets);
  }
}

function learnForm(form: URLSearchParams, secrets: KnownSecrets): void {
  for (const [name, value] of form) {
    const kind = name === 'redirect_uri' ? undefined : secretKind(name);
    if (kind !== undefined) secrets.learn(value, kind);
  }
}

function learnFields(body: Readonly<Record<string, unknown>>, secrets: KnownSecrets): void {
  for (const [name, value] of Object.entries(body)) {
    const kind = name === 'code' ? undefined : secretKind(name);
    if (kind !== undefined) secrets.learn(value, kind);
    else if (PERSONAL.has(name)) learnTexts(value, secrets);
  }
}

function learnTexts(value: unknown, secrets: KnownSecrets): void {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value) as unknown[]) learnTexts(inner, secrets);
  } else secrets.learn(value, 'of a person');
}
