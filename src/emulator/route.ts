import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { OpenEntry } from './ledger.js';

/** What Hono carries through one request. */
export interface EmulatorEnv {
  /** `region`: whose host was called. */
  Bindings: HttpBindings & { region: string };
  Variables: {
    /** The request's line in the ledger. */
    entry: OpenEntry;
    trackingId: string;
    body: string;
    /** The form body; absent for any other content type. */
    form: URLSearchParams | undefined;
  };
}

/** One request. */
export type EmulatorContext = Context<EmulatorEnv>;

/** One entry of the route table. */
export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  handle: (context: EmulatorContext) => Response | Promise<Response>;
}
