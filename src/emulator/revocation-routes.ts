import { authenticateClient } from './client-authentication.js';
import { apiError, refuseToken } from './error-answer.js';
import type { FakeWebex } from './fake-webex.js';
import { noticePage, sendPage } from './page.js';
import { jsonBody } from './read-body.js';
import type { EmulatorContext, Route } from './route.js';

/** Revocation and logout of the identity broker (webex-facts 1.2, 3.4). */
export function revocationRoutes(webex: FakeWebex): Route[] {
  return [
    { method: 'POST', path: '/idb/oauth2/v1/revoke', handle: (context) => revoke(webex, context) },
    { method: 'GET', path: '/idb/oauth2/v1/logout', handle: (context) => signOut(webex, context) },
    { method: 'POST', path: '/idb/oauth2/v1/logout', handle: (context) => endToken(webex, context) },
  ];
}

// RFC 7009, 2.2: 200 for an unknown token too.
function revoke(webex: FakeWebex, context: EmulatorContext): Response {
  const form = context.get('form');
  if (!form) return refuseToken(context, 'not_a_form');
  if (new Set(form.keys()).size !== form.size) return refuseToken(context, 'repeated');
  const authorization = context.req.header('authorization');
  const authenticated = authenticateClient(webex.clients, { authorization, form });
  if ('refused' in authenticated) return refuseToken(context, authenticated.refused);
  const token = form.get('token');
  if (token === null) return refuseToken(context, 'missing');
  webex.grants.revokeToken(token, authenticated.client.clientId);
  return context.body(null, 200);
}

async function signOut(webex: FakeWebex, context: EmulatorContext): Promise<Response> {
  webex.grants.revokeToken(context.req.query('token') ?? '');
  await webex.save();
  const goto = context.req.query('goto') ?? '';
  const homes = webex.clients.flatMap(({ redirectUris }) => redirectUris.map((uri) => new URL(uri).origin));
  const isHttp = URL.canParse(goto) && /^https?:$/.test(new URL(goto).protocol);
  // Only back to a registered application: an open redirect would teach bad habits.
  if (isHttp && homes.includes(new URL(goto).origin)) return context.redirect(goto, 302);
  const text = 'You are signed out of the emulator.';
  return sendPage(context, noticePage({ title: 'Signed out', text, banner: webex.banner }));
}

function endToken(webex: FakeWebex, context: EmulatorContext): Response {
  const body = jsonBody(context);
  const token = body !== null && typeof body === 'object' && 'token' in body ? body.token : undefined;
  if (typeof token !== 'string') return apiError(context, 400, 'The body must be JSON with a token.');
  webex.grants.revokeToken(token);
  return context.json({});
}
