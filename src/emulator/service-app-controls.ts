import { readServiceAppDecision, readWebhook } from './control-input.js';
import { apiError } from './error-answer.js';
import type { FakeWebex } from './fake-webex.js';
import { readOrgId } from './read-public-id.js';
import type { EmulatorContext } from './route.js';
import type { DecideServiceApp } from './service-app-admin-routes.js';

type Answer = (context: EmulatorContext, body: unknown) => Response | Promise<Response>;

/** The part of the control API that is about service apps and webhooks. */
export function serviceAppControls(
  webex: FakeWebex,
  decide: DecideServiceApp,
): ['GET' | 'POST', string, Answer][] {
  const { serviceApps, webhooks } = webex;
  const bad = (context: EmulatorContext): Response =>
    apiError(context, 400, 'The JSON body is not as documented.');
  return [
    [
      'GET',
      '/service-apps',
      (context) => {
        const known = serviceApps.list().map(({ client: { clientId }, applicationId, owner }) => ({
          clientId,
          applicationId,
          ownerId: owner.id,
          authorizedIn: serviceApps.orgIds().filter((orgId) => serviceApps.isAuthorized(clientId, orgId)),
        }));
        return context.json({ serviceApps: known });
      },
    ],
    [
      'POST',
      '/service-apps',
      async (context, body) => {
        const decision = readServiceAppDecision(body);
        const orgId = readOrgId(decision?.orgId ?? '');
        if (!decision || orgId === undefined || !serviceApps.find(decision.clientId)) return bad(context);
        if (!serviceApps.orgIds().includes(orgId)) return bad(context);
        await decide(decision);
        return context.body(null, 204);
      },
    ],
    ['GET', '/webhooks', (context) => context.json({ deliveries: webhooks.deliveries })],
    [
      'POST',
      '/webhooks',
      async (context, body) => {
        const wanted = readWebhook(body);
        if (!wanted) return bad(context);
        let registered: { id: string };
        try {
          registered = webhooks.register(wanted);
        } catch {
          return bad(context);
        }
        await webex.save();
        return context.json(registered, 201);
      },
    ],
  ];
}
