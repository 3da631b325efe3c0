import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startEmulator } from '../../src/emulator/emulator.js';
import type { EndpointAddresses } from '../../src/config/endpoint-options.js';
import type { ClientOptions } from '../../src/index.js';
import { startOidcServer } from '../support/oidc-server.js';

/** An authorization server with an API beside it, as the flow needs them. */
export interface Peer {
  client: ClientOptions & { clientSecret: string };
  endpoints: EndpointAddresses;
  /** Lifetime of its access tokens, milliseconds. */
  lifetimeMs: number;
  /** A person signs in and allows; gives the address called back. */
  signIn(authorizeUrl: string): Promise<string>;
  deny(authorizeUrl: string): Promise<string>;
  /** The peer's own word on whether an access token is good. */
  isActive(accessToken: string): Promise<boolean>;
  /** From now on the API refuses this access token; the grant lives on. */
  reject(accessToken: string): Promise<void>;
  close(): Promise<void>;
}

const SCOPE = ['spark:people_read', 'spark:rooms_read'];
const LIFETIME_S = 3_600;

/** The emulator, rotating strictly: a refresh token that is used twice ends the grant. */
export async function emulatorPeer(redirectUri: string): Promise<Peer> {
  const client = {
    clientId: 'C-flow',
    clientSecret: 'flow-client-secret-0123456789abcdef',
    redirectUri,
    scope: SCOPE,
  };
  const emulator = await startEmulator({
    clients: [{ ...client, redirectUris: [redirectUri], scopes: SCOPE }],
    refreshMode: 'rotate-strict',
    lifetimes: { accessToken: LIFETIME_S },
  });
  const { apiBase, revocationEndpoint } = emulator.endpoints;
  return {
    client,
    endpoints: emulator.endpoints,
    lifetimeMs: LIFETIME_S * 1000,
    signIn: (url) => emulator.signIn(url),
    deny: (url) => emulator.signIn(url, { deny: true }),
    isActive: async (accessToken) => {
      const headers = { authorization: `Bearer ${accessToken}` };
      const { status } = await fetch(`${apiBase}/people/me`, { headers });
      return status === 200;
    },
    reject: async (accessToken) => {
      const { clientId, clientSecret } = client;
      const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
      const body = new URLSearchParams({ token: accessToken, token_type_hint: 'access_token' });
      await fetch(revocationEndpoint, { method: 'POST', body, headers: { authorization: `Basic ${basic}` } });
    },
    close: () => emulator.close(),
  };
}

/** oidc-provider, a certified authorization server that nobody here wrote, rotating, with a small API beside it. */
export async function oidcPeer(redirectUri: string): Promise<Peer> {
  const oidc = await startOidcServer({ rotate: true, accessTokenTtl: LIFETIME_S, redirectUri });
  const rejected = new Set<string>();
  const isActive = async (accessToken: string): Promise<boolean> =>
    !rejected.has(accessToken) && (await oidc.isActive(accessToken));
  const api = createServer((request, response) => {
    void isActive(request.headers.authorization?.replace('Bearer ', '') ?? '').then((active) => {
      response.writeHead(active ? 200 : 401, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(active ? { id: 'person-ada', displayName: 'Ada', orgId: 'org-1' } : { message: 'no' }),
      );
    });
  });
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  const { server, clientId, clientSecret } = oidc;
  return {
    client: { clientId, clientSecret, redirectUri, scope: SCOPE, clientAuthentication: 'client_secret_post' },
    endpoints: {
      apiBase: `http://127.0.0.1:${String((api.address() as AddressInfo).port)}/v1`,
      issuer: server.issuer,
      authorizationEndpoint: server.authorizationEndpoint,
      tokenEndpoint: server.tokenEndpoint,
      revocationEndpoint: server.revocationEndpoint,
    },
    lifetimeMs: LIFETIME_S * 1000,
    signIn: (url) => oidc.signIn(url, { login: 'ada' }),
    deny: (url) => oidc.signIn(url, { login: 'ada', deny: true }),
    isActive,
    // Its revocation endpoint would end the refresh token too, which is not what a 401 of an API means.
    reject: (accessToken) => Promise.resolve(void rejected.add(accessToken)),
    async close() {
      api.close();
      api.closeAllConnections();
      await oidc.close();
    },
  };
}
