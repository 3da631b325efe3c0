import { join } from 'node:path';
import { startEmulator, type Emulator } from '../emulator/emulator.js';
import { ConfigurationError } from '../index.js';

/** Short, so that one can watch a refresh; seconds. */
const LIFETIMES = { accessToken: 60, refreshToken: 86_400 };

/** Fixed, so that grants are found again after a restart. */
const CLIENT_ID = 'webex-auth-demo';

/** An emulated Webex, and the application that it knows. */
export interface DemoWebex {
  emulator: Emulator;
  client: { clientId: string; clientSecret: string; redirectUri: string; scope: string[] };
}

/** What `startDemoWebex` takes. */
export interface DemoWebexOptions {
  port: number;
  /** The gateway's data directory; the emulator gets one of its own inside. */
  home: string;
  redirectUri: string;
  scope: string;
  /** Fake, but still not the same everywhere. */
  clientSecret: string;
}

/** Starts the emulator of the demonstration. Errors: `ConfigurationError` for a port that is taken. */
export async function startDemoWebex(options: DemoWebexOptions): Promise<DemoWebex> {
  const { port, home, redirectUri, clientSecret } = options;
  const scope = options.scope.split(' ');
  const client = { clientId: CLIENT_ID, clientSecret, redirectUri, scope };
  try {
    const emulator = await startEmulator({
      port,
      dataDir: join(home, 'emulator'),
      clients: [{ ...client, name: 'webex-auth demo', redirectUris: [redirectUri], scopes: scope }],
      lifetimes: LIFETIMES,
      refreshMode: 'rotate-grace',
      banner: 'Demonstration: nothing here is real.',
    });
    return { emulator, client };
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw new ConfigurationError([
      { setting: 'EMULATOR_PORT', problem: `${String(port)} is taken on 127.0.0.1: choose another one` },
    ]);
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
