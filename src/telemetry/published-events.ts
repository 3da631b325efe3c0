import type { Emitter } from '../base/emitter.js';
import type { Tracing } from '../base/tracing.js';
import type { WebexAuthEvents } from '../events.js';

// A record, so that the compiler asks for a new event here too.
const NAMES: Readonly<Record<keyof WebexAuthEvents, true>> = {
  ready: true,
  phase: true,
  'token:refresh': true,
  unauthorized: true,
  'auth:error': true,
  login: true,
  logout: true,
  'grant:suspect': true,
  'grant:recovered': true,
  loaded: true,
  'client:logout': true,
  'client:InvalidRequestError': true,
  degraded: true,
};

/** Publishes every event on the channel `webex-auth.event`. Returns the function that stops it. */
export function publishEvents(emitter: Emitter<WebexAuthEvents>, { events }: Tracing): () => void {
  const stops = (Object.keys(NAMES) as (keyof WebexAuthEvents)[]).map((name) =>
    emitter.on(name, (payload) => events.publish({ name, payload: { ...payload } })),
  );
  return () => {
    for (const stop of stops) stop();
  };
}
