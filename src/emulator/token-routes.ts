import { authenticateClient } from './client-authentication.js';
import type { EmulatorClient, TokenFormat } from './emulator-options.js';
import { refuseToken } from './error-answer.js';
import { findPerson } from './fake-webex.js';
import type { FakeWebex } from './fake-webex.js';
import type { TokenAnswer } from './grant-book.js';
import { issueIdToken } from './id-token.js';
import type { EmulatorContext, Route } from './route.js';
import { splitScope } from './scope-list.js';
import { SCOPE_REDUCTION, reduceScope } from './scope-reduction.js';

/** The token endpoint on its public and its identity-broker path (webex-facts 3). */
export function tokenRoutes(webex: FakeWebex): Route[] {
  const handle: Route['handle'] = (context) => answerTokenRequest(webex, context);
  return ['/v1/access_token', '/idb/oauth2/v1/access_token'].map((path) => ({
    method: 'POST',
    path,
    handle,
  }));
}

interface TokenRequest {
  webex: FakeWebex;
  context: EmulatorContext;
  client: EmulatorClient;
  form: URLSearchParams;
}

const GRANTS = new Map<string, (request: TokenRequest) => Response | Promise<Response>>([
  ['authorization_code', exchangeCode],
  ['refresh_token', refresh],
  ['client_credentials', clientCredentials],
]);

/** The grant types that the token endpoint knows. */
export const GRANT_TYPES: readonly string[] = [...GRANTS.keys(), SCOPE_REDUCTION];

function answerTokenRequest(webex: FakeWebex, context: EmulatorContext): Response | Promise<Response> {
  const form = context.get('form');
  if (!form) return refuseToken(context, 'not_a_form');
  if (new URL(context.req.url).search !== '') return refuseToken(context, 'in_query');
  if (new Set(form.keys()).size !== form.size) return refuseToken(context, 'repeated');
  if (form.get('grant_type') === SCOPE_REDUCTION) return reduceScope(webex, context, form);
  const authorization = context.req.header('authorization');
  const authenticated = authenticateClient(webex.clients, { authorization, form });
  if ('refused' in authenticated) return refuseToken(context, authenticated.refused);
  const grantType = form.get('grant_type');
  if (grantType === null) return refuseToken(context, 'missing');
  const grant = GRANTS.get(grantType);
  if (!grant) return refuseToken(context, 'grant_type');
  return grant({ webex, context, client: authenticated.client, form });
}

async function exchangeCode({ webex, context, client, form }: TokenRequest): Promise<Response> {
  const code = form.get('code');
  if (code === null) return refuseToken(context, 'missing');
  const redirectUri = form.get('redirect_uri') ?? undefined;
  const verifier = form.get('code_verifier') ?? undefined;
  const redemption = webex.codes.redeem(code, { clientId: client.clientId, redirectUri, verifier });
  if ('refused' in redemption) {
    webex.grants.revokeGrants(({ id }) => id === redemption.reusedGrant);
    return refuseToken(context, redemption.refused);
  }
  const { clientId, userId, scopes, openid } = redemption.record;
  const person = findPerson(webex.users, userId);
  if (!person) return refuseToken(context, 'code');
  const { orgId } = person;
  const opened = webex.grants.open({ clientId, userId, orgId, scopes, format: formatOf(webex, form) });
  redemption.record.grantId = opened.grantId;
  if (!openid) return give(context, opened.answer);
  const contents = { ...openid, clientId, person, now: webex.clock.now() };
  const region = webex.regions.at(person.region);
  const id_token = await issueIdToken(region, contents, webex.settings.idTokenFault);
  return give(context, { ...opened.answer, ...(id_token === undefined ? {} : { id_token }) });
}

function refresh({ webex, context, client, form }: TokenRequest): Response {
  const token = form.get('refresh_token');
  if (token === null) return refuseToken(context, 'missing');
  webex.ledger.present(context.get('entry'), webex.grants.identify(token));
  const scopes = splitScope(form.get('scope'));
  const granted = webex.grants.scopesOf(token) ?? scopes;
  if (!scopes.every((scope) => granted.includes(scope))) return refuseToken(context, 'scope');
  const answer = webex.grants.refresh(token, {
    clientId: client.clientId,
    format: formatOf(webex, form),
    ...(scopes.length > 0 ? { scopes } : {}),
  });
  return answer ? give(context, answer) : refuseToken(context, 'refresh_token');
}

// Ordinary integrations may not (webex-facts 6.1): only a client that is flagged.
function clientCredentials({ webex, context, client, form }: TokenRequest): Response {
  if (!client.allowClientCredentials) return refuseToken(context, 'not_this_grant');
  const asked = splitScope(form.get('scope'));
  if (!asked.every((scope) => client.scopes.includes(scope))) return refuseToken(context, 'scope');
  const scopes = asked.length > 0 ? asked : client.scopes;
  const orgId = webex.users[0]?.orgId ?? '';
  const format = formatOf(webex, form);
  return give(context, webex.grants.open({ clientId: client.clientId, orgId, scopes, format }).answer);
}

function formatOf(webex: FakeWebex, form: URLSearchParams): TokenFormat {
  return form.get('self_contained_token') === 'true' ? 'jwt' : webex.settings.tokenFormat;
}

function give(context: EmulatorContext, answer: TokenAnswer): Response {
  context.header('Cache-Control', 'no-store');
  return context.json(answer);
}
