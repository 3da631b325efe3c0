import type { Clock } from './base/clock.js';
import type { Emitter } from './base/emitter.js';
import type { ClientSettings } from './config/client-options.js';
import type { WebexAuthEvents } from './events.js';
import { TokenGate } from './refresh/token-gate.js';
import type { KeyRing } from './sealing/key-ring.js';
import type { GrantOwner } from './stores/grant-store.js';
import type { Store } from './stores/store.js';

/** What the token gate of an assembly is made of. */
export interface TokenGateParts {
  store: Store;
  owner: GrantOwner;
  client: ClientSettings | undefined;
  keys: KeyRing;
  emitter: Emitter<WebexAuthEvents>;
  clock: Clock;
  random: () => number;
  /** Throws while the token endpoint is left alone after an outage. */
  enterCircuit: () => void;
}

/** The gate before the token endpoint, shared by the processes that have the same client, secrets and keys. */
export function tokenGateOf({ store, client, keys, emitter, ...parts }: TokenGateParts): TokenGate {
  const { gates, once } = store;
  const secrets = client ? JSON.stringify([client.clientSecret, ...client.olderClientSecrets]) : '';
  return new TokenGate({
    ...parts,
    gates,
    once,
    secrets: Buffer.from(keys.mac('client-breaker', secrets).subarray(0, 8)).toString('hex'),
    onOpen: (code) => {
      const message = `Webex refuses this client (${code}): nothing is refreshed until it is known again; grants are kept`;
      emitter.emit('degraded', { reason: 'CLIENT_REFUSED', message });
    },
  });
}
