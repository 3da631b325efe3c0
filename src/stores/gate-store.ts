import type { GrantOwner } from './grant-store.js';

/** A gate that is shut until an instant (milliseconds since the epoch), for a reason that can be shown. */
export interface Gate {
  readonly until: number;
  readonly reason: string;
}

/** Gates shared by all processes of one client: rate limits, breakers, pauses. */
export interface GateStore {
  /** Shuts the gate, or keeps it shut longer; never shortens. Returns what stands. */
  shut(owner: GrantOwner, name: string, gate: Gate): Promise<Gate>;
  /** The gate, unless it is open or its instant has passed. */
  read(owner: GrantOwner, name: string): Promise<Gate | undefined>;
  /** Opens the gate now. */
  open(owner: GrantOwner, name: string): Promise<void>;
}
