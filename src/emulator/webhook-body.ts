import type { EmulatorClient, EmulatorPerson } from './emulator-options.js';
import type { WebhookRecord } from './emulator-state.js';
import { publicId } from './fake-token.js';
import type { ServiceApp } from './service-app-book.js';

/** What happened to a service app. `orgId` is the UUID of the organisation that decided. */
export interface ServiceAppEvent {
  event: 'authorized' | 'deauthorized';
  app: ServiceApp;
  orgId: string;
  admin: EmulatorPerson;
}

/**
 * What is delivered. Around `data` are the fields of every webhook: `orgId` is the organisation that owns the webhook, not
 * the one that decided, and `appId` the integration that made it. In `data`, a published sample for service apps reads
 * `id`, `authorizerOrgId` and `authorizationDate`. Inferred: the public ids, the actor, a deauthorization's own date.
 */
export function webhookBody(
  webhook: WebhookRecord,
  { event, app, orgId, admin }: ServiceAppEvent,
  { at, clients }: { at: number; clients: readonly EmulatorClient[] },
): object {
  const { id, name, targetUrl, created } = webhook;
  const maker = clients.find(({ serviceApp }) => !serviceApp);
  return {
    id,
    name,
    targetUrl,
    resource: 'serviceApp',
    event,
    orgId: publicId('ORGANIZATION', app.owner.orgId),
    createdBy: app.owner.personId,
    ...(maker ? { appId: publicId('APPLICATION', maker.clientId) } : {}),
    ownedBy: 'creator',
    status: 'active',
    created: new Date(created).toISOString(),
    actorId: admin.personId,
    data: {
      id: app.applicationId,
      authorizerOrgId: publicId('ORGANIZATION', orgId),
      authorizationDate: new Date(at).toISOString(),
    },
  };
}
