import type { Conditional, GrantKey, GrantRecord } from '../grant-record.js';
import type { GrantStore } from '../grant-store.js';
import type { LeaseStore } from '../lease-store.js';
import { name, number, plainText, rowLimit, text } from './column.js';
import { grantOf, keyValues, ownerValues, tokenValues } from './grant-mapping.js';
import { grantStatements } from './grant-statements.js';
import { leaseStatements } from './lease-statements.js';
import type { PostgresConnection, PostgresValue } from './postgres-connection.js';
import { postgresLeases } from './postgres-leases.js';
import { textKey } from './text-key.js';

/** Grants and their leases in PostgreSQL: fence, lease and tokens are one row, and every step is one statement. */
export function postgresGrants(
  sql: PostgresConnection,
  schema: string,
): { grants: GrantStore; leases: LeaseStore } {
  const of = grantStatements(schema);
  const read = async (key: GrantKey): Promise<GrantRecord | undefined> => {
    const [row] = await sql.rows(of.read, keyValues(key));
    return row && grantOf(key, row);
  };
  const decided = async (
    statement: string,
    key: GrantKey,
    values: readonly PostgresValue[],
  ): Promise<Conditional> => {
    const [row] = await sql.rows(statement, [...keyValues(key), ...values]);
    return row ? { done: true, record: grantOf(key, row) } : { done: false, record: await read(key) };
  };
  return {
    leases: postgresLeases(leaseStatements(schema), {
      decided,
      told: async (statement, key, values) =>
        (await sql.count(statement, [...keyValues(key), ...values])) === 1,
    }),
    grants: {
      read,
      save: (key, { kind, details, ...write }, { generation, revision }) => {
        const values = [...tokenValues(write), plainText(kind), details];
        return generation === 0 && revision === 0
          ? decided(of.insert, key, values)
          : decided(of.save, key, [...values, generation, revision]);
      },
      saveDetails: (key, details, { revision }) => decided(of.saveDetails, key, [details, revision]),
      disconnect: async (key) => {
        const [row] = await sql.rows(of.disconnect, keyValues(key));
        return row && grantOf(key, row);
      },
      list: async (owner, { after, state, limit }) => {
        const statement = of.list({ after: after !== undefined, state: state !== undefined });
        const values = [after === undefined ? [] : textKey(after), state ?? []].flat();
        const rows = await sql.rows(statement, [...ownerValues(owner), rowLimit(limit), ...values]);
        return rows.map((row) => grantOf(owner, row));
      },
      due: async (owner, { before, limit }) => {
        const rows = await sql.rows(of.due, [...ownerValues(owner), rowLimit(limit), before]);
        return rows.map((row) => grantOf(owner, row));
      },
      nextDueAt: async (owner) => {
        const [row] = await sql.rows(of.nextDue, ownerValues(owner));
        return row && number(row, 'due_at');
      },
      keyChecks: async (owner) => {
        const rows = await sql.rows(of.keyChecks, ownerValues(owner));
        return new Map(rows.map((row) => [name(row, 'key_id'), text(row, 'value')]));
      },
      saveKeyCheck: async (owner, { keyId, value }) => {
        const [row] = await sql.rows(of.saveKeyCheck, [...ownerValues(owner), textKey(keyId), value]);
        return row ? text(row, 'value') : value;
      },
    },
  };
}
