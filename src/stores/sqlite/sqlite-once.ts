import type { OnceStore } from '../once-store.js';
import type { SqliteConnection } from './sqlite-connection.js';
import { textKey } from './text-key.js';

const CONSUME = `INSERT INTO once (id, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING`;
// A few at a time: no single login pays for the thousands before it.
const PURGE = `DELETE FROM once WHERE id IN
  (SELECT id FROM once WHERE expires_at <= ? AND id <> ? ORDER BY expires_at LIMIT 20)`;

/** Things that may happen once, in SQLite. */
export function sqliteOnce(connect: () => SqliteConnection): OnceStore {
  return {
    consume: async (id, { expiresAt }) =>
      connect().write((sql) => {
        const key = textKey(id);
        const isFirst = sql.run(CONSUME, [key, expiresAt]) === 1;
        if (isFirst) sql.run(PURGE, [sql.time().wall, key]);
        return isFirst;
      }),
  };
}
