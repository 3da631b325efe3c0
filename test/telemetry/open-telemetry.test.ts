import { readFile } from 'node:fs/promises';
import { context, metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Tracing } from '../../src/base/tracing.js';
import { UnauthorizedError, type WebexAuth } from '../../src/index.js';
import { recordWithOpenTelemetry } from '../../src/telemetry/open-telemetry.js';
import { emulatedWebex } from '../seed/emulated-webex.js';
import { createLeakScanner } from '../support/leak-scanner.js';

const exporter = new InMemorySpanExporter();
const begun: string[] = [];
// Many begin in the same millisecond.
const order: SpanProcessor = {
  onStart: (span) => void begun.push(span.spanContext().spanId),
  onEnd: () => undefined,
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};
const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const reader = new PeriodicExportingMetricReader({
  exporter: metricExporter,
  exportIntervalMillis: 3_600_000,
});
const meters = new MeterProvider({ readers: [reader] });

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [order, new SimpleSpanProcessor(exporter)] }),
  );
  metrics.setGlobalMeterProvider(meters);
});
afterAll(async () => {
  await meters.shutdown();
  for (const api of [context, trace, metrics]) api.disable();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reader.forceFlush();
  exporter.reset();
  metricExporter.reset();
});

/** The spans that have ended, in the order in which they began, each with its parent's name. */
function spans(): (Pick<ReadableSpan, 'name' | 'kind' | 'attributes' | 'status'> & {
  parent: string | undefined;
})[] {
  const ended = exporter.getFinishedSpans();
  const names = new Map(ended.map((span) => [span.spanContext().spanId, span.name]));
  return ended
    .toSorted((a, b) => begun.indexOf(a.spanContext().spanId) - begun.indexOf(b.spanContext().spanId))
    .map(({ name, kind, attributes, status, parentSpanContext }) => ({
      name,
      kind,
      attributes,
      status,
      parent: parentSpanContext && (names.get(parentSpanContext.spanId) ?? 'unknown'),
    }));
}

/** What was measured since the last time, by the names of the instruments. */
async function measured(): Promise<Map<string, MetricData>> {
  metricExporter.reset();
  await reader.forceFlush();
  const scopes = metricExporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
  expect(scopes.every(({ scope }) => scope.name === 'webex-auth')).toBe(true);
  return new Map(scopes.flatMap((scope) => scope.metrics).map((one) => [one.descriptor.name, one]));
}

/** Counts by attributes, of a counter or a histogram. */
function counts(metric: MetricData | undefined): [object, number][] {
  return (metric?.dataPoints ?? []).map(({ attributes, value }) => [
    attributes,
    typeof value === 'number' ? value : (value as { count: number }).count,
  ]);
}

const within = <Result>(name: string, work: () => Promise<Result>): Promise<Result> =>
  trace.getTracer('test').startActiveSpan(name, (span) => work().finally(() => span.end()));

describe('OpenTelemetry', () => {
  const webex = emulatedWebex();

  async function signedIn(): Promise<{ auth: WebexAuth; subject: string }> {
    const auth = await webex().open({ scheduler: false });
    const { subject } = await webex().signInTo(auth);
    exporter.reset();
    await measured();
    return { auth, subject };
  }

  it('a 401, the refresh and the replay are spans in their order, below the span of the caller', async () => {
    const { auth, subject } = await signedIn();
    const { port, origin } = new URL(webex().emulator.url);
    const user = await auth.user(subject);
    webex().emulator.faults.add({ route: 'GET /v1/people/me', times: 1, status: 401 });
    await within('caller', () => user.request({ uri: '/people/me?callingData=true#here' }));

    const server = { 'server.address': '127.0.0.1', 'server.port': Number(port) };
    const get = {
      ...server,
      'http.request.method': 'GET',
      'url.full': `${origin}/v1/people/me`,
      'webex_auth.purpose': 'api',
      'webex_auth.tracking_id': expect.stringMatching(/./) as string,
    };
    expect(spans()).toEqual([
      expect.objectContaining({ name: 'caller', parent: undefined }),
      {
        name: 'GET',
        parent: 'caller',
        kind: SpanKind.CLIENT,
        attributes: { ...get, 'http.response.status_code': 401, 'error.type': '401' },
        status: { code: SpanStatusCode.ERROR },
      },
      {
        name: 'webex_auth.refresh',
        parent: 'caller',
        kind: SpanKind.INTERNAL,
        attributes: { 'webex_auth.refresh.cause': 'rejected', 'webex_auth.refresh.outcome': 'refreshed' },
        status: { code: SpanStatusCode.UNSET },
      },
      {
        name: 'POST',
        parent: 'webex_auth.refresh',
        kind: SpanKind.CLIENT,
        attributes: {
          ...get,
          'http.request.method': 'POST',
          'url.full': `${origin}/v1/access_token`,
          'webex_auth.purpose': 'authorization',
          'http.response.status_code': 200,
        },
        status: { code: SpanStatusCode.UNSET },
      },
      {
        name: 'GET',
        parent: 'caller',
        kind: SpanKind.CLIENT,
        attributes: { ...get, 'http.request.resend_count': 1, 'http.response.status_code': 200 },
        status: { code: SpanStatusCode.UNSET },
      },
    ]);
  });

  it('a broken connection is an error with our code; nothing of the trace is sent to Webex', async () => {
    const { auth, subject } = await signedIn();
    const user = await auth.user(subject);
    webex().emulator.faults.add({ route: 'POST /v1/messages', times: 1, resetBefore: true });
    await user.request({ uri: '/messages', method: 'POST', body: {} }).catch(() => undefined);
    expect(spans()).toMatchObject([
      { name: 'POST', attributes: { 'error.type': 'NETWORK_ERROR' }, status: { code: SpanStatusCode.ERROR } },
    ]);
    const seen: string[] = [];
    const fetch: typeof globalThis.fetch = (url, init) => {
      seen.push(...new Headers(init?.headers).keys());
      return globalThis.fetch(url, init);
    };
    const other = await webex().open({ fetch: fetch as never, scheduler: false });
    await within('caller', () => webex().signInTo(other));
    expect(seen).toContain('trackingid');
    for (const name of ['traceparent', 'tracestate', 'baggage']) expect(seen).not.toContain(name);
  });

  it('many callers of one refresh give one span of it; a scheduled one begins a trace of its own', async () => {
    const { auth, subject } = await signedIn();
    await Promise.all(Array.from({ length: 10 }, () => auth.refresh(subject)));
    expect(spans().map(({ name }) => name)).toEqual(['webex_auth.refresh', 'POST']);
    exporter.reset();

    const tracing = new Tracing({ clock: webex().clock });
    await recordWithOpenTelemetry(tracing);
    const request = {
      method: 'GET',
      origin: 'https://webexapis.com',
      path: '/',
      purpose: 'api',
      resends: 0,
    } as const;
    await within('start', () =>
      tracing.refreshes.run({ subject, cause: 'scheduled' }, () =>
        tracing.requests.run({ ...request }, async () => undefined),
      ),
    );
    expect(spans().map(({ name, parent }) => [name, parent])).toEqual([
      ['start', undefined],
      ['webex_auth.refresh', undefined],
      ['GET', 'webex_auth.refresh'],
    ]);
  });

  it('measures requests and refreshes in seconds, and counts what is told', async () => {
    const auth = await webex().open({ scheduler: false });
    const { subject } = await webex().signInTo(auth);
    const user = await auth.user(subject);
    const { faults } = webex().emulator;
    faults.add({ route: 'GET /v1/rooms', times: 1, status: 503 });
    await user.request({ uri: '/rooms' });
    await auth.refresh(subject);
    faults.add({ route: 'POST /v1/access_token', times: 1, status: 400, body: { error: 'invalid_grant' } });
    await auth.refresh(subject).catch(() => undefined);
    const found = await measured();

    const where = {
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(webex().emulator.url).port),
    };
    const seconds = found.get('http.client.request.duration');
    expect(seconds?.descriptor).toMatchObject({
      unit: 's',
      advice: {
        explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
      },
    });
    expect(counts(seconds)).toEqual(
      expect.arrayContaining([
        [{ ...where, 'http.request.method': 'POST', 'http.response.status_code': 200 }, 2],
        [
          { ...where, 'http.request.method': 'POST', 'http.response.status_code': 400, 'error.type': '400' },
          1,
        ],
        [
          { ...where, 'http.request.method': 'GET', 'http.response.status_code': 503, 'error.type': '503' },
          1,
        ],
        [{ ...where, 'http.request.method': 'GET', 'http.response.status_code': 200 }, 2],
      ]),
    );
    expect(counts(found.get('webex_auth.refresh.duration'))).toEqual([
      [{ 'webex_auth.refresh.cause': 'manual', 'webex_auth.refresh.outcome': 'refreshed' }, 1],
      [
        {
          'webex_auth.refresh.cause': 'manual',
          'webex_auth.refresh.outcome': 'failed',
          'error.type': 'REAUTH_REQUIRED',
        },
        1,
      ],
    ]);
    const told = Object.fromEntries(
      [...found].filter(([name]) => !name.endsWith('duration')).map(([name, one]) => [name, counts(one)]),
    );
    expect(told).toEqual({
      'webex_auth.logins': [[{ 'webex_auth.grant.kind': 'authorization_code' }, 1]],
      'webex_auth.refreshes': [[{ 'webex_auth.refresh.cause': 'manual' }, 1]],
      'webex_auth.errors': [[{ 'error.type': 'INVALID_GRANT' }, 1]],
      'webex_auth.unauthorized': [[{ 'webex_auth.unauthorized.kind': 'dead' }, 1]],
      'webex_auth.retries': [[{ 'error.type': '503' }, 1]],
      'webex_auth.degraded': [[{ 'webex_auth.degraded.reason': 'STORE_NOT_DURABLE' }, 1]],
    });
  });

  it('B1: no secret, no subject and no path is in spans and metrics but the path in url.full', async () => {
    const scanner = createLeakScanner();
    scanner.watch(webex().client.clientSecret, 'client secret');
    const { auth, subject } = await signedIn();
    const user = await auth.user(subject);
    scanner.watch((await auth.token(subject)).accessToken, 'access token');
    scanner.watch(subject, 'subject');
    await user.request({ uri: '/rooms/a-room-of-ada?email=ada@example.com' }).catch(() => undefined);
    await auth.refresh(subject);
    scanner.watch((await auth.token(subject)).accessToken, 'new access token');
    const found = [...(await measured()).values()];
    const shown = spans();
    scanner.scanValue('spans', shown);
    scanner.scanValue(
      'metrics',
      found.map(({ descriptor, dataPoints }) => ({ descriptor, dataPoints })),
    );
    scanner.assertClean();
    expect(JSON.stringify(shown)).not.toContain('ada@');
    expect(JSON.stringify(found.map(({ dataPoints }) => dataPoints))).not.toContain('a-room-of-ada');
  });

  it('an application that closes one of two keeps the spans of the other, each once', async () => {
    const one = await signedIn();
    const other = await webex().open({ scheduler: false });
    await one.auth.refresh(one.subject);
    await other.close();
    await one.auth.refresh(one.subject);
    expect(spans().map(({ name }) => name)).toEqual([
      'webex_auth.refresh',
      'POST',
      'webex_auth.refresh',
      'POST',
    ]);
  });

  it('an SDK that throws harms no call', async () => {
    const broken = {
      ...(await import('@opentelemetry/api')),
      trace: {
        ...trace,
        getTracerProvider: () => ({}),
        getTracer: () => ({
          startSpan: () => {
            throw new Error('sampler');
          },
        }),
        setSpan: trace.setSpan.bind(trace),
      },
      metrics: {
        getMeterProvider: () => {
          throw new Error('views');
        },
      },
    } as never;
    const tracing = new Tracing({ clock: webex().clock });
    expect(await recordWithOpenTelemetry(tracing, () => Promise.resolve(broken))).toBe(true);
    const request = {
      method: 'GET',
      origin: 'https://webexapis.com',
      path: '/',
      purpose: 'api',
      resends: 0,
    } as const;
    expect(await tracing.requests.run({ ...request }, async () => 7)).toBe(7);
    const error = new UnauthorizedError('no');
    await expect(
      tracing.refreshes.run({ subject: 'a', cause: 'access' }, () => Promise.reject(error)),
    ).rejects.toBe(error);
    tracing.events.publish({ name: 'login', payload: { kind: 'a' } });
    tracing.retries.publish({ ...request, attempt: 1, delayMs: 1 });
  });

  it('a body that breaks off is a span and a duration with our code; a refused call is counted', async () => {
    const { auth, subject } = await signedIn();
    const user = await auth.user(subject);
    const { faults } = webex().emulator;
    faults.add({ route: 'GET /v1/rooms', times: 1, truncateBodyAt: 1 });
    await user.get('/rooms', { retry: false }).catch(() => undefined);
    faults.add({ route: 'GET /v1/people/me', times: 1, retryAfter: 3_600 });
    await user.get('/people/me').catch(() => undefined);
    await user.get('/people/me').catch(() => undefined);
    await user.get('https://elsewhere.example/').catch(() => undefined);
    expect(spans()).toMatchObject([
      {
        attributes: { 'http.response.status_code': 200, 'error.type': 'NETWORK_ERROR' },
        status: { code: SpanStatusCode.ERROR },
      },
      { attributes: { 'http.response.status_code': 429 } },
    ]);
    const found = await measured();
    expect(counts(found.get('http.client.request.duration')).map(([attributes]) => attributes)).toMatchObject(
      [
        { 'http.response.status_code': 200, 'error.type': 'NETWORK_ERROR' },
        { 'http.response.status_code': 429, 'error.type': '429' },
      ],
    );
    expect(counts(found.get('webex_auth.refusals'))).toEqual([
      [{ 'error.type': 'RATE_LIMITED' }, 1],
      [{ 'error.type': 'ORIGIN_NOT_ALLOWED' }, 1],
    ]);
  });

  it('a bundler sees that the package may be missing: the import itself has a catch', async () => {
    const source = new URL('../../src/telemetry/open-telemetry.ts', import.meta.url);
    expect(await readFile(source, 'utf8')).toMatch(/\bimport\('@opentelemetry\/api'\)\.catch\(/);
  });

  it.each([
    ["Cannot find package '@opentelemetry/api' imported from /app/x.js", 'ERR_MODULE_NOT_FOUND', true],
    ["Cannot find module '@opentelemetry/api'", 'MODULE_NOT_FOUND', true],
    [
      "webex-auth tried to access @opentelemetry/api (a peer dependency) but it isn't provided by its ancestors",
      'MODULE_NOT_FOUND',
      true,
    ],
    [
      "Cannot find package '@opentelemetry/core' imported from /app/node_modules/@opentelemetry/api/x.js",
      'ERR_MODULE_NOT_FOUND',
      false,
    ],
    ["Cannot find module '@opentelemetry/api/build/src/index.js'", 'MODULE_NOT_FOUND', false],
    [
      "Cannot find module 'C:\\app\\node_modules\\@opentelemetry\\api\\build\\index.js'",
      'ERR_MODULE_NOT_FOUND',
      false,
    ],
    ["Cannot find package '@opentelemetry/api' imported from /app/x.js", undefined, false],
    ['Unexpected token', undefined, false],
  ])(
    'a package that cannot be loaded is told of, one that is not there is not: %s (%s)',
    async (message, code, silent) => {
      const tracing = new Tracing({ clock: webex().clock });
      const error = Object.assign(new Error(message), { code });
      expect(await recordWithOpenTelemetry(tracing, () => Promise.reject(error))).toBe(silent);
      expect(tracing.requests.isWatched).toBe(false);
    },
  );
});
