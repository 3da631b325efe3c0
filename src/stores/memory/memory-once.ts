import type { OnceStore } from '../once-store.js';
import type { MemoryScope } from './memory-scope.js';

/** How many notes there are before expired ones are looked for; then whenever their number has doubled. */
const FIRST_PURGE = 64;

/** Things that may happen once, in memory. */
export function memoryOnce(scope: MemoryScope): OnceStore {
  const ends = new Map<string, number>();
  let purgeAt = FIRST_PURGE;
  return {
    consume: async (id, { expiresAt }) => {
      const { wall } = scope.time();
      if (ends.has(id)) return false;
      ends.set(id, expiresAt);
      if (ends.size >= purgeAt) {
        for (const [other, end] of ends) if (end <= wall && other !== id) ends.delete(other);
        purgeAt = Math.max(FIRST_PURGE, 2 * ends.size);
      }
      return true;
    },
  };
}
