import type * as api from '@opentelemetry/api';

/** What is used of `@opentelemetry/api`, an optional peer dependency: it is imported only once a `Webex` or `WebexAuth` starts. */
export type OpenTelemetryApi = Pick<
  typeof api,
  'context' | 'trace' | 'metrics' | 'SpanKind' | 'SpanStatusCode' | 'createNoopMeter'
>;
