import {
  startEmulator,
  type Emulator,
  type EmulatorEndpoints,
  type EmulatorOptions,
} from '../../src/emulator/emulator.js';
import type { ClientOptions } from '../../src/index.js';

/** An emulator with the settings that point an application at it. */
export interface Emulated {
  emulator: Emulator;
  client: ClientOptions & { clientSecret: string; redirectUri: string; scope: readonly string[] };
  endpoints: EmulatorEndpoints;
}

export async function startEmulated(options: EmulatorOptions = {}): Promise<Emulated> {
  const emulator = await startEmulator(options);
  const [known] = emulator.clients;
  if (!known) throw new Error('the emulator has no client');
  const { clientId, clientSecret, redirectUris, scopes } = known;
  return {
    emulator,
    client: { clientId, clientSecret, redirectUri: redirectUris[0] ?? '', scope: scopes },
    endpoints: emulator.endpoints,
  };
}
