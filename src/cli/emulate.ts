import { randomBytes } from 'node:crypto';
import { startEmulator } from '../emulator/emulator.js';
import { ConfigurationError } from '../index.js';
import { untilSignal } from './until-signal.js';

/** Options of `webex-auth emulator`. */
export interface EmulateOptions {
  port?: string;
  dataDir?: string;
  redirectUri: string[];
}

const SCOPES = ['spark:people_read', 'spark:rooms_read', 'spark:memberships_read', 'spark:messages_write'];

/** Runs the emulator until a signal ends it, and prints the settings that point an application at it. The secret is fake. */
export async function emulate({ port, dataDir, redirectUri }: EmulateOptions): Promise<void> {
  const stopped = untilSignal();
  const client = {
    clientId: 'webex-auth-emulated',
    clientSecret: `fake-${randomBytes(16).toString('hex')}`,
    redirectUris: redirectUri,
    scopes: SCOPES,
  };
  const emulator = await startEmulator({
    port: portNumber(port ?? process.env['EMULATOR_PORT'] ?? '8788'),
    ...(dataDir !== undefined && { dataDir }),
    clients: [client],
  });
  const { apiBase, authorizationEndpoint, tokenEndpoint, revocationEndpoint } = emulator.endpoints;
  const { identityBroker, serviceCatalog } = emulator.endpoints;
  const settings = {
    WEBEX_CLIENT_ID: client.clientId,
    WEBEX_CLIENT_SECRET: client.clientSecret,
    WEBEX_REDIRECT_URI: redirectUri[0] ?? '',
    WEBEX_SCOPE: SCOPES.join(' '),
    HYDRA_SERVICE_URL: apiBase,
    IDBROKER_BASE_URL: identityBroker,
    U2C_SERVICE_URL: serviceCatalog,
    WEBEX_AUTHORIZE_URL: authorizationEndpoint,
    TOKEN_URL: tokenEndpoint,
    REVOKE_URL: revocationEndpoint,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`);
  process.stdout.write(lines.join(''));
  await stopped;
  await emulator.close();
}

function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new ConfigurationError([
    { setting: 'EMULATOR_PORT', problem: 'must be a port number, 0 to 65535', example: '8788' },
  ]);
}
