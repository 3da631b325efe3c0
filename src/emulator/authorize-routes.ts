import { checkAuthorizationRequest, redirectBack } from './authorization-request.js';
import type { AuthorizationRequest } from './authorization-request.js';
import { checkCsrfToken, issueCsrfToken } from './consent.js';
import type { FakeWebex } from './fake-webex.js';
import { loginPage } from './login-page.js';
import { isOwnBrowserRequest } from './own-browser-request.js';
import { noticePage, sendPage } from './page.js';
import type { EmulatorContext, Route } from './route.js';

/** The authorization endpoint on both paths: GET shows the login page, POST takes the person's decision. */
export function authorizeRoutes(webex: FakeWebex): Route[] {
  return ['/v1/authorize', '/idb/oauth2/v1/authorize'].flatMap((path): Route[] => [
    { method: 'GET', path, handle: (context) => showLogin(webex, context) },
    { method: 'POST', path, handle: (context) => takeDecision(webex, context) },
  ]);
}

async function showLogin(webex: FakeWebex, context: EmulatorContext): Promise<Response> {
  if (!isOwnBrowserRequest(context, 'navigation'))
    return refuse(webex, context, 'This request came from elsewhere.');
  const sealed = new URL(context.req.url).search.slice(1);
  const verdict = checkAuthorizationRequest(new URLSearchParams(sealed), webex.clients);
  if (verdict.kind === 'page') return refuse(webex, context, verdict.reason);
  if (verdict.kind === 'redirect') return context.redirect(verdict.location, 302);
  const csrf = issueCsrfToken(context, { key: webex.state.key, request: sealed });
  const { users, banner } = webex;
  const { request } = verdict;
  const page = loginPage({ request, users, sealed, csrf, banner });
  return sendPage(context, page, { formTargets: formTargets(request.redirectUri) });
}

// The form carries the whole request, which is checked again here: nothing is remembered between the two.
function takeDecision(webex: FakeWebex, context: EmulatorContext): Response | Promise<Response> {
  const form = context.get('form') ?? new URLSearchParams();
  const sealed = form.get('request') ?? '';
  const csrf = form.get('csrf') ?? '';
  const { key } = webex.state;
  if (!isOwnBrowserRequest(context, 'form') || !checkCsrfToken(context, { csrf, key, request: sealed })) {
    return refuse(webex, context, 'This form was not made for this browser. Begin the sign-in again.', 403);
  }
  const verdict = checkAuthorizationRequest(new URLSearchParams(sealed), webex.clients);
  if (verdict.kind === 'page') return refuse(webex, context, verdict.reason);
  if (verdict.kind === 'redirect') return context.redirect(verdict.location, 302);
  return decide(webex, context, { form, request: verdict.request });
}

function decide(
  webex: FakeWebex,
  context: EmulatorContext,
  { form, request }: { form: URLSearchParams; request: AuthorizationRequest },
): Response | Promise<Response> {
  const { client, redirectUri, redirectUriSent, scopes, state, challenge, nonce } = request;
  const decision = form.get('decision');
  if (decision === 'decline') {
    const error_description = 'The user declined the request.';
    const location = redirectBack(redirectUri, { error: 'access_denied', error_description, state });
    return context.redirect(location, 302);
  }
  const person = webex.users.find(({ email }) => email === form.get('user'));
  if (decision !== 'allow' || !person) return refuse(webex, context, 'Pick an account and allow or decline.');
  const { clientId } = client;
  const proof = challenge ? { challenge } : {};
  const authTime = Math.floor(webex.clock.now() / 1000);
  const openid = scopes.includes('openid') && nonce !== undefined ? { openid: { nonce, authTime } } : {};
  const allowed = { clientId, userId: person.id, scopes, redirectUri, redirectUriSent, ...proof, ...openid };
  const code = webex.codes.issue(allowed, person.orgId);
  return context.redirect(redirectBack(redirectUri, { code, state }), 302);
}

function refuse(
  { banner }: FakeWebex,
  context: EmulatorContext,
  text: string,
  status: 400 | 403 = 400,
): Promise<Response> {
  return sendPage(context, noticePage({ title: 'This sign-in cannot go on', text, banner }), { status });
}

/**
 * Where the redirect after the form may lead: browsers hold the whole chain against `form-action`. The app's own
 * origin, and any loopback port, since a callback in development often leads on to a front end beside it.
 */
function formTargets(redirectUri: string): string[] {
  const { protocol, host, hostname } = new URL(redirectUri);
  // A host source cannot be an IPv6 literal, and a custom scheme has no host.
  const target = host === '' || hostname.startsWith('[') ? protocol : `${protocol}//${host}`;
  return [...new Set([target, 'http://127.0.0.1:*', 'http://localhost:*'])];
}
