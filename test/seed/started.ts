import { onTestFinished } from 'vitest';
import type { EmulatorOptions, SignInOptions } from '../../src/emulator/emulator.js';
import {
  KeyRing,
  memoryStore,
  Webex,
  WebexAuth,
  type Supertoken,
  type WebexAuthOptions,
  type WebexOptions,
} from '../../src/index.js';
import { startEmulated, type Emulated } from '../support/emulated.js';

/** The settings of the emulator's client, under the names of the seed. */
export interface SeedCredentials {
  client_id: string;
  client_secret: string;
  redirect_uri: string;
  scope: string;
}

/** An emulator that ends with the test. */
export async function emulatedForTest(options: EmulatorOptions = {}): Promise<Emulated> {
  const emulated = await startEmulated(options);
  onTestFinished(() => emulated.emulator.close());
  return emulated;
}

export function credentialsOf({ client }: Emulated): SeedCredentials {
  const { clientId, clientSecret, redirectUri, scope } = client;
  return {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uri: redirectUri,
    scope: scope.join(' '),
  };
}

/** A Webex that ends with the test. */
export async function readyWebex(options?: WebexOptions | string): Promise<Webex> {
  const webex = Webex.init(options);
  onTestFinished(() => webex.close());
  await webex.whenReady();
  return webex;
}

/** A Webex with the emulator's client, and with `options` on top. */
export function webexOf(emulated: Emulated, options: WebexOptions = {}): Promise<Webex> {
  const { endpoints } = emulated;
  return readyWebex({ credentials: credentialsOf(emulated), endpoints, ...options });
}

/** A WebexAuth that ends with the test. */
export async function openAuth(
  { client, endpoints }: Emulated,
  options: Partial<WebexAuthOptions> = {},
): Promise<WebexAuth> {
  const store = memoryStore(options.clock && { clock: options.clock });
  const auth = await WebexAuth.open({ client, endpoints, store, keys: KeyRing.ephemeral(), ...options });
  onTestFinished(() => auth.close());
  return auth;
}

/** Goes through the login page, as a person would. */
export async function signIn(
  webex: Webex,
  { emulator }: Emulated,
  options: SignInOptions & { scope?: readonly string[] } = {},
): Promise<Supertoken> {
  const { scope, ...person } = options;
  const { url, transaction } = await webex.authorization.initiateLogin({ scope });
  const callback = await emulator.signIn(url, person);
  return (await webex.authorization.completeLogin(callback, transaction)).supertoken;
}

/** What people/me says of a token, asked without the library. */
export async function whoHas(
  accessToken: string,
  { endpoints }: Pick<Emulated, 'endpoints'>,
): Promise<{ id: string; displayName: string; type: string; emails: string[] }> {
  const response = await fetch(`${endpoints.apiBase}/people/me`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  if (response.status !== 200) throw new Error(`people/me answers ${String(response.status)}`);
  return (await response.json()) as { id: string; displayName: string; type: string; emails: string[] };
}
