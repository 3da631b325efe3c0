import { systemClock } from '../base/clock.js';
import type { Clock } from '../base/clock.js';
import { memoryAudit } from './memory/memory-audit.js';
import { memoryGates } from './memory/memory-gates.js';
import { memoryGrants } from './memory/memory-grants.js';
import { memoryOnce } from './memory/memory-once.js';
import { MemoryScope } from './memory/memory-scope.js';
import { memorySessions } from './memory/memory-sessions.js';
import type { Store } from './store.js';

/** A store that lives and dies with this process. Leases run on the clock's monotonic side. */
export function memoryStore({ clock = systemClock }: { clock?: Clock } = {}): Store {
  const scope = new MemoryScope(clock);
  return {
    name: 'memory',
    abilities: { durable: false, shared: false },
    ...memoryGrants(scope),
    gates: memoryGates(scope),
    once: memoryOnce(scope),
    sessions: memorySessions(scope),
    audit: memoryAudit(scope),
    open: async () => void scope.time(),
    close: async () => scope.close(),
  };
}
