import { ConfigurationError } from '../errors.js';
import { emptyAnswer, failureAnswer, seeOther, wantsJson } from './answers.js';
import { createCallback } from './callback.js';
import { CROSS_SITE, failureOf, METHOD_NOT_ALLOWED, NOT_FOUND } from './failure.js';
import type { Failure } from './failure.js';
import { LoginCookies } from './login-cookies.js';
import type { LoginHandlerOptions } from './login-handler-options.js';
import { safeReturnTo } from './return-to.js';
import { isSameOrigin } from './same-origin.js';

export type { GrantedLogin, LoginEvent, LoginHandlerOptions } from './login-handler-options.js';

interface Route {
  readonly method: 'GET' | 'POST';
  readonly answer: (request: Request) => Promise<Response>;
}

/**
 * The web side of a login: GET login, GET callback, GET reconnect (login that lets the person choose an account) and POST
 * logout, told apart by the last path segment. Host and X-Forwarded headers are never read. It never rejects.
 */
export function createLoginHandler(options: LoginHandlerOptions): (request: Request) => Promise<Response> {
  const { login, sessions, redirectUri, clock } = options;
  const cookies = new LoginCookies({ redirectUri, clock });
  const { origin, pathname: callbackPath } = new URL(redirectUri);

  const refuse = (failure: Failure, request: Request, clear: readonly string[] = [], returnTo?: string) =>
    failureAnswer(failure, request, { signIn: signInLink(returnTo), now: clock.now(), cookies: clear });

  const report = (error: unknown, request: Request): Response | undefined => {
    try {
      const answer: unknown = options.onError?.(error, request);
      // A promise is not waited for; that it fails is its own affair.
      if (answer instanceof Promise) answer.catch(() => undefined);
      return answer instanceof Response ? answer : undefined;
    } catch {
      return undefined; // the answer to the first error must not depend on a second one
    }
  };

  const fail = (error: unknown, request: Request, clear?: readonly string[], returnTo?: string): Response =>
    report(error, request) ?? refuse(failureOf(error), request, clear, returnTo);

  const start = async (request: Request, parameters?: Readonly<Record<string, string>>) => {
    const begun = await login.initiate({
      returnTo: destination(request),
      starter: await options.starter?.(request),
      parameters,
    });
    return seeOther(begun.url, cookies.add(request, begun));
  };

  const logout = async (request: Request): Promise<Response> => {
    if (!isSameOrigin(request, origin)) return refuse(CROSS_SITE, request);
    try {
      const ended = await sessions.end(request);
      if (ended) await options.end?.(ended.subject);
    } catch (error) {
      return fail(error, request, [sessions.clearCookie]);
    }
    if (wantsJson(request)) return emptyAnswer(204, [sessions.clearCookie]);
    return seeOther(destination(request), [sessions.clearCookie]);
  };

  const callback: Route = { method: 'GET', answer: createCallback({ ...options, cookies, report, fail }) };
  const routes = new Map<string, Route>([
    ['login', { method: 'GET', answer: (request) => start(request) }],
    ['reconnect', { method: 'GET', answer: (request) => start(request, { prompt: 'select_account' }) }],
    ['logout', { method: 'POST', answer: logout }],
  ]);
  if (routes.has(lastSegment(callbackPath))) throw callbackTaken();
  routes.set('callback', callback).set(lastSegment(callbackPath), callback);

  // A login that returns to a login would go round for ever.
  const destination = (request: Request): string => {
    const path = safeReturnTo(new URL(request.url).searchParams.get('returnTo'));
    const { pathname } = new URL(path, origin);
    return folderOf(pathname) === folderOf(callbackPath) && routes.has(lastSegment(pathname)) ? '/' : path;
  };

  return async (request) => {
    const route = routes.get(lastSegment(new URL(request.url).pathname));
    if (!route) return refuse(NOT_FOUND, request);
    if (request.method === 'HEAD' && route.method === 'GET') return emptyAnswer(204);
    if (request.method !== route.method) {
      const answer = refuse(METHOD_NOT_ALLOWED, request);
      answer.headers.set('allow', route.method === 'GET' ? 'GET, HEAD' : route.method);
      return answer;
    }
    // An error status keeps browsers from using a prefetched answer later.
    if (isPrefetch(request)) return emptyAnswer(503);
    try {
      return await route.answer(request);
    } catch (error) {
      return fail(error, request);
    }
  };
}

function isPrefetch({ headers }: Request): boolean {
  return ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some((name) =>
    /prefetch|prerender|preview/i.test(headers.get(name) ?? ''),
  );
}

function signInLink(returnTo: string | undefined): string {
  return returnTo === undefined ? 'login' : `login?returnTo=${encodeURIComponent(returnTo)}`;
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

function callbackTaken(): ConfigurationError {
  return new ConfigurationError([
    {
      setting: 'redirectUri',
      problem: 'must not end in login, reconnect or logout, which are paths of the login handler',
      example: 'https://app.example.com/auth/webex/callback',
    },
  ]);
}
