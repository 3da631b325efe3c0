import type { AuditEntry, AuditLog } from '../audit-log.js';
import { json, name, number, plainText, rowLimit, text } from './column.js';
import type { PostgresRow } from './column.js';
import { ownerValues } from './grant-mapping.js';
import type { PostgresConnection } from './postgres-connection.js';
import { textKey } from './text-key.js';

/** The history of grants in PostgreSQL. */
export function postgresAudit(sql: PostgresConnection, schema: string): AuditLog {
  // One statement for all entries: they are there in their order, or not at all.
  const append = `INSERT INTO ${schema}.audit (tenant, client_id, subject, at, event, detail)
  SELECT $1, $2, entry.subject, entry.at, entry.event, entry.detail
  FROM unnest($3::bytea[], $4::float8[], $5::text[], $6::text[]) WITH ORDINALITY
    AS entry (subject, at, event, detail, position) ORDER BY entry.position`;
  const list = (where: string): string => `SELECT encode(subject, 'hex') AS subject, at, event, detail
  FROM ${schema}.audit WHERE tenant = $1 AND client_id = $2${where} ORDER BY id DESC LIMIT $3`;
  return {
    append: async (owner, entries) => {
      if (entries.length === 0) return;
      await sql.count(append, [
        ...ownerValues(owner),
        entries.map(({ subject }) => textKey(subject)),
        entries.map(({ at }) => at),
        entries.map(({ event }) => plainText(event)),
        entries.map(({ detail }) => JSON.stringify(detail)),
      ]);
    },
    list: async (owner, { subject, limit }) => {
      const values = [...ownerValues(owner), rowLimit(limit)];
      const rows =
        subject === undefined
          ? await sql.rows(list(''), values)
          : await sql.rows(list(' AND subject = $4'), [...values, textKey(subject)]);
      return rows.map(entryOf);
    },
  };
}

function entryOf(row: PostgresRow): AuditEntry {
  return Object.freeze({
    at: number(row, 'at'),
    subject: name(row, 'subject'),
    event: text(row, 'event'),
    detail: Object.freeze(json(row, 'detail') as AuditEntry['detail']),
  });
}
