import { keepAccount } from './account.js';
import { forBearer } from './bearer.js';
import type { BearerAccess } from './bearer.js';
import { authenticateClient } from './client-authentication.js';
import { apiError } from './error-answer.js';
import type { FakeWebex } from './fake-webex.js';
import type { TokenAnswer } from './grant-book.js';
import { jsonBody } from './read-body.js';
import { readOrgId, readPublicId } from './read-public-id.js';
import type { EmulatorContext, Route } from './route.js';
import { machineIdOf } from './service-app-book.js';
import type { ServiceApp } from './service-app-book.js';

const ASKS_FOR_TOKENS = 'spark:applications_token';

/** Token issue for service apps, one grant per call and organisation (webex-facts 6.2). */
export function serviceAppRoutes(webex: FakeWebex): Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/applications/:applicationId/token',
      handle: forBearer(webex, (context, access) => answerTokenRequest(webex, context, access)),
    },
  ];
}

function answerTokenRequest(webex: FakeWebex, context: EmulatorContext, access: BearerAccess): Response {
  if (!/^application\/json(;|$)/i.test(context.req.header('content-type') ?? '')) {
    return apiError(context, 415, 'The body must be application/json.');
  }
  const app = webex.serviceApps.find(
    readPublicId('APPLICATION', context.req.param('applicationId') ?? '') ?? '',
  );
  if (!app) return apiError(context, 404, 'The application could not be found.');
  const { clientId, clientSecret, targetOrgId } = (jsonBody(context) ?? {}) as Record<string, unknown>;
  if (typeof clientId !== 'string' || typeof clientSecret !== 'string' || typeof targetOrgId !== 'string') {
    return apiError(context, 400, 'A clientId, a clientSecret and a targetOrgId are required, as JSON.');
  }
  const orgId = readOrgId(targetOrgId);
  if (orgId === undefined) return apiError(context, 400, 'The targetOrgId is not that of an organisation.');
  if (access.grant.userId !== app.owner.id && !access.record.scopes.includes(ASKS_FOR_TOKENS)) {
    return apiError(context, 403, 'The access token is not that of the owner of the application.');
  }
  if (clientId !== app.client.clientId) return refuseClient(context, 'clientId');
  const form = new URLSearchParams({ client_id: clientId, client_secret: clientSecret });
  const shown = authenticateClient(webex.clients, { authorization: undefined, form });
  if ('refused' in shown) return refuseClient(context, 'clientSecret');
  if (!webex.serviceApps.isAuthorized(clientId, orgId)) {
    return apiError(context, 403, 'The application is not authorized in the organisation by a Full Admin.');
  }
  context.header('Cache-Control', 'no-store');
  return context.json(issue(webex, app, orgId));
}

function refuseClient(context: EmulatorContext, name: string): Response {
  return apiError(context, 400, 'Invalid client credentials', `The provided ${name} is invalid`);
}

// The actor is a machine account in the customer's organisation. How people/me shows one is not known: like a bot here.
function issue(webex: FakeWebex, { client }: ServiceApp, orgId: string): TokenAnswer {
  const { clientId, scopes, name = 'Service app' } = client;
  const id = machineIdOf(clientId, orgId);
  keepAccount(webex, {
    kind: 'machine',
    id,
    orgId,
    email: `${id}@machine.emulator.invalid`,
    displayName: name,
  });
  const format = webex.settings.tokenFormat;
  return webex.grants.open({ clientId, userId: id, userType: 'machine', orgId, scopes, format }).answer;
}
