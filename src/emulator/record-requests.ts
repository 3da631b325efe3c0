import type { MiddlewareHandler } from 'hono';
import { namedClient } from './client-authentication.js';
import { DEVICE_GRANT_TYPE } from './device-routes.js';
import { withoutTokens } from './fake-token.js';
import type { FakeWebex } from './fake-webex.js';
import type { EmulatorEnv } from './route.js';
import { GRANT_TYPES } from './token-routes.js';

const KNOWN_GRANT_TYPES = [...GRANT_TYPES, DEVICE_GRANT_TYPE];

/** Reads the form once, gives every answer its `Trackingid`, and writes every request into the ledger. */
export function recordRequests(webex: FakeWebex): MiddlewareHandler<EmulatorEnv> {
  return async (context, next) => {
    const isForm = /^application\/x-www-form-urlencoded(;|$)/i.test(context.req.header('content-type') ?? '');
    const form = isForm ? new URLSearchParams(context.get('body')) : undefined;
    const parameters = form ?? new URL(context.req.url).searchParams;
    const authorization = context.req.header('authorization');
    const clientId = namedClient(webex.clients, { authorization, parameters });
    const grantType = form?.get('grant_type');
    const entry = webex.ledger.begin({
      at: webex.clock.now(),
      method: context.req.method,
      path: withoutTokens(context.req.path).slice(0, 200),
      trackingId: context.get('trackingId'),
      ...(clientId === undefined ? {} : { clientId }),
      ...(grantType ? { grantType: KNOWN_GRANT_TYPES.includes(grantType) ? grantType : 'other' } : {}),
    });
    if (grantType === 'refresh_token') {
      webex.ledger.present(entry, webex.grants.identify(form?.get('refresh_token') ?? ''));
    }
    context.set('entry', entry);
    context.set('form', form);
    context.header('Trackingid', context.get('trackingId'));
    try {
      await next();
    } finally {
      webex.ledger.end(entry);
    }
  };
}
