import type { SessionRecord, SessionStore } from '../session-store.js';
import type { MemoryScope } from './memory-scope.js';

/** Sessions, in memory. */
export function memorySessions(scope: MemoryScope): SessionStore {
  const sessions = new Map<string, SessionRecord>();
  const of = (tenant: string, subject: string): SessionRecord[] =>
    [...sessions.values()].filter((one) => one.tenant === tenant && one.subject === subject);
  const drop = (gone: readonly SessionRecord[]): number => {
    for (const { idHash } of gone) sessions.delete(idHash);
    return gone.length;
  };
  return {
    create: async ({ idHash, tenant, subject, createdAt, seenAt, expiresAt }) => {
      scope.time();
      if (sessions.has(idHash)) return;
      sessions.set(idHash, Object.freeze({ idHash, tenant, subject, createdAt, seenAt, expiresAt }));
    },
    read: async (idHash) => {
      scope.time();
      return sessions.get(idHash);
    },
    touch: async (idHash, seenAt) => {
      scope.time();
      const session = sessions.get(idHash);
      if (session) sessions.set(idHash, Object.freeze({ ...session, seenAt }));
    },
    delete: async (idHash) => {
      scope.time();
      return sessions.delete(idHash);
    },
    deleteBySubject: async (tenant, subject) => {
      scope.time();
      return drop(of(tenant, subject));
    },
    list: async (tenant, subject) => {
      scope.time();
      return of(tenant, subject).sort((a, b) => b.createdAt - a.createdAt);
    },
    purge: async (before) => {
      scope.time();
      return drop([...sessions.values()].filter(({ expiresAt }) => expiresAt <= before));
    },
  };
}
