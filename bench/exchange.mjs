// Code exchange, one after the other, without and with the durable write.
import { join } from 'node:path';
import { barePost } from './bare-post.mjs';
import {
  CLIENT,
  durableFile,
  endpointsOf,
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
export function exchangeBenchmark() {
  return withPeer((origin) =>
    withDirectory(async (directory) => {
      const { KeyRing, Webex } = await import('../dist/index.js');
      const { sqliteStore } = await import('../dist/stores/sqlite/sqlite-store.js');
      const code = 'c'.repeat(64);
      const { clientId: client_id, clientSecret: client_secret, redirectUri: redirect_uri } = CLIENT;
      const credentials = { client_id, client_secret, redirect_uri, scope: 'spark:all' };
      const open = (store) =>
        Webex.init({
          credentials,
          endpoints: endpointsOf(origin),
          scheduler: false,
          ...(store && { store, keys: KeyRing.ephemeral() }),
        });
      const memory = open();
      const durable = open(sqliteStore({ path: join(directory, 'exchange.db') }));
      await Promise.all([memory.whenReady(), durable.whenReady()]);
      const form = { grant_type: 'authorization_code', code, client_id, client_secret, redirect_uri };
      const { post, close } = await barePost(origin, form);
      const exchange = (webex) => () =>
        perSecond(() => webex.authorization.requestAuthorizationCodeGrant({ code }), LOAD);
      const bare = () => perSecond(post, LOAD);
      const file = durableFile(directory);
      const stored = async () => {
        await post();
        file.write();
      };
      const results = await sideBySide(
        {
          bare,
          memory: exchange(memory),
          durable: exchange(durable),
          stored: () => perSecond(stored, LOAD),
          'bare again': bare,
        },
        WARM_UP,
      );
      await Promise.all([memory.close(), durable.close(), close()]);
      file.close();
      return ratioRows(results, {
        rows: {
          memory: { what: 'code exchange, sequential, no durable write', goal: 1.5 },
          durable: { what: 'code exchange, sequential, SQLite', goal: 3 },
          stored: { what: 'bare call, then 4 KiB made durable' },
        },
      });
    }),
  );
}
