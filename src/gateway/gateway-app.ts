import { Hono } from 'hono';

import type { Clock } from '../base/clock.js';
import { isWebexAuthError, type AnyWebexAuthError } from '../errors.js';
import { seeOther } from '../web/answers.js';
import { CROSS_SITE, failureOf, METHOD_NOT_ALLOWED, NOT_FOUND, type Failure } from '../web/failure.js';
import { isSameOrigin } from '../web/same-origin.js';
import type { WebexAuth } from '../webex-auth.js';
import { errorPage } from './error-page.js';
import { grantPage, type CallResult } from './grant-page.js';
import { grantView } from './grant-view.js';
import { judgeHost } from './host-check.js';
import { NoticeCookie, type Notice } from './notice.js';
import { COMMON_HEADERS } from './page-frame.js';
import { signInPage } from './sign-in-page.js';

const HISTORY_LINES = 25;
const LONGEST_RESULT = 20_000;

/** What the routes need. */
export interface GatewayAppOptions {
  auth: WebexAuth;
  redirectUri: string;
  clock: Clock;
  /** The port on loopback; undefined where the gateway listens beyond it. */
  loopbackPort: number | undefined;
  /** Where the emulator of the demo runs. */
  emulator: string | undefined;
  /** Why it should get no more work, if so. */
  notReady: () => string | undefined;
}

/** Somebody who is signed in. */
interface Visitor {
  readonly subject: string;
}

/** The gateway's HTTP face. A visitor is who their session says, and reaches that subject's grant alone. */
export function gatewayApp(options: GatewayAppOptions): Hono {
  const { auth, redirectUri, clock, loopbackPort, emulator, notReady } = options;
  const { origin, protocol, pathname: callbackPath } = new URL(redirectUri);
  const folder = callbackPath.slice(0, callbackPath.lastIndexOf('/') + 1);
  const links = { signIn: `${folder}login`, reconnect: `${folder}reconnect` };
  const signOut = `${folder}logout`;
  const notices = new NoticeCookie(redirectUri);
  const home = { href: '/', label: 'Back to the page' };
  const refuse = (failure: Failure): Response => errorPage(failure, { emulator, next: home });
  const leave = (notice: Notice): Response => seeOther('/', [notices.leave(notice)]);

  const view = async ({ subject }: Visitor) => {
    const [grant, history] = await Promise.all([
      auth.grants.get(subject),
      auth.grants.history(subject, { limit: HISTORY_LINES }),
    ]);
    return { grant, history, links, now: clock.now() };
  };

  const page = async (request: Request): Promise<Response> => {
    const visitor = await auth.session(request);
    const notice = notices.read(request);
    const setCookie = notice && notices.clear;
    if (!visitor) return signInPage({ signIn: links.signIn, emulator, notice, setCookie });
    return grantPage({ ...(await view(visitor)), signOut, emulator, notice, setCookie });
  };

  const fragment = async (request: Request): Promise<Response> => {
    const visitor = await auth.session(request);
    if (!visitor) return new Response(null, { status: 401, headers: COMMON_HEADERS });
    const headers = { ...COMMON_HEADERS, 'content-type': 'text/html; charset=utf-8' };
    return new Response(grantView(await view(visitor)).toString(), { headers });
  };

  const call = async (visitor: Visitor): Promise<Response> => {
    const result = await callPeopleMe(auth, visitor.subject);
    return grantPage({ ...(await view(visitor)), signOut, emulator, result });
  };

  const refresh = async ({ subject }: Visitor): Promise<Response> => {
    try {
      await auth.refresh(subject);
      return leave({ name: 'refreshed' });
    } catch (error) {
      return leave({ name: 'refresh-failed', code: ownError(error).code });
    }
  };

  const disconnect = async ({ subject }: Visitor): Promise<Response> => {
    const { existed, revoked, error } = await auth.disconnect(subject);
    if (!existed) return leave({ name: 'nothing-stored' });
    return leave(revoked ? { name: 'disconnected' } : { name: 'revocation-unconfirmed', code: error });
  };

  /** A button of the page: pressed on the page itself, by somebody who is signed in. */
  const button =
    (press: (visitor: Visitor) => Promise<Response>) =>
    async (request: Request): Promise<Response> => {
      if (!isSameOrigin(request, origin)) return refuse(CROSS_SITE);
      const visitor = await auth.session(request);
      return visitor ? press(visitor) : leave({ name: 'signed-out' });
    };

  const logout = async (request: Request): Promise<Response> =>
    isSameOrigin(request, origin) ? auth.handler(request) : refuse(CROSS_SITE);

  const readiness = async (): Promise<Response> => {
    const reason = notReady() ?? (await storeTrouble(auth));
    const status = reason === undefined ? 200 : 503;
    const body = reason === undefined ? { status: 'ready' } : { status: 'not ready', reason };
    return Response.json(body, { status, headers: COMMON_HEADERS });
  };

  const app = new Hono();
  app.onError((error) => refuse(failureOf(error)));
  app.notFound(() => refuse(NOT_FOUND));
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(COMMON_HEADERS)) {
      if (!context.res.headers.has(name)) context.header(name, value);
    }
    if (protocol === 'https:') context.header('strict-transport-security', 'max-age=31536000');
  });
  // Probes come under any name, and these two tell nothing about anybody.
  app.get('/healthz', () => Response.json({ status: 'alive' }, { headers: COMMON_HEADERS }));
  app.get('/readyz', readiness);
  app.use(async ({ req }, next) => {
    const verdict = judgeHost(req.raw.headers.get('host'), { origin, loopbackPort });
    if (verdict === 'canonical') return next();
    if (verdict === 'foreign' || !['GET', 'HEAD'].includes(req.method)) return refuse(FOREIGN_HOST);
    const { pathname, search } = new URL(req.raw.url);
    return new Response(null, { status: 307, headers: { location: `${origin}${pathname}${search}` } });
  });
  const routes: [method: 'GET' | 'POST', path: string, answer: (request: Request) => Promise<Response>][] = [
    ['GET', '/', page],
    ['GET', '/grant', fragment],
    ['POST', '/grant/call', button(call)],
    ['POST', '/grant/refresh', button(refresh)],
    ['POST', '/grant/disconnect', button(disconnect)],
    ['GET', links.signIn, (request) => auth.handler(request)],
    ['GET', links.reconnect, (request) => auth.handler(request)],
    ['GET', callbackPath, (request) => auth.handler(request)],
    ['POST', signOut, logout],
  ];
  for (const [method, path, answer] of routes) app.on(method, path, ({ req }) => answer(req.raw));
  // The result of a call is shown under its own address: going there again leads home.
  app.get('/grant/call', () => seeOther('/'));
  for (const [method, path] of routes) {
    app.all(path, () => {
      const answer = refuse(METHOD_NOT_ALLOWED);
      answer.headers.set('allow', method === 'GET' ? 'GET, HEAD' : method);
      return answer;
    });
  }
  return app;
}

const FOREIGN_HOST: Failure = {
  status: 421,
  code: 'HOST_NOT_ALLOWED',
  title: 'This is not the address of this site',
  advice: 'Open the address that its operator gave you: the one of the redirect URI.',
  retryable: false,
};

async function callPeopleMe(auth: WebexAuth, subject: string): Promise<CallResult> {
  try {
    const webex = await auth.user(subject);
    const { statusCode, body } = await webex.request({ service: 'hydra', resource: 'people/me' });
    return { ok: true, status: statusCode, body: JSON.stringify(body, null, 2).slice(0, LONGEST_RESULT) };
  } catch (error) {
    const { status, code, trackingId } = ownError(error);
    return { ok: false, status, code, trackingId };
  }
}

async function storeTrouble(auth: WebexAuth): Promise<string | undefined> {
  try {
    await auth.grants.list({ limit: 1 });
    return undefined;
  } catch (error) {
    return isWebexAuthError(error) ? error.code : 'INTERNAL_ERROR';
  }
}

/** This library's errors are told; any other is a defect, which the app's last handler answers. */
function ownError(error: unknown): AnyWebexAuthError {
  if (isWebexAuthError(error)) return error;
  throw error;
}
