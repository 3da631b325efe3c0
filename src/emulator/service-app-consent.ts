import { emulatorError } from './emulator-options.js';
import type { FakeWebex } from './fake-webex.js';
import { readOrgId } from './read-public-id.js';

/** What an admin decides about a service app. `orgId` is a UUID or a public id. */
export interface ServiceAppDecision {
  clientId: string;
  orgId: string;
  authorized: boolean;
}

/**
 * Carries out an admin's decision and resolves when the owner's webhooks were told. Deauthorizing ends all tokens of the
 * organisation. Rejects with EMULATOR_UNKNOWN_CLIENT or EMULATOR_UNKNOWN_ORG; without a change nothing happens.
 */
export async function decideServiceApp(
  webex: FakeWebex,
  { clientId, orgId, authorized, signal }: ServiceAppDecision & { signal?: AbortSignal },
): Promise<void> {
  const { serviceApps, grants, webhooks } = webex;
  const app = serviceApps.find(clientId);
  if (!app) {
    throw emulatorError(
      'EMULATOR_UNKNOWN_CLIENT',
      'No such service app. Use the id of a client that has serviceApp: true.',
    );
  }
  const org = readOrgId(orgId);
  const admin = org === undefined ? undefined : serviceApps.adminOf(org);
  if (org === undefined || !admin) {
    throw emulatorError(
      'EMULATOR_UNKNOWN_ORG',
      'No such organisation. Use the orgId of one of emulator.users.',
    );
  }
  if (!serviceApps.note(clientId, org, { authorized })) return;
  if (!authorized) grants.revokeGrants((grant) => grant.clientId === clientId && grant.orgId === org);
  // Kept before it is told: whoever hears of it may ask at once.
  await webex.save();
  await webhooks.deliver(
    { app, orgId: org, admin, event: authorized ? 'authorized' : 'deauthorized' },
    { signal },
  );
}
