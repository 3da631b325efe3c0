import { readAdvance, readApproval, readFault, readLifetimes, readMode, readUser } from './control-input.js';
import { apiError } from './error-answer.js';
import { findPerson } from './fake-webex.js';
import type { FakeWebex } from './fake-webex.js';
import { isOwnBrowserRequest } from './own-browser-request.js';
import { jsonBody } from './read-body.js';
import type { EmulatorContext, Route } from './route.js';
import type { DecideServiceApp } from './service-app-admin-routes.js';
import { serviceAppControls } from './service-app-controls.js';

/** What the control API may do to the emulator as a whole. */
export interface Controls {
  advance(ms: number): void;
  revokeAll(userId?: string): void;
  /** False where no device waits for this code. */
  decideDevice(userCode: string, decision: { userId: string } | 'decline'): boolean;
  reset(): void;
  decideServiceApp: DecideServiceApp;
}

type Answer = (context: EmulatorContext, body: unknown) => Response | Promise<Response>;

/** The control API for other processes, under `/_emulator`: JSON, from this machine, never from another site's page. */
export function controlRoutes(webex: FakeWebex, controls: Controls): Route[] {
  const { faults, ledger, settings, clock, clients, users } = webex;
  const bad = (context: EmulatorContext): Response =>
    apiError(context, 400, 'The JSON body is not as documented.');
  const table: [Route['method'], string, Answer][] = [
    [
      'GET',
      '',
      (context) => {
        const known = clients.map(({ clientId, name, redirectUris, scopes }) => ({
          clientId,
          name,
          redirectUris,
          scopes,
        }));
        return context.json({ now: clock.now(), settings, users, clients: known });
      },
    ],
    ['GET', '/faults', (context) => context.json({ faults: faults.list() })],
    [
      'POST',
      '/faults',
      (context, body) => {
        const fault = readFault(body);
        return fault ? context.json({ id: faults.add(fault).id }, 201) : bad(context);
      },
    ],
    ['DELETE', '/faults', (context) => (faults.clear(), context.body(null, 204))],
    [
      'DELETE',
      '/faults/:id',
      (context) => {
        const isKnown = faults.remove(context.req.param('id') ?? '');
        return isKnown ? context.body(null, 204) : apiError(context, 404, 'There is no such fault.');
      },
    ],
    [
      'GET',
      '/ledger',
      (context) => {
        const { entries, staleRefreshes, maxOverlap } = ledger;
        return context.json({ entries, staleRefreshes, maxOverlap });
      },
    ],
    ['DELETE', '/ledger', (context) => (ledger.clear(), context.body(null, 204))],
    [
      'POST',
      '/clock',
      (context, body) => {
        const ms = readAdvance(body);
        if (ms === undefined) return bad(context);
        controls.advance(ms);
        return context.json({ now: clock.now() });
      },
    ],
    [
      'POST',
      '/mode',
      (context, body) => {
        const mode = readMode(body);
        if (!mode) return bad(context);
        settings.refreshMode = mode;
        return context.json({ refreshMode: mode });
      },
    ],
    [
      'POST',
      '/lifetimes',
      (context, body) => {
        const lifetimes = readLifetimes(body);
        if (!lifetimes) return bad(context);
        return context.json({ lifetimes: Object.assign(settings.lifetimes, lifetimes) });
      },
    ],
    [
      'POST',
      '/revoke',
      (context, body) => {
        const wanted = readUser(body);
        const person = findPerson(users, wanted?.user ?? '');
        if (!wanted || (wanted.user !== undefined && !person)) return bad(context);
        controls.revokeAll(person?.id);
        return context.body(null, 204);
      },
    ],
    ['GET', '/devices', (context) => context.json({ devices: webex.devices.list })],
    [
      'POST',
      '/devices',
      (context, body) => {
        const wanted = readApproval(body);
        const person = wanted?.user === undefined ? users[0] : findPerson(users, wanted.user);
        if (!wanted || !person) return bad(context);
        const decision = wanted.deny ? 'decline' : { userId: person.id };
        return controls.decideDevice(wanted.userCode, decision)
          ? context.body(null, 204)
          : apiError(context, 404, 'No device waits for this code.');
      },
    ],
    ['POST', '/reset', (context) => (controls.reset(), context.body(null, 204))],
    ...serviceAppControls(webex, controls.decideServiceApp),
  ];
  return table.map(([method, path, answer]) => ({
    method,
    path: `/_emulator${path}`,
    handle: (context) => {
      if (!isOwnBrowserRequest(context, 'control')) return apiError(context, 403, 'Only from this machine.');
      if (method !== 'POST') return answer(context, undefined);
      if (!/^application\/json(;|$)/i.test(context.req.header('content-type') ?? '')) {
        return apiError(context, 415, 'The body must be application/json.');
      }

      return answer(context, jsonBody(context));
    },
  }));
}
