import { recordOf } from '../grant-row.js';
import type { GrantRow } from '../grant-row.js';
import { grantWrites, leaseWrites } from '../grant-rows.js';
import type { GrantRows } from '../grant-rows.js';
import type { GrantKey, GrantRecord } from '../grant-record.js';
import type { GrantOwner, GrantStore } from '../grant-store.js';
import type { LeaseStore } from '../lease-store.js';
import { bytes, number, rowLimit, text } from './column.js';
import { grantOf, grantValues } from './grant-mapping.js';
import {
  DUE_GRANTS,
  GRANT_COLUMNS,
  INSERT_GRANT,
  INSERT_KEY_CHECK,
  KEY_CHECKS,
  listGrants,
  NEXT_DUE,
  SELECT_GRANT,
  updateGrant,
} from './grant-statements.js';
import type { Sql, SqliteConnection } from './sqlite-connection.js';
import type { SqliteRow } from './sqlite-driver.js';
import { keyText, textKey } from './text-key.js';

/** Grants and their leases in SQLite: fence, lease and tokens are one row. */
export function sqliteGrants(connect: () => SqliteConnection): { grants: GrantStore; leases: LeaseStore } {
  const rows: GrantRows = {
    read: async (key) => connect().read((sql) => ({ row: find(sql, key), time: sql.time() })),
    change: async (key, transition) =>
      connect().write((sql) => {
        const before = find(sql, key);
        const time = sql.time();
        const after = transition(before, time);
        if (after) store(sql, { before, after });
        return { before, after, time };
      }),
  };
  const writes = grantWrites(rows);
  return {
    leases: leaseWrites(rows),
    grants: {
      ...writes,
      disconnect: async (key) => {
        const replaced = await writes.disconnect(key);
        if (replaced) connect().flushLog();
        return replaced;
      },
      list: async (owner, { after, state, limit }) =>
        connect().read((sql) => {
          const statement = listGrants({ after: after !== undefined, state: state !== undefined });
          const values = [after === undefined ? [] : textKey(after), state ?? [], rowLimit(limit)].flat();
          return records(sql, owner, sql.all(statement, [...ownerValues(owner), ...values]));
        }),
      due: async (owner, { before, limit }) =>
        connect().read((sql) =>
          records(sql, owner, sql.all(DUE_GRANTS, [...ownerValues(owner), before, rowLimit(limit)])),
        ),
      nextDueAt: async (owner) =>
        connect().read((sql) => {
          const [row] = sql.all(NEXT_DUE, ownerValues(owner));
          return row && number(row, 'due_at');
        }),
      keyChecks: async (owner) => connect().read((sql) => keyChecks(sql, owner)),
      saveKeyCheck: async (owner, { keyId, value }) =>
        connect().write((sql) => {
          sql.run(INSERT_KEY_CHECK, [...ownerValues(owner), textKey(keyId), value]);
          return keyChecks(sql, owner).get(keyId) ?? value;
        }),
    },
  };
}

/** tenant and client id as the statements take them. */
export function ownerValues({ tenant, clientId }: GrantOwner): [Uint8Array, Uint8Array] {
  return [textKey(tenant), textKey(clientId)];
}

function keyValues(key: GrantKey): [Uint8Array, Uint8Array, Uint8Array] {
  return [...ownerValues(key), textKey(key.subject)];
}

function find(sql: Sql, key: GrantKey): GrantRow | undefined {
  const [row] = sql.all(SELECT_GRANT, keyValues(key));
  return row && grantOf(key, row);
}

function store(sql: Sql, { before, after }: { before: GrantRow | undefined; after: GrantRow }): void {
  const values = grantValues(after);
  if (!before) return void sql.run(INSERT_GRANT, [...values, ...keyValues(after.key)]);
  const old = grantValues(before);
  const changed = [...values.keys()].filter((at) => values[at] !== old[at]);
  if (changed.length === 0) return;
  const columns = changed.flatMap((at) => GRANT_COLUMNS[at] ?? []);
  sql.run(updateGrant(columns), [...changed.map((at) => values[at] ?? null), ...keyValues(after.key)]);
}

function records(sql: Sql, owner: GrantOwner, rows: SqliteRow[]): GrantRecord[] {
  const time = sql.time();
  return rows.map((row) => recordOf(grantOf(owner, row), time));
}

function keyChecks(sql: Sql, owner: GrantOwner): Map<string, string> {
  const rows = sql.all(KEY_CHECKS, ownerValues(owner));
  return new Map(rows.map((row) => [keyText(bytes(row, 'key_id')), text(row, 'value')]));
}
