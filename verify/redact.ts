import { kindOfText, placeholderOf } from './describe-value.js';
import type { KnownSecrets } from './known-secrets.js';

/** Fields that are secrets, and what they are called in placeholders. */
const SECRET_FIELDS: Readonly<Record<string, string>> = {
  access_token: 'access token',
  accessToken: 'access token',
  refresh_token: 'refresh token',
  id_token: 'ID token',
  token: 'token',
  code: 'code',
  code_verifier: 'code verifier',
  code_challenge: 'code challenge',
  client_id: 'client id',
  clientId: 'client id',
  client_secret: 'client secret',
  clientSecret: 'client secret',
  device_code: 'device code',
  user_code: 'user code',
  state: 'state',
  nonce: 'nonce',
  redirect_uri: 'redirect URI',
  targetOrgId: 'organisation',
};

/** Fields whose text is protocol and nobody's data: kept, with all that looks like data taken out of them. */
const PROTOCOL_FIELDS = new Set(
  `error error_description error_uri message description key reason token_type type user_type scope grant_type
  token_type_hint response_type trackingId verification_uri alg kty use e issuer jwks_uri format serviceName`.split(
    /\s+/,
  ),
);
const PROTOCOL_ENDINGS = /(_endpoint|_supported)$/;
const MOST_ITEMS = 5;
const MOST_FIELDS = 60;
const DEEPEST = 8;

/** What the secret in a field of that name is called; undefined for a field that holds none. */
export function secretKind(field: string): string | undefined {
  return Object.hasOwn(SECRET_FIELDS, field) ? SECRET_FIELDS[field] : undefined;
}

/** What redaction needs to know. */
export interface Redaction {
  readonly secrets: KnownSecrets;
  /** An answer to a request that named nobody, such as a discovery document: its texts may stay. */
  readonly isPublic?: boolean;
}

/** A JSON body with nothing secret or personal left: tokens and texts as placeholders, lifetimes as they are, long lists cut. */
export function redactBody(body: unknown, redaction: Redaction): unknown {
  return redactValue(body, { redaction, field: '', depth: 0 });
}

/** Text with what looks like a secret, an id, an address or a name of somebody's taken out. */
export function redactText(text: string, secrets: KnownSecrets): string {
  return secrets
    .replaceIn(text)
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, '<JWT>')
    .replace(/[^\s"'<>(),;:]+@[^\s"'<>(),;:]+/g, '<email address>')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '<UUID>')
    .replace(/[\w+=~-]{16,}/g, (run) => (looksGenerated(run) ? `<${String(run.length)} characters>` : run))
    .slice(0, 500);
}

// Words such as authorization_pending are long as well, but they have no digits, and no capital in their middle.
function looksGenerated(run: string): boolean {
  return /\d/.test(run) || /[a-z][A-Z]/.test(run) || run.length > 64;
}

interface Place {
  redaction: Redaction;
  field: string;
  depth: number;
}

function redactValue(value: unknown, place: Place): unknown {
  if (typeof value === 'string') return redactString(value, place);
  if (typeof value === 'number') return redactNumber(value, place);
  if (typeof value !== 'object' || value === null) return value;
  if (place.depth >= DEEPEST) return '<deeper>';
  const deeper = { ...place, depth: place.depth + 1 };
  if (Array.isArray(value)) {
    const kept = value.slice(0, MOST_ITEMS).map((one) => redactValue(one, deeper));
    const left = value.length - kept.length;
    // Lists of protocol words are short and wanted whole.
    if (isProtocol(place.field)) return value.slice(0, MOST_FIELDS).map((one) => redactValue(one, deeper));
    return left > 0 ? [...kept, `<${String(left)} more>`] : kept;
  }
  return redactObject(value, deeper);
}

function redactObject(value: object, { redaction, depth }: Place): object {
  const entries = Object.entries(value);
  const kept = entries
    .slice(0, MOST_FIELDS)
    .map(([field, inner]) => [
      redactText(field, redaction.secrets),
      redactValue(inner, { redaction, field, depth }),
    ]);
  const left = entries.length - kept.length;
  return Object.fromEntries(left > 0 ? [...kept, ['…', `<${String(left)} more>`]] : kept) as object;
}

function redactString(text: string, { redaction: { secrets, isPublic = false }, field }: Place): string {
  // In a body `code` is an error's; the code of a grant travels in addresses and forms only.
  const kind = secrets.labelOf(text) ?? (field === 'code' ? undefined : secretKind(field));
  if (kind !== undefined) return placeholderOf(text, kind);
  if (isPublic || isProtocol(field) || field === 'code') return redactText(text, secrets);
  return placeholderOf(text, kindOfText(text));
}

// Lifetimes, intervals, statuses and instants; a number of another field may be somebody's.
function redactNumber(value: number, { redaction, field }: Place): number | string {
  const isTelling = /expir|^exp$|^iat$|^auth_time$|interval|^ttl$|^priority$|^code$|^status$/i.test(field);
  return isTelling || redaction.isPublic ? value : '<number>';
}

function isProtocol(field: string): boolean {
  return PROTOCOL_FIELDS.has(field) || PROTOCOL_ENDINGS.test(field);
}
