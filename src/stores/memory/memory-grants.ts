import type { GrantKey } from '../grant-record.js';
import { ownCopy, recordOf } from '../grant-row.js';
import type { GrantRow } from '../grant-row.js';
import { grantWrites, leaseWrites } from '../grant-rows.js';
import type { GrantRows } from '../grant-rows.js';
import type { GrantOwner, GrantStore } from '../grant-store.js';
import type { LeaseStore } from '../lease-store.js';
import type { MemoryScope } from './memory-scope.js';
import { ownerKey } from './memory-scope.js';

/** Grants and their leases, in memory. */
export function memoryGrants(scope: MemoryScope): { grants: GrantStore; leases: LeaseStore } {
  const owners = new Map<string, Map<string, GrantRow>>();
  const checks = new Map<string, Map<string, string>>();
  const rowsOf = (owner: GrantOwner): Map<string, GrantRow> => within(owners, ownerKey(owner));
  const checksOf = (owner: GrantOwner): Map<string, string> => within(checks, ownerKey(owner));
  const dueRows = (owner: GrantOwner): (GrantRow & { dueAt: number })[] =>
    [...rowsOf(owner).values()].filter(isScheduled).sort((a, b) => a.dueAt - b.dueAt);

  const rows: GrantRows = {
    read: async (key) => ({ time: scope.time(), row: rowsOf(key).get(key.subject) }),
    change: async (key: GrantKey, transition) => {
      const time = scope.time();
      const before = rowsOf(key).get(key.subject);
      const after = transition(before, time);
      if (after) rowsOf(key).set(key.subject, ownCopy(after));
      return { before, after, time };
    },
  };

  return {
    leases: leaseWrites(rows),
    grants: {
      ...grantWrites(rows),
      list: async (owner, { state, after, limit }) => {
        const time = scope.time();
        return [...rowsOf(owner).values()]
          .filter((row) => (state === undefined ? row.state !== 'deleted' : row.state === state))
          .filter(({ key }) => after === undefined || key.subject > after)
          .sort((a, b) => (a.key.subject < b.key.subject ? -1 : 1))
          .slice(0, limit)
          .map((row) => recordOf(row, time));
      },
      due: async (owner, { before, limit }) => {
        const time = scope.time();
        return dueRows(owner)
          .filter(({ dueAt }) => dueAt <= before)
          .slice(0, limit)
          .map((row) => recordOf(row, time));
      },
      nextDueAt: async (owner) => {
        scope.time();
        return dueRows(owner)[0]?.dueAt;
      },
      keyChecks: async (owner) => {
        scope.time();
        return new Map(checksOf(owner));
      },
      saveKeyCheck: async (owner, { keyId, value }) => {
        scope.time();
        const standing = checksOf(owner).get(keyId) ?? value;
        checksOf(owner).set(keyId, standing);
        return standing;
      },
    },
  };
}

function isScheduled(row: GrantRow): row is GrantRow & { dueAt: number } {
  return row.dueAt !== undefined && (row.state === 'live' || row.state === 'suspect');
}

/** The inner map of `key`, made when first asked for. */
function within<Value>(maps: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  const inner = maps.get(key) ?? new Map<string, Value>();
  maps.set(key, inner);
  return inner;
}
