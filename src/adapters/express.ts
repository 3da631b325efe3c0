import type { IncomingMessage, ServerResponse } from 'node:http';

import { delegate } from './node-http.js';
import type { HandlerOwner } from './node-http.js';

/** What we use of Express's request (4 and 5): Node's own, with the path as it was before routing. */
export type ExpressRequest = IncomingMessage & { readonly originalUrl: string };

/** Middleware for Express 5 and 4: `app.use('/auth/webex', express(auth))`. */
export function express(
  auth: HandlerOwner,
): (request: ExpressRequest, response: ServerResponse, next: (error?: unknown) => void) => void {
  return (incoming, outgoing, next) => {
    delegate(auth, { incoming, outgoing, path: incoming.originalUrl }).catch(next);
  };
}
