import type { Attributes, Meter, MeterProvider } from '@opentelemetry/api';
import type { EventMessage, Tracing, Watcher } from '../base/tracing.js';
import { outcomeAttributes, requestAttributes } from './http-attributes.js';
import type { OpenTelemetryApi } from './open-telemetry-api.js';

// The advice of OpenTelemetry's HTTP semantic conventions, seconds; a refresh may take two minutes.
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const REFRESH_BUCKETS = [...REQUEST_BUCKETS, 30, 60, 120];

/** Durations in seconds and counts. Attributes have few values: never a subject, a path or an id. */
export function recordMetrics(
  tracing: Tracing,
  { metrics, createNoopMeter }: OpenTelemetryApi,
  version: string,
): void {
  let provider: MeterProvider | undefined;
  let made: Instruments | undefined;
  // An application may register its SDK after us, and the API has no stand-in that would find it then. None: undefined.
  const instruments = (): Instruments | undefined => {
    const current = metrics.getMeterProvider();
    if (current !== provider) {
      provider = current;
      const meter = current.getMeter('webex-auth', version);
      made = meter === createNoopMeter() ? undefined : instrumentsOf(meter);
    }
    return made;
  };
  const isActive = (): boolean => {
    try {
      return instruments() !== undefined;
    } catch {
      return false;
    }
  };

  tracing.requests.watch(
    afterwards((message) =>
      instruments()?.requestSeconds.record(seconds(message.ms), {
        ...requestAttributes(message),
        ...outcomeAttributes(message),
      }),
    ),
    isActive,
  );
  tracing.refreshes.watch(
    afterwards(({ cause, outcome = 'failed', code, ms }) =>
      instruments()?.refreshSeconds.record(seconds(ms), {
        'webex_auth.refresh.cause': cause,
        'webex_auth.refresh.outcome': outcome,
        ...(code !== undefined && { 'error.type': code }),
      }),
    ),
    isActive,
  );
  tracing.retries.listen(({ status, code }) =>
    quietly(() => instruments()?.retries.add(1, { 'error.type': code ?? String(status) })),
  );
  tracing.refusals.listen(({ code }) =>
    quietly(() => instruments()?.refusals.add(1, { 'error.type': code })),
  );
  tracing.events.listen(({ name, payload }) =>
    quietly(() => {
      const counted = COUNTED.get(name);
      if (counted) instruments()?.[counted.by].add(1, counted.attributes(payload));
    }),
  );
}

type Counter = 'logins' | 'logouts' | 'refreshes' | 'errors' | 'unauthorized' | 'degraded';

interface Counted {
  by: Counter;
  attributes: (payload: EventMessage['payload']) => Attributes;
}

const COUNTED = new Map<string, Counted>(
  Object.entries<Counted>({
    login: { by: 'logins', attributes: ({ kind }) => ({ 'webex_auth.grant.kind': text(kind) }) },
    logout: { by: 'logouts', attributes: ({ revoked }) => ({ 'webex_auth.revoked': revoked === true }) },
    'token:refresh': {
      by: 'refreshes',
      attributes: ({ cause }) => ({ 'webex_auth.refresh.cause': text(cause) }),
    },
    'auth:error': { by: 'errors', attributes: ({ code }) => ({ 'error.type': text(code) }) },
    unauthorized: {
      by: 'unauthorized',
      attributes: ({ kind }) => ({ 'webex_auth.unauthorized.kind': text(kind) }),
    },
    degraded: {
      by: 'degraded',
      attributes: ({ reason }) => ({ 'webex_auth.degraded.reason': text(reason) }),
    },
  }),
);

type Instruments = ReturnType<typeof instrumentsOf>;

function instrumentsOf(meter: Meter) {
  const seconds = (name: string, description: string, explicitBucketBoundaries: number[]) =>
    meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries } });
  const count = (name: string, unit: string, description: string) =>
    meter.createCounter(`webex_auth.${name}`, { description, unit });
  return {
    requestSeconds: seconds(
      'http.client.request.duration',
      'Duration of HTTP client requests.',
      REQUEST_BUCKETS,
    ),
    refreshSeconds: seconds('webex_auth.refresh.duration', 'Duration of refreshes.', REFRESH_BUCKETS),
    logins: count('logins', '{login}', 'Grants that were stored by signing in.'),
    logouts: count('logouts', '{logout}', 'Grants that were ended here.'),
    refreshes: count('refreshes', '{refresh}', 'Refreshed token sets that were stored.'),
    errors: count('errors', '{error}', 'Authentication failures, passing ones too.'),
    unauthorized: count('unauthorized', '{grant}', 'Grants that need their person or administrator.'),
    retries: count('retries', '{retry}', 'Calls that were repeated after a rate limit or a failure.'),
    refusals: count('refusals', '{call}', 'Calls that failed here: nothing was sent, or sent again.'),
    degraded: count('degraded', '{event}', 'Things that work less well than they should.'),
  };
}

function afterwards<Message>(record: (message: Message) => void): Watcher<Message> {
  return (message, work) => work().finally(() => quietly(() => record(message)));
}

// What an application's exporter or view throws harms no call.
function quietly(record: () => void): void {
  try {
    record();
  } catch {
    return;
  }
}

function seconds(ms = 0): number {
  return ms / 1000;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : 'unknown';
}
