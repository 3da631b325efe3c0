import { authenticateClient } from './client-authentication.js';
import { refuseToken } from './error-answer.js';
import type { FakeWebex } from './fake-webex.js';
import type { EmulatorContext } from './route.js';
import { splitScope } from './scope-list.js';

/** The grant type that gives a narrower access token for an access token (webex-facts 3.2). */
export const SCOPE_REDUCTION = 'urn:cisco:oauth:grant-type:scope-reduction';

/**
 * Answers it, on the identity broker alone. The client names itself and proves nothing: the token is the proof. That the
 * narrower token ends no later than the other is a guess.
 */
export function reduceScope(webex: FakeWebex, context: EmulatorContext, form: URLSearchParams): Response {
  if (!context.req.path.startsWith('/idb/')) return refuseToken(context, 'grant_type');
  const authorization = context.req.header('authorization');
  // Credentials are not asked for, but where they are shown they have to be right.
  if (authorization !== undefined || form.has('client_secret')) {
    const shown = authenticateClient(webex.clients, { authorization, form });
    if ('refused' in shown) return refuseToken(context, shown.refused);
  }
  const clientId = form.get('client_id');
  const token = form.get('token');
  const scope = form.get('scope');
  if (clientId === null || token === null || scope === null) return refuseToken(context, 'missing');
  if (!webex.clients.some((client) => client.clientId === clientId)) return refuseToken(context, 'client');
  const held = webex.grants.access(token);
  if (held?.grant.clientId !== clientId) return refuseToken(context, 'access_token');
  const scopes = splitScope(scope);
  const { scopes: all } = held.record;
  if (scopes.length === 0 || scopes.length === all.length || !scopes.every((one) => all.includes(one))) {
    return refuseToken(context, 'not_less_scope');
  }
  const format = form.get('self_contained_token') === 'true' ? 'jwt' : webex.settings.tokenFormat;
  const answer = webex.grants.reduce(token, { clientId, scopes, format });
  if (!answer) return refuseToken(context, 'access_token');
  context.header('Cache-Control', 'no-store');
  return context.json(answer);
}
