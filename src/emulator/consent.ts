import { createHmac, timingSafeEqual } from 'node:crypto';
import { getCookie, setCookie } from 'hono/cookie';
import { randomToken } from '../base/random.js';
import type { EmulatorContext } from './route.js';

const COOKIE = 'webex_emulator_browser';

/** The CSRF token of a consent form: bound to this browser's cookie (set here if need be) and to the request it shows. */
export function issueCsrfToken(context: EmulatorContext, parts: { key: string; request: string }): string {
  const known = getCookie(context, COOKIE);
  const browser = known && /^[\w-]{43}$/.test(known) ? known : randomToken();
  setCookie(context, COOKIE, browser, { httpOnly: true, sameSite: 'Lax', path: '/' });
  return tokenOf(browser, parts).toString('base64url');
}

/** Whether a posted consent form comes from the browser that it was made for. */
export function checkCsrfToken(
  context: EmulatorContext,
  { csrf, ...parts }: { csrf: string; key: string; request: string },
): boolean {
  const browser = getCookie(context, COOKIE);
  const shown = Buffer.from(csrf, 'base64url');
  if (!browser || shown.length !== 32) return false;
  return timingSafeEqual(shown, tokenOf(browser, parts));
}

// The browser part comes first and is of fixed alphabet, so that no two pairs give the same text.
function tokenOf(browser: string, { key, request }: { key: string; request: string }): Buffer {
  return createHmac('sha256', key).update(`consent\n${browser}\n${request}`).digest();
}
