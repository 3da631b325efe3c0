import { metrics, trace } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, expect, it } from 'vitest';
import { Tracing } from '../../src/base/tracing.js';
import { recordWithOpenTelemetry } from '../../src/telemetry/open-telemetry.js';
import { fakeClock } from '../support/fake-clock.js';

afterAll(() => {
  trace.disable();
  metrics.disable();
});

it('without an SDK behind the API nothing is watched; one that is registered later is found', async () => {
  const tracing = new Tracing({ clock: fakeClock() });
  const counted = new Tracing({ clock: fakeClock() });
  expect(await recordWithOpenTelemetry(tracing)).toBe(true);
  expect(await recordWithOpenTelemetry(counted)).toBe(true);
  expect([tracing.requests.isWatched, tracing.refreshes.isWatched]).toEqual([false, false]);

  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  expect([tracing.requests.isWatched, tracing.refreshes.isWatched]).toEqual([true, true]);
  await tracing.refreshes.run({ subject: 'a', cause: 'access' }, async () => undefined);
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['webex_auth.refresh']);

  trace.disable();
  expect(counted.refreshes.isWatched).toBe(false);
  metrics.setGlobalMeterProvider(new MeterProvider());
  expect(counted.refreshes.isWatched).toBe(true);
});
