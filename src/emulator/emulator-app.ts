import { Hono } from 'hono';
import { apiRoutes } from './api-routes.js';
import { authorizationRoutes } from './authorization-routes.js';
import { authorizeRoutes } from './authorize-routes.js';
import { catalogRoutes } from './catalog-routes.js';
import { controlRoutes } from './control-routes.js';
import type { Controls } from './control-routes.js';
import { deviceRoutes } from './device-routes.js';
import { apiError } from './error-answer.js';
import type { FakeWebex } from './fake-webex.js';
import { guestRoutes } from './guest-routes.js';
import { oidcRoutes } from './oidc-routes.js';
import { noticePage, sendPage } from './page.js';
import { readBody } from './read-body.js';
import { recordRequests } from './record-requests.js';
import { revocationRoutes } from './revocation-routes.js';
import type { EmulatorEnv, Route } from './route.js';
import { serviceAppAdminRoutes } from './service-app-admin-routes.js';
import { serviceAppRoutes } from './service-app-routes.js';
import { strikeFaults } from './strike-faults.js';
import { tokenInfoRoutes } from './token-info-routes.js';
import { tokenRoutes } from './token-routes.js';
import { trackingIdFor } from './tracking-id.js';

/** The emulator's HTTP face. A new endpoint is an entry in one of the route tables. */
export function emulatorApp(
  webex: FakeWebex,
  { controls, closing }: { controls: Controls; closing: AbortSignal },
): Hono<EmulatorEnv> {
  const app = new Hono<EmulatorEnv>();
  app.onError((_error, context) => apiError(context, 500, 'The emulator failed. This is a defect in it.'));
  app.notFound((context) => apiError(context, 404, 'The requested resource could not be found.'));
  app.use(async (context, next) => {
    context.set('trackingId', trackingIdFor(context.req.header('trackingid')));
    await next();
    const isGiven =
      context.res.headers.has('Trackingid') || context.env.outgoing.getHeader('Trackingid') !== undefined;
    if (!isGiven) context.header('Trackingid', context.get('trackingId'));
  });
  app.use(readBody);
  mount(app, controlRoutes(webex, controls));
  // What follows is Webex; what came before is not and takes part neither in faults nor in the ledger.
  app.use(recordRequests(webex));
  app.use(strikeFaults(webex, closing));
  mount(app, [
    home(webex),
    ...authorizeRoutes(webex),
    ...tokenRoutes(webex),
    ...revocationRoutes(webex),
    ...apiRoutes(webex),
    ...deviceRoutes(webex),
    ...guestRoutes(webex),
    ...authorizationRoutes(webex),
    ...tokenInfoRoutes(webex),
    ...serviceAppRoutes(webex),
    ...serviceAppAdminRoutes(webex, controls.decideServiceApp),
    ...oidcRoutes(webex),
    ...catalogRoutes(webex),
  ]);
  return app;
}

function mount(app: Hono<EmulatorEnv>, routes: readonly Route[]): void {
  for (const { method, path, handle } of routes) app.on(method, path, (context) => handle(context));
  for (const path of new Set(routes.map((route) => route.path))) {
    const allowed = routes.filter((route) => route.path === path).map(({ method }) => method);
    app.all(path, (context) => {
      context.header('Allow', allowed.join(', '));
      return apiError(context, 405, 'The method is not allowed here.');
    });
  }
}

function home({ banner }: FakeWebex): Route {
  const text =
    'It runs. Point an application at it and begin a sign-in there; see the documentation for its endpoints.';
  const page = noticePage({ title: 'Webex emulator', text, banner });
  return { method: 'GET', path: '/', handle: (context) => sendPage(context, page) };
}
