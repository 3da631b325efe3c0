import { authenticateClient } from './client-authentication.js';
import type { AccessRecord, GrantRecord } from './emulator-state.js';
import { refuseToken } from './error-answer.js';
import type { FakeWebex } from './fake-webex.js';
import type { EmulatorContext, Route } from './route.js';

const OWN_TOKENS = '/idb/oauth2/v1/tokens/me';

/** What the identity broker tells of access tokens (webex-facts 1.2). */
export function tokenInfoRoutes(webex: FakeWebex): Route[] {
  return [
    { method: 'POST', path: '/idb/oauth2/v1/tokeninfo', handle: (context) => tell(webex, context) },
    { method: 'GET', path: OWN_TOKENS, handle: (context) => tellOwn(webex, context) },
    { method: 'DELETE', path: OWN_TOKENS, handle: (context) => endOwn(webex, context) },
  ];
}

interface Live {
  grant: GrantRecord;
  record: AccessRecord;
}

// Basic alone, as in all that was seen. That a client learns of its own tokens only, and how others are refused, is a guess.
function tell(webex: FakeWebex, context: EmulatorContext): Response {
  const form = context.get('form');
  if (!form) return refuseToken(context, 'not_a_form');
  if (new URL(context.req.url).search !== '') return refuseToken(context, 'in_query');
  if (new Set(form.keys()).size !== form.size) return refuseToken(context, 'repeated');
  const authorization = context.req.header('authorization');
  if (authorization === undefined) return refuseToken(context, 'client');
  const authenticated = authenticateClient(webex.clients, { authorization, form });
  if ('refused' in authenticated) return refuseToken(context, authenticated.refused);
  const [token, ...more] = [form.get('access_token'), form.get('token')].filter((one) => one !== null);
  if (token === undefined || more.length > 0) return refuseToken(context, 'missing');
  const live = webex.grants.access(token);
  if (live?.grant.clientId !== authenticated.client.clientId) return refuseToken(context, 'access_token');
  return context.json(describe(webex, live));
}

function tellOwn(webex: FakeWebex, context: EmulatorContext): Response {
  const own = ownToken(webex, context);
  return own instanceof Response ? own : context.json(describe(webex, own));
}

function endOwn(webex: FakeWebex, context: EmulatorContext): Response {
  const own = ownToken(webex, context);
  if (own instanceof Response) return own;
  own.record.revoked = true;
  return context.body(null, 204);
}

// Without authtoken=true nothing is known to happen. The answers here are guesses: only that this probes and revokes is known.
function ownToken(webex: FakeWebex, context: EmulatorContext): Live | Response {
  const token = /^bearer +(\S+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
  const live = token === undefined ? undefined : webex.grants.access(token);
  if (!live) {
    context.header('WWW-Authenticate', 'Bearer realm="emulator"');
    const error_description = 'The access token is missing, unknown, expired or revoked.';
    return context.json({ error: 'invalid_token', error_description }, 401);
  }
  return context.req.query('authtoken') === 'true' ? live : refuseToken(context, 'missing');
}

// Nobody has published what Webex answers (webex-facts 11): these fields are a guess.
function describe({ clock }: FakeWebex, { grant, record }: Live): object {
  return {
    client_id: grant.clientId,
    ...(grant.userId === undefined ? {} : { user_id: grant.userId }),
    org_id: grant.orgId,
    scope: record.scopes.join(' '),
    expires_in: Math.floor((record.expiresAt - clock.now()) / 1000),
    token_type: 'Bearer',
  };
}
