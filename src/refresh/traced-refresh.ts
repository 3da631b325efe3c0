import type { RefreshMessage, TracedWork } from '../base/tracing.js';
import { isWebexAuthError } from '../errors.js';
import type { RefreshCause } from '../events.js';
import type { RefreshResult } from './refresh-protocol.js';

/** Runs one refresh and tells what came of it, where anybody looks on. */
export function tracedRefresh(
  refreshes: TracedWork<RefreshMessage> | undefined,
  { subject, cause }: { subject: string; cause: RefreshCause },
  refresh: () => Promise<RefreshResult>,
): Promise<RefreshResult> {
  if (!refreshes?.isWatched) return refresh();
  const message: RefreshMessage = { subject, cause };
  return refreshes.run(message, async () => {
    try {
      const result = await refresh();
      message.outcome = result.error ? 'failed' : result.refreshed ? 'refreshed' : 'unchanged';
      tell(message, result.error);
      return result;
    } catch (error) {
      message.outcome = 'failed';
      tell(message, error);
      throw error;
    }
  });
}

function tell(message: RefreshMessage, error: unknown): void {
  if (!isWebexAuthError(error)) return;
  message.error = error;
  message.code = error.code;
  message.trackingId = error.trackingId;
}
