import type { Tracing } from '../base/tracing.js';
import { recordMetrics } from './metrics.js';
import { recordSpans } from './spans.js';
import { packageVersion } from './package-version.js';
import type { OpenTelemetryApi } from './open-telemetry-api.js';

/**
 * Records spans and metrics of this work with OpenTelemetry, where its API package is installed; without an SDK behind the API nothing
 * is kept. Resolves to false when the package is there and cannot be loaded.
 */
export async function recordWithOpenTelemetry(
  tracing: Tracing,
  load: () => Promise<OpenTelemetryApi> = () => import('@opentelemetry/api'),
): Promise<boolean> {
  let api: OpenTelemetryApi;
  try {
    api = await load();
  } catch (error) {
    return isMissing(error);
  }
  const version = packageVersion();
  recordSpans(tracing, api, version);
  recordMetrics(tracing, api, version);
  return true;
}

// Of this package itself: one that lacks a part of its own is broken.
function isMissing(error: unknown): boolean {
  return (
    error instanceof Error && /^Cannot find (package|module) '@opentelemetry\/api'(?!\/)/.test(error.message)
  );
}
