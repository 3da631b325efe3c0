import { systemClock } from '../../base/clock.js';
import { StoreUnavailableError } from '../../errors.js';
import { isAnswer } from './postgres-failure.js';
import type { PostgresClient, PostgresPool } from './postgres-pool.js';

/**
 * Does `work` on a connection of the pool, and gives it back. Waits at most `freeMs` for a connection, and `answerMs` for the work.
 * A connection that comes too late goes back unused. One whose answer does is closed; what became of the work is not known then.
 */
export async function withClient<Result>(
  pool: PostgresPool,
  { freeMs, answerMs }: { freeMs: number; answerMs: number },
  work: (client: PostgresClient) => Promise<Result>,
): Promise<Result> {
  const connecting = pool.connect();
  const client = await within(connecting, freeMs, 'no connection of the pool was free').catch(
    (error: unknown) => {
      connecting.then(
        (late) => late.release(),
        () => undefined,
      );
      throw error;
    },
  );
  // The end of a connection is told to whoever waits for its answer; nobody else must listen.
  client.on('error', ignore);
  try {
    const result = await within(work(client), answerMs, 'the server gave no answer');
    client.off('error', ignore);
    client.release();
    return result;
  } catch (error) {
    const stays = isAnswer(error);
    if (stays) client.off('error', ignore);
    client.release(!stays);
    throw error;
  }
}

/** Runs on the real clock: so does the server. */
async function within<Result>(work: Promise<Result>, timeoutMs: number, trouble: string): Promise<Result> {
  let stop: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    const timer = systemClock.after(timeoutMs, () =>
      reject(new StoreUnavailableError(`PostgreSQL is unavailable: ${trouble} within ${timeoutMs} ms`)),
    );
    stop = () => timer.cancel();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    stop?.();
  }
}

/** What one hears when there is nothing to do. */
export function ignore(): void {
  // Intended.
}
