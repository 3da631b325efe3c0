import type { Gate, GateStore } from '../gate-store.js';
import { number, plainText, text } from './column.js';
import type { PostgresRow } from './column.js';
import { ownerValues } from './grant-mapping.js';
import type { PostgresConnection } from './postgres-connection.js';
import { textKey } from './text-key.js';

/** Gates in PostgreSQL. */
export function postgresGates(sql: PostgresConnection, schema: string): GateStore {
  const one = 'tenant = $1 AND client_id = $2 AND name = $3';
  const shut = `INSERT INTO ${schema}.gates AS g (tenant, client_id, name, until, reason) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (tenant, client_id, name) DO UPDATE SET until = greatest(g.until, excluded.until),
    reason = CASE WHEN excluded.until > g.until THEN excluded.reason ELSE g.reason END
  RETURNING until, reason`;
  const read = `SELECT until, reason FROM ${schema}.gates WHERE ${one} AND until > ${schema}.wall_ms()`;
  const open = `DELETE FROM ${schema}.gates WHERE ${one}`;
  return {
    shut: async (owner, name, gate) => {
      const values = [...ownerValues(owner), textKey(name), gate.until, plainText(gate.reason)];
      const [row] = await sql.rows(shut, values);
      return row ? gateOf(row) : gate;
    },
    read: async (owner, name) => {
      const [row] = await sql.rows(read, [...ownerValues(owner), textKey(name)]);
      return row && gateOf(row);
    },
    open: async (owner, name) => void (await sql.count(open, [...ownerValues(owner), textKey(name)])),
  };
}

function gateOf(row: PostgresRow): Gate {
  return { until: number(row, 'until'), reason: text(row, 'reason') };
}
