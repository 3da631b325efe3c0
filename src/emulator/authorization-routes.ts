import { findAccount } from './account.js';
import { listAuthorizations } from './authorization-list.js';
import type { Authorization } from './authorization-list.js';
import { forBearer } from './bearer.js';
import type { BearerAccess } from './bearer.js';
import { apiError } from './error-answer.js';
import { publicId } from './fake-token.js';
import type { FakeWebex } from './fake-webex.js';
import { readOrgId, readPublicId } from './read-public-id.js';
import type { EmulatorContext, Route } from './route.js';

/**
 * The authorizations API (webex-facts 1.1): an admin lists and ends the tokens of their organisation. There are no roles
 * here, so that the scope makes the admin; `spark:all` does not.
 */
export function authorizationRoutes(webex: FakeWebex): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/authorizations/tokenExpiry',
      handle: forBearer(webex, (context, { record }) => context.json({ exp: record.expiresAt })),
    },
    {
      method: 'GET',
      path: '/v1/authorizations',
      handle: forAdmin(webex, 'identity:tokens_read', (context, orgId) => list(webex, context, orgId)),
    },
    {
      method: 'DELETE',
      path: '/v1/authorizations',
      handle: forAdmin(webex, 'identity:tokens_write', (context, orgId) =>
        endOfClient(webex, context, orgId),
      ),
    },
    {
      method: 'DELETE',
      path: '/v1/authorizations/:id',
      handle: forAdmin(webex, 'identity:tokens_write', (context, orgId) => endOne(webex, context, orgId)),
    },
  ];
}

function forAdmin(
  webex: FakeWebex,
  scope: string,
  answer: (context: EmulatorContext, orgId: string) => Response,
): Route['handle'] {
  return forBearer(webex, (context, { grant, record }: BearerAccess) =>
    record.scopes.includes(scope)
      ? answer(context, grant.orgId)
      : apiError(context, 403, `The access token lacks the scope ${scope}.`),
  );
}

function list(webex: FakeWebex, context: EmulatorContext, orgId: string): Response {
  const personId = context.req.query('personId');
  const personEmail = context.req.query('personEmail');
  if ((personId === undefined) === (personEmail === undefined)) {
    return apiError(context, 400, 'Either personId or personEmail is required.');
  }
  const id =
    personId === undefined
      ? webex.users.find(({ email }) => email === personEmail)?.id
      : readPublicId('PEOPLE', personId);
  const account = findAccount(webex, id);
  // Who is in another organisation is hidden (webex-facts 4.2).
  if (account?.orgId !== orgId) return apiError(context, 404, 'The person could not be found.');
  const items = listAuthorizations(webex.state, webex.clock.now())
    .filter(({ grant }) => grant.userId === account.id)
    .map((authorization) => asItem(webex, account.personId, authorization));
  return context.json({ items });
}

function asItem(
  { clients }: FakeWebex,
  personId: string,
  { id, type, created, grant: { clientId } }: Authorization,
): object {
  return {
    id,
    applicationId: publicId('APPLICATION', clientId),
    applicationName: clients.find((client) => client.clientId === clientId)?.name ?? clientId,
    personId,
    clientId,
    created: new Date(created).toISOString(),
    type,
  };
}

function endOfClient(webex: FakeWebex, context: EmulatorContext, orgId: string): Response {
  const clientId = context.req.query('clientId');
  if (clientId === undefined) return apiError(context, 400, 'A clientId is required.');
  const named = context.req.query('orgId');
  const target = named === undefined ? orgId : readOrgId(named);
  if (target === undefined) return apiError(context, 400, 'The orgId is not that of an organisation.');
  if (target !== orgId) return apiError(context, 403, 'The access token is not of that organisation.');
  if (!webex.clients.some((client) => client.clientId === clientId)) {
    return apiError(context, 404, 'The client could not be found.');
  }
  webex.grants.revokeGrants((grant) => grant.clientId === clientId && grant.orgId === orgId);
  return context.body(null, 204);
}

function endOne(webex: FakeWebex, context: EmulatorContext, orgId: string): Response {
  const authorization = listAuthorizations(webex.state, webex.clock.now()).find(
    ({ id, grant }) => id === context.req.param('id') && grant.orgId === orgId,
  );
  if (!authorization) return apiError(context, 404, 'The authorization could not be found.');
  authorization.end();
  return context.body(null, 204);
}
