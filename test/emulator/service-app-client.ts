import type { Emulator, EmulatorClient, EmulatorOptions } from '../../src/emulator/emulator.js';
import { CLIENT, emulatorForTest } from './emulator-client.js';
import type { TokenReply, TokenBody } from './emulator-client.js';

/** A service app of Ada's. */
export const SERVICE_APP: EmulatorClient = {
  clientId: `C${'0c'.repeat(32)}`,
  clientSecret: 'facade'.repeat(10),
  redirectUris: [],
  scopes: ['spark:people_read', 'spark:rooms_read'],
  name: 'Nightly report',
  serviceApp: true,
  ownerId: 'ada@example.com',
};

/** An integration with the scopes that admins and tools need. */
export const ADMIN: EmulatorClient = {
  ...CLIENT,
  scopes: ['spark:people_read', 'spark:applications_token', 'identity:tokens_read', 'identity:tokens_write'],
};

/** The organisation of Ada and Grace, and that of Linus. */
export const ORG = 'fa4e0000-0000-4000-8000-000000000001';
export const OTHER_ORG = 'fa4e0000-0000-4000-8000-000000000002';

/** An emulator in which the service app and an integration with all the scopes are registered. */
export function serviceAppEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  return emulatorForTest({ clients: [ADMIN, SERVICE_APP], ...options });
}

/** A public id, made independently of the code under test. */
export function idOf(type: string, inner: string): string {
  return Buffer.from(`ciscospark://us/${type}/${inner}`).toString('base64').replaceAll('=', '');
}

/** Asks for tokens of the service app; undefined takes a field out of the body. */
export async function askServiceApp(
  emulator: Emulator,
  {
    token,
    applicationId = idOf('APPLICATION', SERVICE_APP.clientId),
    headers = {},
    raw,
    ...changes
  }: {
    token: string | undefined;
    applicationId?: string;
    headers?: Record<string, string>;
    raw?: string;
    clientId?: unknown;
    clientSecret?: unknown;
    targetOrgId?: unknown;
  },
): Promise<TokenReply> {
  const { clientId, clientSecret } = SERVICE_APP;
  const body = raw ?? JSON.stringify({ clientId, clientSecret, targetOrgId: ORG, ...changes });
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(
    `${emulator.endpoints.apiBase}/applications/${encodeURIComponent(applicationId)}/token`,
    { method: 'POST', headers: { 'content-type': 'application/json', ...authorization, ...headers }, body },
  );
  return { status: response.status, headers: response.headers, body: (await response.json()) as TokenBody };
}

/** Refreshes a token of the service app on the public path. */
export async function refreshServiceApp(emulator: Emulator, refresh_token = ''): Promise<TokenReply> {
  const { clientId: client_id, clientSecret: client_secret } = SERVICE_APP;
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id, client_secret });
  const response = await fetch(emulator.endpoints.tokenEndpoint, { method: 'POST', body });
  return { status: response.status, headers: response.headers, body: (await response.json()) as TokenBody };
}
