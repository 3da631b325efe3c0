import type { OnceStore } from '../once-store.js';
import type { PostgresConnection } from './postgres-connection.js';
import { textKey } from './text-key.js';

/** Things that may happen once, in PostgreSQL. */
export function postgresOnce(sql: PostgresConnection, schema: string): OnceStore {
  // Expired notes go a few at a time: no single login pays for the thousands before it, and none waits for another.
  const consume = `WITH gone AS (DELETE FROM ${schema}.once WHERE id IN
    (SELECT id FROM ${schema}.once WHERE expires_at <= (SELECT ${schema}.wall_ms()) AND id <> $1
     ORDER BY expires_at LIMIT 20 FOR UPDATE SKIP LOCKED))
  INSERT INTO ${schema}.once (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`;
  return {
    consume: async (id, { expiresAt }) => (await sql.count(consume, [textKey(id), expiresAt])) === 1,
  };
}
