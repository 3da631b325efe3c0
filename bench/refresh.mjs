// Refresh, one after the other, without and with the durable writes.
import { join } from 'node:path';
import { barePost } from './bare-post.mjs';
import {
  CLIENT,
  durableFile,
  openAuth,
  perSecond,
  ratioRows,
  sideBySide,
  withDirectory,
  withPeer,
} from './harness.mjs';

const LOAD = { count: 150 };
// The first 3,000 calls of a process run in code that V8 has not optimized yet.
const WARM_UP = { warmUp: 20 };

/** The rows of this benchmark. */
export function refreshBenchmark() {
  return withPeer((origin) =>
    withDirectory(async (directory) => {
      const { sqliteStore } = await import('../dist/stores/sqlite/sqlite-store.js');
      const memory = await openAuth(origin, {});
      const durable = await openAuth(origin, { store: sqliteStore({ path: join(directory, 'refresh.db') }) });
      const form = {
        grant_type: 'refresh_token',
        refresh_token: 'r'.repeat(106),
        client_id: CLIENT.clientId,
        client_secret: CLIENT.clientSecret,
      };
      const { post, close } = await barePost(origin, form);
      for (const auth of [memory, durable])
        await auth.grants.import('user-42', { access_token: 'a', expires_in: 1_209_600, refresh_token: 'r' });
      const refresh = (auth) => () => perSecond(() => auth.refresh('user-42'), LOAD);
      const bare = () => perSecond(post, LOAD);
      const file = durableFile(directory);
      const stored = async () => {
        file.write();
        await post();
        file.write();
      };
      const results = await sideBySide(
        {
          bare,
          memory: refresh(memory),
          durable: refresh(durable),
          stored: () => perSecond(stored, LOAD),
          'bare again': bare,
        },
        WARM_UP,
      );
      await Promise.all([memory.close(), durable.close(), close()]);
      file.close();
      return ratioRows(results, {
        rows: {
          memory: { what: 'refresh, sequential, no durable write', goal: 1.8 },
          durable: { what: 'refresh, sequential, SQLite', goal: 3.5 },
          stored: { what: 'bare call between two times 4 KiB made durable' },
        },
      });
    }),
  );
}
