// Refresh, one after the other, without and with the durable writes.
import { join } from 'node:path';
import { barePost } from './bare-post.mjs';
import { CLIENT, openAuth, perSecond, ratioRows, sideBySide, withDirectory, withPeer } from './harness.mjs';

const LOAD = { count: 150 };

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
      const results = await sideBySide({
        bare,
        memory: refresh(memory),
        durable: refresh(durable),
        'bare again': bare,
      });
      await Promise.all([memory.close(), durable.close(), close()]);
      return ratioRows(results, {
        goals: {
          memory: { what: 'refresh, sequential, no durable write', goal: 1.8 },
          durable: { what: 'refresh, sequential, SQLite', goal: 3.5 },
        },
      });
    }),
  );
}
