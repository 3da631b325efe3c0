import { debuglog } from 'node:util';
import type { Clock } from '../base/clock.js';
import { Emitter } from '../base/emitter.js';
import type { EventMessage, Tracing } from '../base/tracing.js';
import { type LogFields, logLine, mark } from './log-line.js';
import { isKnownMethod } from './methods.js';
import { packageVersion } from './package-version.js';
import { publicPath } from './public-path.js';

/** Takes a line of the debug log, without a line break at its end. */
export type Log = (line: string) => void;

/** What the debug log needs. */
export interface DebugLogOptions {
  tracing: Tracing;
  clock: Pick<Clock, 'now'>;
  /** The application's own. */
  log: Log | undefined;
  /** Those that matter, for the first line. */
  settings: LogFields;
}

/**
 * Writes what is done as lines that may be published: no secret and no personal data is in them. They go to `log`, and to stderr with
 * `NODE_DEBUG=webex-auth`. Without either nothing is watched.
 */
export function startDebugLog({ tracing, clock, log, settings }: DebugLogOptions): void {
  const write = writerOf(log);
  if (!write) return;
  const say = (words: readonly (string | undefined)[], fields: LogFields): void =>
    write(logLine(clock.now(), words, fields));

  say(['webex-auth'], { version: packageVersion(), node: process.versions.node, ...settings });
  tracing.requests.watch(async (message, work) => {
    try {
      return await work();
    } finally {
      const { method, origin, path, status, code, ms, trackingId, resends } = message;
      const address = `${origin}${publicPath(path)}`;
      const resend = resends > 0 ? resends : undefined;
      say(['request', methodOf(method), address], { status, error: code, ...traced(trackingId), resend, ms });
    }
  });
  tracing.refreshes.watch(async (message, work) => {
    try {
      return await work();
    } finally {
      const { subject, cause, outcome, code, trackingId, ms } = message;
      say(['refresh', mark('subject', subject)], { cause, outcome, error: code, ...traced(trackingId), ms });
    }
  });
  tracing.retries.listen(({ method, origin, attempt, status, code, delayMs, trackingId }) =>
    say(['retry', methodOf(method), origin], {
      attempt,
      status,
      error: code,
      ...traced(trackingId),
      delayMs,
    }),
  );
  tracing.refusals.listen(({ method, origin, code, retryAt }) =>
    say(['refused', methodOf(method), origin], { error: code, retryAt: instant(retryAt) }),
  );
  tracing.events.listen(({ name, payload }) => {
    const fields = EVENTS.get(name);
    if (!fields) return;
    const { subject } = payload;
    say(['event', name, typeof subject === 'string' ? mark('subject', subject) : undefined], fields(payload));
  });
}

// Events that are not here are told by another line, or by another name.
const EVENTS = new Map<string, (payload: EventMessage['payload']) => LogFields>(
  Object.entries({
    phase: pick('phase'),
    ready: ({ phases }) => ({
      ms: (phases as readonly { ms: number }[]).reduce((sum, { ms }) => sum + ms, 0),
    }),
    login: pick('kind'),
    logout: pick('revoked'),
    unauthorized: pick('kind', 'reason', 'action'),
    'auth:error': ({ code, retryable, trackingId, retryAt }) => ({
      error: code as string,
      retryable: retryable as boolean,
      ...traced(trackingId),
      retryAt: instant(retryAt),
    }),
    'grant:suspect': pick('reason'),
    'grant:recovered': pick(),
    degraded: pick('reason'),
  }),
);

function pick(...names: readonly string[]): (payload: EventMessage['payload']) => LogFields {
  return (payload) => Object.fromEntries(names.map((name) => [name, payload[name]])) as LogFields;
}

// Hexadecimal digits behind a word, eight in a row at least: a caller may have put a name into theirs.
const PUBLIC_TRACKING_ID =
  /^[a-z][a-z\d-]{0,31}(?=_.*[\da-f-]{8})(_(?=[a-f-]*\d)[\da-f-]{1,48}){1,4}(\+\d{1,9})?$/i;

function traced(trackingId: unknown): LogFields {
  const isPublic = typeof trackingId === 'string' && PUBLIC_TRACKING_ID.test(trackingId);
  return { trackingId: isPublic ? trackingId : undefined };
}

function methodOf(method: string): string {
  return isKnownMethod(method) ? method : 'OTHER';
}

function instant(ms: unknown): string | undefined {
  return typeof ms === 'number' && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : undefined;
}

function writerOf(log: Log | undefined): Log | undefined {
  const debug = debuglog('webex-auth');
  if (!log && !debug.enabled) return undefined;
  const lines = new Emitter<{ line: string }>({ onListenerError: warnOnce() });
  if (log) lines.on('line', log);
  if (debug.enabled) lines.on('line', (line) => debug('%s', line));
  return (line) => lines.emit('line', line);
}

// One warning says it: a log that fails, fails with every line.
function warnOnce(): (error: unknown) => void {
  let warned = false;
  return (error) => {
    if (warned) return;
    warned = true;
    process.emitWarning(`The log function failed: ${error instanceof Error ? error.name : typeof error}`, {
      type: 'WebexAuthWarning',
      code: 'LOG_FAILED',
    });
  };
}
