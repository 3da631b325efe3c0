import type { AuditEntry, AuditLog } from '../audit-log.js';
import { bytes, json, number, rowLimit, text } from './column.js';
import type { SqliteConnection } from './sqlite-connection.js';
import type { SqliteRow } from './sqlite-driver.js';
import { ownerValues } from './sqlite-grants.js';
import { keyText, textKey } from './text-key.js';

const APPEND = `INSERT INTO audit (tenant, client_id, subject, at, event, detail) VALUES (?, ?, ?, ?, ?, ?)`;
const LIST = `SELECT * FROM audit WHERE tenant = ? AND client_id = ? ORDER BY id DESC LIMIT ?`;
const LIST_OF_SUBJECT = `SELECT * FROM audit WHERE tenant = ? AND client_id = ? AND subject = ?
  ORDER BY id DESC LIMIT ?`;

/** The history of grants in SQLite. */
export function sqliteAudit(connect: () => SqliteConnection): AuditLog {
  return {
    append: async (owner, entries) =>
      connect().write((sql) => {
        for (const { at, subject, event, detail } of entries) {
          const names = [...ownerValues(owner), textKey(subject)];
          sql.run(APPEND, [...names, at, event, JSON.stringify(detail)]);
        }
      }),
    list: async (owner, { subject, limit }) =>
      connect().read((sql) => {
        const names = ownerValues(owner);
        const rows =
          subject === undefined
            ? sql.all(LIST, [...names, rowLimit(limit)])
            : sql.all(LIST_OF_SUBJECT, [...names, textKey(subject), rowLimit(limit)]);
        return rows.map(entryOf);
      }),
  };
}

function entryOf(row: SqliteRow): AuditEntry {
  return Object.freeze({
    at: number(row, 'at'),
    subject: keyText(bytes(row, 'subject')),
    event: text(row, 'event'),
    detail: Object.freeze(json(row, 'detail') as AuditEntry['detail']),
  });
}
