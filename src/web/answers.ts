import type { Failure } from './failure.js';
import { errorPage } from './pages.js';

const QUIET = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };

/** 303 to a clean address, so that code and state stay in no page, history or Referer (RFC 9700, 4.2). */
export function seeOther(location: string, cookies: readonly string[] = []): Response {
  return withCookies(new Response(null, { status: 303, headers: { ...QUIET, location } }), cookies);
}

/** An answer without a body. */
export function emptyAnswer(status: number, cookies: readonly string[] = []): Response {
  return withCookies(new Response(null, { status, headers: QUIET }), cookies);
}

/** A failure as a page, or as JSON for a client that asks for it and not for HTML. */
export function failureAnswer(
  failure: Failure,
  request: Request,
  { signIn, now, cookies = [] }: { signIn: string; now: number; cookies?: readonly string[] },
): Response {
  const response = wantsJson(request) ? asJson(failure) : errorPage(failure, { signIn });
  if (failure.retryAt !== undefined) {
    response.headers.set('retry-after', String(Math.max(1, Math.ceil((failure.retryAt - now) / 1000))));
  }
  return withCookies(response, cookies);
}

/** Whether the client asks for JSON and not for a page. */
export function wantsJson(request: Pick<Request, 'headers'>): boolean {
  const accept = request.headers.get('accept')?.toLowerCase() ?? '';
  return accept.includes('application/json') && !accept.includes('text/html');
}

function asJson({ status, code, title, advice, ...rest }: Failure): Response {
  const error = { code, message: `${title}. ${advice}`, ...rest };
  return Response.json({ error }, { status, headers: { ...QUIET, 'x-content-type-options': 'nosniff' } });
}

function withCookies(response: Response, cookies: readonly string[]): Response {
  for (const cookie of cookies) response.headers.append('set-cookie', cookie);
  return response;
}
