import { ConfigurationError } from '../errors.js';
import type { ResponseHeaders } from './transport.js';

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
// Ours to set, or the connection's (RFC 9110, 7.6.1): a caller's would change who is asked, as whom, or where a body ends.
const RESERVED = new Set(
  'authorization host content-length connection keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade expect'.split(
    ' ',
  ),
);

/** Headers as callers give them. */
export type HeadersInput =
  Headers | readonly (readonly [string, string])[] | Readonly<Record<string, string | undefined>>;

/** Lower-case names and checked values; `ConfigurationError` for reserved names and for what cannot be a header. */
export function headerFields(input: HeadersInput | undefined): Record<string, string> {
  const fields: Record<string, string> = {};
  if (!input) return fields;
  if (typeof input !== 'object')
    throw refused('headers', 'must be an object of names and values, pairs of them, or Headers');
  const pairs = Symbol.iterator in input ? input : Object.entries(input);
  for (const [name, given] of pairs as Iterable<readonly [string, unknown]>) {
    if (given === undefined || given === null) continue;
    const value = typeof given === 'number' ? String(given) : given;
    const field = name.toLowerCase();
    if (!NAME.test(field)) throw refused('headers', 'a name holds characters that no header name may hold');
    if (RESERVED.has(field)) throw refused(`headers.${field}`, 'is set by the client and cannot be given');
    if (typeof value !== 'string' || !VALUE.test(value))
      throw refused(`headers.${field}`, 'must be text without line breaks and characters beyond Latin-1');
    fields[field] = value;
  }
  return fields;
}

/** One response field as a string; repeated fields are joined (RFC 9110, 5.3). */
export function headerValue(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

function refused(setting: string, problem: string): ConfigurationError {
  return new ConfigurationError([{ setting, problem }]);
}
