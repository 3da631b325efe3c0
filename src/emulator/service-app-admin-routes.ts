import { checkCsrfToken, issueCsrfToken } from './consent.js';
import type { FakeWebex } from './fake-webex.js';
import { isOwnBrowserRequest } from './own-browser-request.js';
import { noticePage, sendPage } from './page.js';
import type { EmulatorContext, Route } from './route.js';
import { serviceAppPage } from './service-app-page.js';
import type { ServiceAppDecision } from './service-app-consent.js';

const PATH = '/admin/service-apps';

/** Carries a decision out; resolves when it is kept and told. */
export type DecideServiceApp = (decision: ServiceAppDecision) => Promise<void>;

/** The page on which an admin authorizes service apps; Webex has it in Control Hub (webex-facts 6.2). */
export function serviceAppAdminRoutes(webex: FakeWebex, decide: DecideServiceApp): Route[] {
  return [
    { method: 'GET', path: PATH, handle: (context) => show(webex, context) },
    { method: 'POST', path: PATH, handle: (context) => takeDecision(webex, context, decide) },
  ];
}

function show(webex: FakeWebex, context: EmulatorContext): Promise<Response> {
  if (!isOwnBrowserRequest(context, 'navigation'))
    return refuse(webex, context, 'This request came from elsewhere.');
  const csrf = issueCsrfToken(context, { key: webex.state.key, request: PATH });
  return sendPage(context, serviceAppPage(webex, { csrf }), {
    formTargets: [new URL(context.req.url).origin],
  });
}

async function takeDecision(
  webex: FakeWebex,
  context: EmulatorContext,
  decide: DecideServiceApp,
): Promise<Response> {
  const form = context.get('form') ?? new URLSearchParams();
  const csrf = form.get('csrf') ?? '';
  const { serviceApps, state } = webex;
  if (
    !isOwnBrowserRequest(context, 'form') ||
    !checkCsrfToken(context, { csrf, key: state.key, request: PATH })
  ) {
    return refuse(webex, context, 'This form was not made for this browser. Open the page again.', 403);
  }
  const clientId = form.get('client') ?? '';
  const orgId = form.get('org') ?? '';
  const decision = form.get('decision') ?? '';
  const isKnown = serviceApps.find(clientId) && serviceApps.orgIds().includes(orgId);
  if (!isKnown || !['authorize', 'deauthorize'].includes(decision)) {
    return refuse(webex, context, 'Pick a service app and an organisation, and authorize or deauthorize.');
  }
  await decide({ clientId, orgId, authorized: decision === 'authorize' });
  return context.redirect(PATH, 303);
}

function refuse(
  { banner }: FakeWebex,
  context: EmulatorContext,
  text: string,
  status: 400 | 403 = 400,
): Promise<Response> {
  return sendPage(context, noticePage({ title: 'This cannot go on', text, banner }), { status });
}
