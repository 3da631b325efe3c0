import type { RawAnswer } from './answers.js';

const CAP = 1024 * 1024;

/** What docs/http-client.md says of an answer of the token endpoint, read once more and by other means than the library's. */
export interface Reading {
  /** It refuses the refresh token that was presented (outcomeOf: verdict). */
  verdict: boolean;
  /** It makes a token set. */
  accepted: boolean;
  /** The same of a refresh, where both tokens are as good: there a type that is no text costs nothing. */
  keptAtRefresh: boolean;
  /** The refresh token that the server now considers the newest, where it said so in a form that can be used. */
  refreshToken: string | undefined;
}

const DEAD = 'the refresh token provided is expired, revoked, malformed, or invalid';

/** Reads an answer to a refresh. */
export function readingOf({ status, body }: RawAnswer): Reading {
  const json = objectIn(body);
  const own = (name: string): unknown => (json && Object.hasOwn(json, name) ? json[name] : undefined);
  if (status < 200 || status > 299) {
    return {
      verdict: isVerdict(status, json, own),
      accepted: false,
      keptAtRefresh: false,
      refreshToken: undefined,
    };
  }
  const offered = own('refresh_token');
  const type = own('token_type') ?? '';
  const usable = isText(offered, /^[\x20-\x7e]+$/);
  const isToken = isText(own('access_token'), /^[A-Za-z0-9._~+/-]+=*$/);
  const isBearer = type === '' || (typeof type === 'string' && type.toLowerCase() === 'bearer');
  const accepted = isToken && isBearer && (typeof offered !== 'string' || offered === '' || usable);
  const keptAtRefresh = accepted || (isToken && usable && typeof type !== 'string');
  return { verdict: false, accepted, keptAtRefresh, refreshToken: usable ? offered : undefined };
}

function isVerdict(
  status: number,
  json: Readonly<Record<string, unknown>> | undefined,
  own: (name: string) => unknown,
): boolean {
  if (!json || (status !== 400 && status !== 401)) return false;
  const refused = (said: unknown): boolean =>
    said === 'invalid_grant' || (said === 'invalid_request' && status === 400);
  if (own('error') !== undefined) return refused(own('error'));
  const errors = own('errors');
  const listed: unknown[] = Array.isArray(errors) ? errors.slice(0, 10) : [];
  const texts = [
    own('message'),
    ...listed.map((one) => (one as { description?: unknown } | null)?.description),
  ];
  const codes = texts
    .filter((text) => typeof text === 'string')
    .map((text) => text.trim().replace(/\.$/, '').toLowerCase())
    .map((text) => (text === DEAD ? 'invalid_grant' : text))
    .filter((text) => /^(invalid_(grant|client|request|scope)|unauthorized_client|slow_down)$/.test(text));
  return refused(codes[0]);
}

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && value.length <= 16 * 1024 && form.test(value);
}

function objectIn(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (body.length > CAP) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return Object.prototype.toString.call(value) === '[object Object]' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
