import type { SessionRecord, SessionStore } from '../session-store.js';
import { name, number } from './column.js';
import type { PostgresRow } from './column.js';
import type { PostgresConnection } from './postgres-connection.js';
import { textKey } from './text-key.js';

/** Sessions in PostgreSQL. */
export function postgresSessions(sql: PostgresConnection, schema: string): SessionStore {
  const table = `${schema}.sessions`;
  const select = `SELECT encode(id_hash, 'hex') AS id_hash, encode(tenant, 'hex') AS tenant,
  encode(subject, 'hex') AS subject, created_at, seen_at, expires_at FROM ${table}`;
  const bySubject = 'WHERE tenant = $1 AND subject = $2';
  const insert = `INSERT INTO ${table} (id_hash, tenant, subject, created_at, seen_at, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`;
  return {
    create: async ({ idHash, tenant, subject, createdAt, seenAt, expiresAt }) => {
      const names = [textKey(idHash), textKey(tenant), textKey(subject)];
      await sql.count(insert, [...names, createdAt, seenAt, expiresAt]);
    },
    read: async (idHash) => {
      const [row] = await sql.rows(`${select} WHERE id_hash = $1`, [textKey(idHash)]);
      return row && sessionOf(row);
    },
    touch: async (idHash, seenAt) =>
      void (await sql.count(`UPDATE ${table} SET seen_at = $2 WHERE id_hash = $1`, [
        textKey(idHash),
        seenAt,
      ])),
    delete: async (idHash) =>
      (await sql.count(`DELETE FROM ${table} WHERE id_hash = $1`, [textKey(idHash)])) === 1,
    deleteBySubject: async (tenant, subject) =>
      sql.count(`DELETE FROM ${table} ${bySubject}`, [textKey(tenant), textKey(subject)]),
    list: async (tenant, subject) => {
      const newestFirst = `${select} ${bySubject} ORDER BY created_at DESC`;
      return (await sql.rows(newestFirst, [textKey(tenant), textKey(subject)])).map(sessionOf);
    },
    purge: async (before) => sql.count(`DELETE FROM ${table} WHERE expires_at <= $1`, [before]),
  };
}

function sessionOf(row: PostgresRow): SessionRecord {
  return Object.freeze({
    idHash: name(row, 'id_hash'),
    tenant: name(row, 'tenant'),
    subject: name(row, 'subject'),
    createdAt: number(row, 'created_at'),
    seenAt: number(row, 'seen_at'),
    expiresAt: number(row, 'expires_at'),
  });
}
