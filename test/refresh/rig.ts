import { Emitter } from '../../src/base/emitter.js';
import type { WebexAuthEvents } from '../../src/events.js';
import { outcomeOf } from '../../src/oauth/outcome.js';
import { GrantTokens } from '../../src/refresh/grant-tokens.js';
import type { RefresherOptions } from '../../src/refresh/refresh-protocol.js';
import { planDue } from '../../src/refresh/refresh-policy.js';
import { TokenGate } from '../../src/refresh/token-gate.js';
import { Refresher } from '../../src/refresh/refresher.js';
import { KeyRing } from '../../src/sealing/key-ring.js';
import { memoryStore } from '../../src/stores/memory-store.js';
import type { Store } from '../../src/stores/store.js';
import { Vault } from '../../src/vault/vault.js';
import { fakeClock, type FakeClock } from '../support/fake-clock.js';
import { ScriptedServer, type ServerMode } from './scripted-server.js';

export const owner = { tenant: 'test', clientId: 'client' };
export const SUBJECT = 'user-1';

/** One process of a fleet, wired by hand around a shared store and a scripted server. */
export interface Process {
  refresher: Refresher;
  tokens: GrantTokens;
  vault: Vault;
  emitter: Emitter<WebexAuthEvents>;
  events: [string, unknown][];
}

const EVENTS = [
  'token:refresh',
  'unauthorized',
  'auth:error',
  'grant:suspect',
  'grant:recovered',
  'degraded',
] as const;

/** A store, a server and as many processes as wanted, all on one fake clock. */
export interface Rig {
  clock: FakeClock;
  store: Store;
  server: ScriptedServer;
  process(
    overrides?: Partial<RefresherOptions> & {
      store?: Store;
      isAccepted?: (accessToken: string) => Promise<boolean>;
    },
  ): Process;
}

export function rig(mode: ServerMode = 'strict-family'): Rig {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const server = new ScriptedServer(mode, clock);
  const keys = KeyRing.ephemeral();
  let count = 0;
  return {
    clock,
    store,
    server,
    process({ store: ownStore = store, isAccepted = () => Promise.resolve(false), ...overrides } = {}) {
      const emitter = new Emitter<WebexAuthEvents>();
      const events: [string, unknown][] = [];
      for (const name of EVENTS) emitter.on(name, (payload) => void events.push([name, payload]));
      const vault = new Vault({
        grants: ownStore.grants,
        keys,
        owner,
        dueAt: ({ tokenSet }) => (server.canRenew(tokenSet) ? planDue(tokenSet, 0.5) : undefined),
      });
      const gate = new TokenGate({
        gates: ownStore.gates,
        once: ownStore.once,
        owner,
        secrets: 'secret',
        clock,
        random: () => 0.5,
        onOpen: (code) => emitter.emit('degraded', { reason: 'CLIENT_REFUSED', message: code }),
      });
      const refresher = new Refresher({
        vault,
        grants: ownStore.grants,
        leases: ownStore.leases,
        gate,
        renewerOf: ({ tokenSet }) => (server.canRenew(tokenSet) ? server : undefined),
        outcomeOf,
        revokeOrphan: (token) => Promise.resolve(void server.revoked.add(token)),
        emitter,
        clock,
        holder: `process-${String((count += 1))}`,
        random: () => 0.5,
        ...overrides,
      });
      const tokens = new GrantTokens({ vault, refresher, emitter, clock, isAccepted });
      return { refresher, tokens, vault, emitter, events };
    },
  };
}

/** Lets `work` run while the fake clock moves on, up to `limitMs`. */
export async function drive<Result>(
  clock: FakeClock,
  work: Promise<Result>,
  limitMs = 600_000,
): Promise<Result> {
  let settled = false;
  const mark = (): void => void (settled = true);
  work.then(mark, mark);
  for (let passed = 0; !settled && passed < limitMs; passed += 50) await clock.advance(50);
  return work;
}
