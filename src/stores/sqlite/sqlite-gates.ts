import type { GateStore } from '../gate-store.js';
import { number, text } from './column.js';
import type { SqliteConnection } from './sqlite-connection.js';
import { ownerValues } from './sqlite-grants.js';
import { textKey } from './text-key.js';

const SHUT = `INSERT INTO gates (tenant, client_id, name, until, reason) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET until = excluded.until, reason = excluded.reason WHERE excluded.until > until`;
const SELECT = `SELECT until, reason FROM gates WHERE tenant = ? AND client_id = ? AND name = ?`;
const OPEN = `DELETE FROM gates WHERE tenant = ? AND client_id = ? AND name = ?`;

/** Gates in SQLite. */
export function sqliteGates(connect: () => SqliteConnection): GateStore {
  return {
    shut: async (owner, name, gate) =>
      connect().write((sql) => {
        const key = [...ownerValues(owner), textKey(name)];
        sql.run(SHUT, [...key, gate.until, gate.reason]);
        const [row] = sql.all(SELECT, key);
        return row ? { until: number(row, 'until'), reason: text(row, 'reason') } : gate;
      }),
    read: async (owner, name) =>
      connect().read((sql) => {
        const [row] = sql.all(SELECT, [...ownerValues(owner), textKey(name)]);
        if (!row || number(row, 'until') <= sql.time().wall) return undefined;
        return { until: number(row, 'until'), reason: text(row, 'reason') };
      }),
    open: async (owner, name) =>
      connect().write((sql) => void sql.run(OPEN, [...ownerValues(owner), textKey(name)])),
  };
}
