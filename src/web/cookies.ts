import { ConfigurationError } from '../errors.js';
import { secureUrl } from '../base/secure-url.js';

/** How cookies are named and marked on one site. */
export interface CookieScheme {
  /** `__Host-` everywhere but on loopback over http, where browsers would refuse it. */
  readonly prefix: '__Host-' | '';
  readonly secure: boolean;
}

/** The longest `name=value` that browsers keep (RFC 6265bis, 5.6); characters. */
export const LONGEST_COOKIE = 4096;

/** Chooses the scheme by where Webex sends people back. Throws `ConfigurationError` for http that is not loopback. */
export function cookieScheme(redirectUri: string): CookieScheme {
  const protocol = secureUrl(redirectUri)?.protocol;
  if (protocol === 'https:') return { prefix: '__Host-', secure: true };
  if (protocol === 'http:') return { prefix: '', secure: false };
  throw new ConfigurationError([
    {
      setting: 'redirectUri',
      problem: 'must use https, or http on a loopback host, for its cookies to be safe',
      example: 'https://app.example.com/auth/webex/callback',
    },
  ]);
}

/** Reads a Cookie header (RFC 6265, 4.2); junk is passed over, the first of several equal names counts. */
export function parseCookies(header: string | null | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at).trim();
    if (at > 0 && name && !cookies.has(name)) cookies.set(name, pair.slice(at + 1).trim());
  }
  return cookies;
}

/** Writes a Set-Cookie value: HttpOnly, SameSite=Lax, Path=/, no Domain. `maxAge` in seconds; 0 removes the cookie. */
export function serializeCookie(
  name: string,
  value: string,
  { scheme, maxAge }: { scheme: CookieScheme; maxAge: number },
): string {
  const secure = scheme.secure ? '; Secure' : '';
  return `${name}=${value}; Path=/; Max-Age=${String(Math.max(0, Math.floor(maxAge)))}; HttpOnly; SameSite=Lax${secure}`;
}
