import type { Conditional, GrantKey } from './grant-record.js';
import { recordOf } from './grant-row.js';
import type { GrantRow, StoreTime } from './grant-row.js';
import type { GrantStore } from './grant-store.js';
import { detailsSaved, disconnected, saved } from './grant-transitions.js';
import type { Transition } from './grant-transitions.js';
import type { LeaseStore } from './lease-store.js';
import {
  buried,
  candidateKept,
  claimed,
  closed,
  committed,
  left,
  released,
  renewed,
  rescued,
} from './lease-transitions.js';

/** What a transition found and made. `after` is undefined when it refused. */
export interface Change {
  readonly before: GrantRow | undefined;
  readonly after: GrantRow | undefined;
  readonly time: StoreTime;
}

/** The rows of a driver that can decide in JavaScript: read, ask the transition, write, in one transaction. */
export interface GrantRows {
  /** The row, and the time at which it was read. */
  read(key: GrantKey): Promise<{ row: GrantRow | undefined; time: StoreTime }>;
  /** Applies the transition with nobody in between. Resolves when the new row is durable. */
  change(key: GrantKey, transition: Transition): Promise<Change>;
}

/** The conditional half of `GrantStore` over such rows. */
export function grantWrites(
  rows: GrantRows,
): Pick<GrantStore, 'read' | 'save' | 'saveDetails' | 'disconnect'> {
  return {
    async read(key) {
      const { row, time } = await rows.read(key);
      return row && recordOf(row, time);
    },
    save: async (key, write, expected) => conditional(await rows.change(key, saved(key, write, expected))),
    saveDetails: async (key, details, expected) =>
      conditional(await rows.change(key, detailsSaved(details, expected))),
    async disconnect(key) {
      const { before, after, time } = await rows.change(key, disconnected);
      return before && after && recordOf(before, time);
    },
  };
}

/** The whole of `LeaseStore` over such rows. */
export function leaseWrites(rows: GrantRows): LeaseStore {
  const decided = async (key: GrantKey, transition: Transition): Promise<Conditional> =>
    conditional(await rows.change(key, transition));
  const told = async (key: GrantKey, transition: Transition): Promise<boolean> =>
    (await rows.change(key, transition)).after !== undefined;
  return {
    claim: (key, claim) => decided(key, claimed(claim)),
    renew: (key, lease) => told(key, renewed(lease)),
    keepCandidate: (key, candidate) => told(key, candidateKept(candidate)),
    commit: (key, commit) => decided(key, committed(commit)),
    rescue: (key, rescue) => decided(key, rescued(rescue)),
    bury: (key, verdict) => decided(key, buried(verdict)),
    close: (key, refusal) => decided(key, closed(refusal)),
    leave: (key, unknown) => decided(key, left(unknown)),
    release: (key, lease) => told(key, released(lease)),
  };
}

function conditional({ before, after, time }: Change): Conditional {
  if (after) return { done: true, record: recordOf(after, time) };
  return { done: false, record: before && recordOf(before, time) };
}
