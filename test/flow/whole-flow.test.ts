import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeHttp } from '../../src/adapters/node-http.js';
import { KeyRing, ReauthRequiredError, WebexAuth, type WebexAuthEvents } from '../../src/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import { Browser } from '../support/browser.js';
import { createLeakScanner } from '../support/leak-scanner.js';
import { movableClock } from '../support/movable-clock.js';
import { emulatorPeer, oidcPeer, type Peer } from './peers.js';

const EVENTS = [
  'ready',
  'login',
  'logout',
  'token:refresh',
  'unauthorized',
  'auth:error',
  'degraded',
] as const;

describe.each([
  ['the emulator', emulatorPeer],
  ['oidc-provider', oidcPeer],
])('the whole flow against %s', (_, startPeer) => {
  const clock = movableClock();
  const leaks = createLeakScanner();
  let peer: Peer;
  let auth: WebexAuth;
  let directory: string;
  let site: string;
  let events: (keyof WebexAuthEvents)[];
  let stopSite: () => Promise<void>;

  beforeEach(async () => {
    const output = leaks.captureOutput();
    let listener: RequestListener = (_request, response) => response.writeHead(503).end();
    const server = createServer((request, response) => listener(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    site = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    stopSite = async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      output.stop();
    };
    peer = await startPeer(`${site}/auth/webex/callback`);
    leaks.watch(peer.client.clientSecret, 'client secret');
    directory = await mkdtemp(join(tmpdir(), 'webex-auth-flow-'));
    auth = await WebexAuth.open({
      client: peer.client,
      endpoints: peer.endpoints,
      store: sqliteStore({ path: join(directory, 'vault.db'), clock }),
      keys: KeyRing.ephemeral(),
      login: { custom: () => ({ plan: 'gold' }) },
      scheduler: false,
      clock,
    });
    events = [];
    for (const name of EVENTS) {
      auth.on(name, (payload) => {
        events.push(name);
        leaks.scanValue(`event ${name}`, payload);
      });
    }
    const handle = nodeHttp(auth);
    listener = (request, response) => void handle(request, response);
  });

  afterEach(async () => {
    leaks.scanFiles('vault', directory);
    await auth.close();
    leaks.scanFiles('vault, closed', directory);
    await stopSite();
    await peer.close();
    await rm(directory, { recursive: true });
  });

  afterAll(() => {
    leaks.assertClean();
  });

  async function signIn(browser = new Browser()): Promise<string> {
    const start = await browser.open(`${site}/auth/webex/login?returnTo=/rooms`);
    const authorizeUrl = Browser.target(start);
    const callback = await peer.signIn(authorizeUrl);
    // Behind the last underscore stands the organisation, which ids hold too.
    const code = new URL(callback).searchParams.get('code') ?? '';
    leaks.watch(code.replace(/_[0-9a-f-]{36}$/, ''), 'code');
    const end = await browser.open(callback);
    expect([end.status, end.headers.get('location')]).toEqual([303, '/rooms']);
    const [grant] = await auth.grants.list({ state: 'live' });
    const subject = grant?.subject ?? '';
    await watchTokens(subject);
    return subject;
  }

  async function watchTokens(subject: string): Promise<{ access: string; refresh: string }> {
    const webex = await auth.user(subject);
    const access = webex.credentials.supertoken?.access_token ?? '';
    const refresh = webex.credentials.supertoken?.refresh_token ?? '';
    // The last parts of Webex's opaque tokens, cluster and organisation, are public.
    const publicParts = [access.split('_').slice(1).join('_')].filter((part) => part !== '');
    leaks.watch(access, 'access token', { publicParts });
    leaks.watch(refresh, 'refresh token', { publicParts });
    for (const value of [
      webex,
      webex.credentials,
      webex.credentials.supertoken,
      auth,
      await auth.grants.get(subject),
    ]) {
      leaks.scanValue('public object', value);
    }
    return { access, refresh };
  }

  it('sign in → call → expiry → refresh with rotation → reuse detected → sign in again → disconnect', async () => {
    const subject = await signIn();
    const webex = await auth.user(subject);
    expect((await webex.request({ resource: 'people/me' })).statusCode).toBe(200);
    expect((await webex.fetch('/people/me')).status).toBe(200);
    const first = await watchTokens(subject);

    clock.jump(peer.lifetimeMs);
    const fresh = await auth.token(subject);
    const second = await watchTokens(subject);
    expect(fresh).toMatchObject({ accessToken: second.access, stale: false });
    expect(second.access).not.toBe(first.access);
    expect(second.refresh).not.toBe(first.refresh);
    expect((await webex.fetch('/people/me')).status).toBe(200);
    expect(await auth.grants.get(subject)).toMatchObject({ generation: 2, custom: { plan: 'gold' } });

    await presentAsThief(peer, first.refresh);
    clock.jump(peer.lifetimeMs);
    const error = await auth.token(subject).catch((caught: unknown) => caught);
    leaks.scanValue('error', error);
    expect(error).toBeInstanceOf(ReauthRequiredError);
    expect(error).toMatchObject({ action: 'sign_in_again', reauth: { reason: 'revoked' } });
    expect(await auth.grants.get(subject)).toMatchObject({ state: 'dead', reason: 'revoked' });

    clock.jump(-2 * peer.lifetimeMs);
    expect(await signIn()).toBe(subject);
    const third = await watchTokens(subject);
    expect(await peer.isActive(third.access)).toBe(true);
    expect(await auth.disconnect(subject)).toEqual({ existed: true, revoked: true });
    expect(await peer.isActive(third.access)).toBe(false);
    expect(await auth.grants.get(subject)).toBeUndefined();
    await expect(auth.token(subject)).rejects.toMatchObject({ code: 'GRANT_NOT_FOUND' });

    const history = (await auth.grants.history(subject)).map(({ event }) => event).reverse();
    expect(history).toEqual(['login', 'token:refresh', 'auth:error', 'unauthorized', 'login', 'logout']);
    expect(events).toEqual([...history, 'unauthorized']);
  });

  it('a 401 of the API is answered by one refresh and one replay', async () => {
    const subject = await signIn();
    const webex = await auth.user(subject);
    const { access } = await watchTokens(subject);
    await peer.reject(access);
    expect(await peer.isActive(access)).toBe(false);
    expect((await webex.fetch('/people/me')).status).toBe(200);
    await watchTokens(subject);
    expect(events.filter((name) => name === 'token:refresh')).toHaveLength(1);
  });

  it('a refused consent is a friendly page with a code, and nothing is exchanged or stored', async () => {
    const browser = new Browser();
    const start = await browser.open(`${site}/auth/webex/login`);
    const end = await browser.open(await peer.deny(Browser.target(start)));
    expect(end.status).toBe(403);
    expect(await end.text()).toContain('ACCESS_DENIED');
    expect(await auth.grants.list()).toEqual([]);
  });

  it('A3: a foreign browser cannot finish a login, and its own browser still can', async () => {
    const browser = new Browser();
    const start = await browser.open(`${site}/auth/webex/login`);
    const callback = await peer.signIn(Browser.target(start));
    const foreign = await new Browser().open(callback);
    expect(foreign.status).toBe(400);
    expect(await auth.grants.list()).toEqual([]);
    expect((await browser.open(callback)).status).toBe(303);
    expect(await auth.grants.list()).toHaveLength(1);
  });
});

async function presentAsThief({ client, endpoints }: Peer, refreshToken: string): Promise<void> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: client.clientId,
    client_secret: client.clientSecret,
  });
  const { status } = await fetch(endpoints.tokenEndpoint ?? '', { method: 'POST', body });
  expect(status).toBe(400);
}
