import type { SessionRecord, SessionStore } from '../session-store.js';
import { bytes, number } from './column.js';
import type { SqliteConnection } from './sqlite-connection.js';
import type { SqliteRow } from './sqlite-driver.js';
import { keyText, textKey } from './text-key.js';

const INSERT = `INSERT INTO sessions (id_hash, tenant, subject, created_at, seen_at, expires_at)
  VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
const SELECT = `SELECT * FROM sessions WHERE id_hash = ?`;
const TOUCH = `UPDATE sessions SET seen_at = ? WHERE id_hash = ?`;
const DELETE = `DELETE FROM sessions WHERE id_hash = ?`;
const DELETE_BY_SUBJECT = `DELETE FROM sessions WHERE tenant = ? AND subject = ?`;
const LIST = `SELECT * FROM sessions WHERE tenant = ? AND subject = ? ORDER BY created_at DESC`;
const PURGE = `DELETE FROM sessions WHERE expires_at <= ?`;

/** Sessions in SQLite. */
export function sqliteSessions(connect: () => SqliteConnection): SessionStore {
  return {
    create: async ({ idHash, tenant, subject, createdAt, seenAt, expiresAt }) =>
      connect().write((sql) => {
        const names = [textKey(idHash), textKey(tenant), textKey(subject)];
        sql.run(INSERT, [...names, createdAt, seenAt, expiresAt]);
      }),
    read: async (idHash) => connect().read((sql) => sql.all(SELECT, [textKey(idHash)]).map(sessionOf)[0]),
    touch: async (idHash, seenAt) => connect().write((sql) => void sql.run(TOUCH, [seenAt, textKey(idHash)])),
    delete: async (idHash) => connect().write((sql) => sql.run(DELETE, [textKey(idHash)]) === 1),
    deleteBySubject: async (tenant, subject) =>
      connect().write((sql) => sql.run(DELETE_BY_SUBJECT, [textKey(tenant), textKey(subject)])),
    list: async (tenant, subject) =>
      connect().read((sql) => sql.all(LIST, [textKey(tenant), textKey(subject)]).map(sessionOf)),
    purge: async (before) => connect().write((sql) => sql.run(PURGE, [before])),
  };
}

function sessionOf(row: SqliteRow): SessionRecord {
  return Object.freeze({
    idHash: keyText(bytes(row, 'id_hash')),
    tenant: keyText(bytes(row, 'tenant')),
    subject: keyText(bytes(row, 'subject')),
    createdAt: number(row, 'created_at'),
    seenAt: number(row, 'seen_at'),
    expiresAt: number(row, 'expires_at'),
  });
}
