import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { startEmulator } from '../../src/emulator/emulator.js';
import type { Emulator, EmulatorClient, EmulatorOptions } from '../../src/emulator/emulator.js';

/** The integration that the tests register. */
export const CLIENT: EmulatorClient = {
  clientId: `C${'0a'.repeat(32)}`,
  clientSecret: 'c0ffee'.repeat(10),
  redirectUris: ['http://127.0.0.1:5000/callback', 'http://127.0.0.1:5000/other?tab=1'],
  scopes: [
    'spark:people_read',
    'spark:rooms_read',
    'spark:memberships_read',
    'spark:messages_write',
    'spark:messages_read',
  ],
  name: 'Test integration',
};

/** A machine client, which may use client credentials. */
export const MACHINE: EmulatorClient = {
  clientId: `C${'0b'.repeat(32)}`,
  clientSecret: 'decade'.repeat(10),
  redirectUris: ['http://127.0.0.1:5001/callback'],
  scopes: ['spark:people_read', 'spark:rooms_read'],
  allowClientCredentials: true,
};

export const VERIFIER = 'a-verifier.of~43_characters-at-the-very-least0';
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

/** The body of a token answer, or of an error in either shape. */
export interface TokenBody {
  access_token: string;
  expires_in: number;
  refresh_token?: string;
  refresh_token_expires_in?: number;
  token_type: string;
  scope: string;
  error?: string;
  message?: string;
  errors?: { description: string }[];
  trackingId?: string;
}

export interface TokenReply {
  status: number;
  headers: Headers;
  body: TokenBody;
}

/** Starts an emulator with both clients that ends with the test. */
export async function emulatorForTest(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({ clients: [CLIENT, MACHINE], ...options });
  onTestFinished(() => emulator.close());
  return emulator;
}

/** An authorization URL with PKCE; undefined takes a parameter out. */
export function authorizeUrl(emulator: Emulator, changes: Record<string, string | undefined> = {}): string {
  const parameters = {
    response_type: 'code',
    client_id: CLIENT.clientId,
    redirect_uri: CLIENT.redirectUris[0],
    scope: CLIENT.scopes.join(' '),
    state: 'state-1',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...changes,
  };
  const present = Object.entries(parameters).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  return `${emulator.endpoints.authorizationEndpoint}?${new URLSearchParams(present).toString()}`;
}

/** Signs in and gives the code. */
export async function codeFrom(
  emulator: Emulator,
  changes: Record<string, string | undefined> = {},
  user?: string,
): Promise<string> {
  const back = await emulator.signIn(authorizeUrl(emulator, changes), user === undefined ? {} : { user });
  return new URL(back).searchParams.get('code') ?? `no code in ${back}`;
}

/** Posts a form to the token endpoint with the client in the body; undefined takes a field out. */
export async function askToken(
  emulator: Emulator,
  fields: Record<string, string | undefined>,
  {
    url = emulator.endpoints.tokenEndpoint,
    headers = {},
  }: { url?: string; headers?: Record<string, string> } = {},
): Promise<TokenReply> {
  const all = { client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, ...fields };
  const present = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const response = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(present) });
  return { status: response.status, headers: response.headers, body: (await response.json()) as TokenBody };
}

/** The fields of a code exchange. */
export function exchangeOf(code: string): Record<string, string | undefined> {
  const redirect_uri = CLIENT.redirectUris[0];
  return { grant_type: 'authorization_code', code, redirect_uri, code_verifier: VERIFIER };
}

/** Signs in and exchanges the code. */
export async function tokensFrom(
  emulator: Emulator,
  changes: Record<string, string | undefined> = {},
  user?: string,
): Promise<TokenBody & { refresh_token: string }> {
  const { body } = await askToken(emulator, exchangeOf(await codeFrom(emulator, changes, user)));
  if (body.refresh_token === undefined) throw new Error(`no tokens: ${String(body.message)}`);
  return { ...body, refresh_token: body.refresh_token };
}

/** Refreshes on the public path. */
export function refreshWith(emulator: Emulator, refreshToken: string | undefined): Promise<TokenReply> {
  return askToken(emulator, { grant_type: 'refresh_token', refresh_token: refreshToken });
}

/** Calls the API with a bearer. */
export function callApi(
  emulator: Emulator,
  path: string,
  token: string,
  init: RequestInit = {},
): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return fetch(`${emulator.endpoints.apiBase}${path}`, { ...init, headers });
}

/** The status of people/me: 200 while the token is good. */
export async function probe(emulator: Emulator, token: string): Promise<number> {
  const response = await callApi(emulator, '/people/me', token);
  await response.arrayBuffer();
  return response.status;
}
