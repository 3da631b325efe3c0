import type { AuditEntry, AuditLog } from '../audit-log.js';
import { ownerKey } from './memory-scope.js';
import type { MemoryScope } from './memory-scope.js';

/** Entries kept per owner: memory is not the place for a long history. */
const KEPT = 10_000;

/** The history of grants, in memory; the newest 10,000 entries of each owner. */
export function memoryAudit(scope: MemoryScope): AuditLog {
  const logs = new Map<string, AuditEntry[]>();
  return {
    append: async (owner, entries) => {
      scope.time();
      const log = logs.get(ownerKey(owner)) ?? [];
      for (const { at, subject, event, detail } of entries) {
        log.push(Object.freeze({ at, subject, event, detail: Object.freeze({ ...detail }) }));
      }
      if (log.length > 2 * KEPT) log.splice(0, log.length - KEPT);
      logs.set(ownerKey(owner), log);
    },
    list: async (owner, { subject, limit }) => {
      scope.time();
      return (logs.get(ownerKey(owner)) ?? [])
        .filter((entry) => subject === undefined || entry.subject === subject)
        .reverse()
        .slice(0, limit);
    },
  };
}
