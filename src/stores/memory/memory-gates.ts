import type { Gate, GateStore } from '../gate-store.js';
import { jointKey } from './memory-scope.js';
import type { MemoryScope } from './memory-scope.js';

/** Gates, in memory. */
export function memoryGates(scope: MemoryScope): GateStore {
  const gates = new Map<string, Gate>();
  return {
    shut: async ({ tenant, clientId }, name, { until, reason }) => {
      scope.time();
      const key = jointKey(tenant, clientId, name);
      const standing = gates.get(key);
      if (standing && standing.until >= until) return standing;
      const gate = Object.freeze({ until, reason });
      gates.set(key, gate);
      return gate;
    },
    read: async ({ tenant, clientId }, name) => {
      const { wall } = scope.time();
      const gate = gates.get(jointKey(tenant, clientId, name));
      return gate && gate.until > wall ? gate : undefined;
    },
    open: async ({ tenant, clientId }, name) => {
      scope.time();
      gates.delete(jointKey(tenant, clientId, name));
    },
  };
}
