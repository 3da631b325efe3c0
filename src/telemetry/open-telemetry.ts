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
  load: () => Promise<OpenTelemetryApi> = importApi,
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

function importApi(): Promise<OpenTelemetryApi> {
  // A bundler that finds no such package goes on only where it sees that a failure of the import is dealt with.
  return import('@opentelemetry/api').catch((error: unknown) => {
    throw error;
  });
}

const NOT_FOUND: ReadonlySet<unknown> = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

// Each runtime and package manager has words of its own for it. A package that lacks a part is named with a path into it: it is broken.
function isMissing(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || !NOT_FOUND.has(error.code)) return false;
  return !/@opentelemetry[\\/]api[\\/]/.test(error.message);
}
