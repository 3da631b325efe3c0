import { OIDC_SCOPES } from './authorization-request.js';
import { authenticateClient } from './client-authentication.js';
import { FIRST_INTERVAL } from './device-book.js';
import type { PollVerdict } from './device-book.js';
import { devicePageRoutes, VERIFICATION_PATH } from './device-pages.js';
import type { EmulatorClient } from './emulator-options.js';
import { apiError, refuseToken } from './error-answer.js';
import { findPerson } from './fake-webex.js';
import type { FakeWebex } from './fake-webex.js';
import type { EmulatorContext, Route } from './route.js';
import { splitScope } from './scope-list.js';

/** The grant type of RFC 8628, 3.4. */
export const DEVICE_GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:device_code';

/** The device grant (webex-facts 2.3; RFC 8628): where a device asks, where it polls, and the person's page. */
export function deviceRoutes(webex: FakeWebex): Route[] {
  return [
    { method: 'POST', path: '/v1/device/authorize', handle: (context) => authorizeDevice(webex, context) },
    { method: 'POST', path: '/v1/device/token', handle: (context) => answerPoll(webex, context) },
    ...devicePageRoutes(webex),
  ];
}

function authorizeDevice(webex: FakeWebex, context: EmulatorContext): Response {
  const form = readForm(context);
  if (form instanceof Response) return form;
  // None is asked for here, and a device may be in anybody's hands.
  if (form.has('client_secret') || context.req.header('authorization') !== undefined) {
    return apiError(context, 400, 'No client secret belongs here.', 'invalid_request');
  }
  const client = webex.clients.find(({ clientId }) => clientId === form.get('client_id'));
  if (!client) return apiError(context, 400, 'Client Id is invalid');
  if (client.deviceRedirectUris === false) {
    const text = 'The redirect_uri of the device helper service is not registered on the integration.';
    return apiError(context, 400, text);
  }
  const scopes = splitScope(form.get('scope'));
  const isAllowed = (scope: string): boolean => client.scopes.includes(scope) && !OIDC_SCOPES.includes(scope);
  if (scopes.length === 0 || !scopes.every(isAllowed)) return refuseToken(context, 'scope');
  const { deviceCode, userCode } = webex.devices.issue({ clientId: client.clientId, scopes });
  const page = new URL(VERIFICATION_PATH, context.req.url).href;
  context.header('Cache-Control', 'no-store');
  return context.json({
    device_code: deviceCode,
    expires_in: webex.settings.lifetimes.deviceCode,
    user_code: userCode,
    verification_uri: page,
    verification_uri_complete: `${page}?userCode=${userCode}`,
    interval: FIRST_INTERVAL,
  });
}

function answerPoll(webex: FakeWebex, context: EmulatorContext): Response {
  const form = readForm(context);
  if (form instanceof Response) return form;
  const authorization = context.req.header('authorization');
  const authenticated = authenticateClient(webex.clients, { authorization, form });
  if ('refused' in authenticated) return refuseToken(context, authenticated.refused);
  // The secret is right, but this endpoint takes it by Basic alone.
  if (form.has('client_secret')) return refuseToken(context, 'client');
  const grantType = form.get('grant_type');
  if (grantType !== DEVICE_GRANT_TYPE)
    return refuseToken(context, grantType === null ? 'missing' : 'grant_type');
  const deviceCode = form.get('device_code');
  if (deviceCode === null || !form.has('client_id')) return refuseToken(context, 'missing');
  if (!isUserInfo(form.get('user_info'))) {
    return apiError(context, 400, 'The user_info must be a JSON object.', 'invalid_request');
  }
  const verdict = webex.devices.poll(deviceCode, authenticated.client.clientId);
  if (verdict.kind !== 'allowed') return refusePoll(webex, context, verdict);
  return giveTokens(webex, context, { client: authenticated.client, ...verdict });
}

function giveTokens(
  webex: FakeWebex,
  context: EmulatorContext,
  { client, userId, scopes }: { client: EmulatorClient; userId: string; scopes: string[] },
): Response {
  const person = findPerson(webex.users, userId);
  if (!person) return apiError(context, 400, 'The person is gone.', 'invalid_grant');
  const { clientId } = client;
  const { orgId } = person;
  const jwt = { format: 'jwt', onlyFormat: 'jwt', lifetime: 'deviceToken' } as const;
  const { answer } = webex.grants.open({ clientId, userId, orgId, scopes, ...jwt });
  context.header('Cache-Control', 'no-store');
  return context.json(answer);
}

// The code of RFC 8628, 3.5 sits in the description (webex-facts 2.3).
function refusePoll(
  { settings }: FakeWebex,
  context: EmulatorContext,
  verdict: Exclude<PollVerdict, { kind: 'allowed' }>,
): Response {
  switch (verdict.kind) {
    case 'pending': {
      const status = settings.devicePending === '428' ? 428 : 400;
      return apiError(context, status, 'The device is not authorized yet.', 'authorization_pending');
    }
    case 'slow_down': {
      const text = 'The device polls too often.';
      if (settings.deviceSlowDown === '400') return apiError(context, 400, text, 'slow_down');
      context.header('Retry-After', String(verdict.interval));
      return apiError(context, 429, text, 'slow_down');
    }
    case 'declined':
      return apiError(context, 400, 'The person declined.', 'access_denied');
    case 'expired':
      return apiError(context, 400, 'The device code has expired.', 'expired_token');
    case 'unknown':
      return apiError(
        context,
        400,
        'The device code is unknown, used, or not of this client.',
        'invalid_grant',
      );
  }
}

function readForm(context: EmulatorContext): URLSearchParams | Response {
  const form = context.get('form');
  if (!form) return refuseToken(context, 'not_a_form');
  if (new URL(context.req.url).search !== '') return refuseToken(context, 'in_query');
  return new Set(form.keys()).size === form.size ? form : refuseToken(context, 'repeated');
}

function isUserInfo(text: string | null): boolean {
  if (text === null) return true;
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value);
  } catch {
    return false;
  }
}
