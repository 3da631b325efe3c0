import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FetchTransport } from '../src/http/fetch-transport.js';
import {
  ClosedError,
  ConfigurationError,
  KeyRing,
  memoryStore,
  NotFoundError,
  Webex,
  type WebexOptions,
} from '../src/index.js';
import type { AuditEntry } from '../src/stores/audit-log.js';
import { startEmulated, type Emulated } from './support/emulated.js';
import { movableClock } from './support/movable-clock.js';

describe('a Webex of its own', () => {
  const open: Webex[] = [];
  let emulated: Emulated;

  beforeEach(async () => {
    emulated = await startEmulated({ refreshMode: 'rotate-strict' });
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((webex) => webex.close()));
    await emulated.emulator.close();
  });

  function init(options: Partial<WebexOptions> = {}): Webex {
    const { clientId, clientSecret, redirectUri, scope } = emulated.client;
    const webex = Webex.init({
      credentials: { client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri, scope },
      endpoints: emulated.endpoints,
      ...options,
    });
    open.push(webex);
    return webex;
  }

  async function signIn(webex: Webex): Promise<void> {
    const { url, transaction } = await webex.authorization.initiateLogin();
    await webex.authorization.completeLogin(await emulated.emulator.signIn(url), transaction);
  }

  describe('calls', () => {
    it('request, fetch and paginate carry the token', async () => {
      const webex = init();
      await webex.whenReady();
      await signIn(webex);
      const me = await webex.request<{ displayName: string }>({ service: 'hydra', resource: 'people/me' });
      expect([me.statusCode, me.body.displayName]).toEqual([200, emulated.emulator.users[0]?.displayName]);
      expect((await webex.fetch('/people/me')).status).toBe(200);
      const rooms: unknown[] = [];
      for await (const room of webex.paginate('/rooms', { max: 2 })) rooms.push(room);
      expect(rooms.length).toBeGreaterThan(2);
      await expect(webex.request({ resource: 'nowhere' })).rejects.toBeInstanceOf(NotFoundError);
    });

    it('an expired token is renewed before it is used', async () => {
      const clock = movableClock();
      const webex = init({ clock });
      await webex.whenReady();
      await signIn(webex);
      const before = webex.credentials.supertoken?.access_token;
      clock.jump(15 * 86_400_000);
      expect((await webex.fetch('/people/me')).status).toBe(200);
      expect(webex.credentials.supertoken?.access_token).not.toBe(before);
    });
  });

  describe('1.1 construction', () => {
    it('with a token only can call, and cannot sign in', async () => {
      const first = init();
      await first.whenReady();
      await signIn(first);
      const webex = Webex.init({
        access_token: first.credentials.supertoken?.toHeader(),
        endpoints: emulated.endpoints,
      });
      open.push(webex);
      await webex.whenReady();
      expect(webex.canAuthorize).toBe(true);
      expect((await webex.fetch('/people/me')).status).toBe(200);
      await expect(webex.authorization.initiateLogin()).rejects.toBeInstanceOf(ConfigurationError);
    });

    it('throws at once for what is wrong locally', () => {
      expect(() => Webex.init({ credentials: { client_id: 'C' } })).toThrow(/client_secret: is missing/);
    });

    it('two instances share nothing', async () => {
      const one = init();
      const two = init();
      await Promise.all([one.whenReady(), two.whenReady()]);
      await signIn(one);
      expect([one.canAuthorize, two.canAuthorize]).toEqual([true, false]);
    });

    it('finds the grant of an earlier start in a store it is given', async () => {
      const store = memoryStore();
      const keys = KeyRing.ephemeral();
      const close = store.close.bind(store);
      store.close = () => Promise.resolve();
      const first = init({ store, keys });
      await first.whenReady();
      await signIn(first);
      await first.close();
      const second = init({ store, keys });
      await second.whenReady();
      expect((await second.fetch('/people/me')).status).toBe(200);
      await close();
    });

    it('takes a newly given token in place of a stored one that nothing can renew', async () => {
      const store = memoryStore();
      const keys = KeyRing.ephemeral();
      const shared = { store, keys, endpoints: emulated.endpoints };
      const first = Webex.init({ ...shared, access_token: 'old-bot-token' });
      const second = Webex.init({ ...shared, access_token: 'new-bot-token' });
      open.push(first, second);
      await first.whenReady();
      await second.whenReady();
      expect(second.credentials.supertoken?.access_token).toBe('new-bot-token');
    });

    it('prints no secret', async () => {
      const webex = init();
      await webex.whenReady();
      await signIn(webex);
      const { access_token = '', refresh_token = '' } = webex.credentials.supertoken ?? {};
      const printed = inspect([webex, webex.credentials, webex.authorization], {
        depth: Infinity,
        showHidden: true,
      });
      for (const secret of [access_token, refresh_token, emulated.client.clientSecret]) {
        expect(secret.length).toBeGreaterThan(10);
        expect(printed).not.toContain(secret);
      }
      expect(JSON.stringify(webex)).toBe('{"subject":"default","phase":"ready","canAuthorize":true}');
    });
  });

  describe('life cycle', () => {
    const scope = 'spark:people_read';

    it('is ready when it says so', async () => {
      const webex = init({ discovery: false });
      const seen: unknown[] = [];
      webex.on('ready', () => seen.push([webex.ready, webex.phase]));
      await webex.whenReady();
      expect(seen).toEqual([[true, 'ready']]);
    });

    it('setConfig brings another token: that one is used, whoever was signed in', async () => {
      const webex = init({ discovery: false });
      await signIn(webex);
      expect(webex.credentials.canRefresh).toBe(true);
      const token = emulated.emulator.issuePersonalToken('grace@example.com');
      webex.setConfig({ credentials: { access_token: token } });
      await webex.whenReady();
      expect(webex.credentials.supertoken?.access_token).toBe(token);
      const { body } = await webex.request<{ emails: string[] }>({ resource: 'people/me' });
      expect(body.emails).toEqual(['grace@example.com']);
    });

    it('a new refresh token beside the access token of a grant that died is taken', async () => {
      const store = memoryStore();
      const keys = KeyRing.ephemeral();
      const first = init({ discovery: false, store, keys });
      await signIn(first);
      const { access_token = '' } = first.credentials.supertoken ?? {};
      emulated.emulator.revokeAll();
      await expect(first.credentials.refresh()).rejects.toMatchObject({ code: 'REAUTH_REQUIRED' });
      const { clientId: client_id, clientSecret: client_secret } = emulated.client;
      const credentials = { client_id, client_secret, access_token, refresh_token: 'another' };
      const second = init({ discovery: false, store, keys, credentials });
      await second.whenReady();
      expect(second.credentials.supertoken?.refresh_token).toBe('another');
    });

    it('canAuthorize is false while a callback has not given a guest yet', async () => {
      const fails = (): Promise<string> => Promise.reject(new Error('not yet'));
      const credentials = { jwtRefreshCallback: fails };
      const webex = init({ discovery: false, credentials });
      await webex.whenReady();
      expect([webex.canAuthorize, webex.credentials.canRefresh]).toEqual([false, true]);
      await expect(webex.request({ resource: 'people/me' })).rejects.toMatchObject({
        code: 'GRANT_NOT_FOUND',
      });
    });

    it.each([59, -1, 0.5])(
      'verifyEvery: %d s would storm Webex and is refused, 0 is never',
      (verifyEvery) => {
        expect(() => init({ verifyEvery })).toThrow(/verifyEvery: .*60 or more, or 0 for never/);
        expect(() => init({ verifyEvery: 0, discovery: false })).not.toThrow();
      },
    );

    it('setConfig several times in a row starts once, with the last settings, for all who wait', async () => {
      const webex = init({ discovery: false });
      const seen: string[] = [];
      webex.on('phase', ({ phase }) => seen.push(`${phase} ${webex.phase}`));
      webex.on('ready', () => seen.push(webex.config.credentials.scope ?? ''));
      const waiting = webex.whenReady();
      webex.setConfig({ credentials: { scope: 'spark:rooms_read' } });
      webex.setConfig({ credentials: { scope } });
      await waiting;
      expect([webex.ready, webex.config.credentials.scope]).toEqual([true, scope]);
      const phases = ['modules', 'plugins', 'configuration', 'discovery', 'ready'];
      expect(seen).toEqual([...phases.map((phase) => `${phase} ${phase}`), scope]);
    });

    it.each<[string, () => Partial<WebexOptions>]>([
      ['its own transport', () => ({})],
      ['a transport of the application', () => ({ transport: new FetchTransport() })],
    ])('setConfig ends no request that is under way, with %s', async (_, options) => {
      const webex = init({ discovery: false, ...options() });
      await webex.whenReady();
      await signIn(webex);
      let configured = false;
      emulated.emulator.faults.add({
        route: ({ path }) => {
          if (path !== '/v1/people/me' || configured) return false;
          configured = true;
          webex.setConfig({ credentials: { scope } });
          return true;
        },
        delayBeforeMs: 50,
      });
      expect((await webex.fetch('/people/me')).status).toBe(200);
      expect(configured).toBe(true);
      await webex.whenReady();
      expect((await webex.fetch('/people/me')).status).toBe(200);
    });

    it('setConfig while the first request is being prepared leaves no client of the old settings behind', async () => {
      const webex = init({ discovery: false, access_token: emulated.emulator.issuePersonalToken() });
      const early = webex.fetch('/people/me').catch(() => undefined);
      webex.setConfig({ credentials: { scope } });
      await Promise.all([early, webex.whenReady()]);
      expect((await webex.fetch('/people/me')).status).toBe(200);
    });

    it('setConfig brings back no token that was signed out, unless it is given again', async () => {
      const access_token = emulated.emulator.issuePersonalToken();
      const { clientId: client_id, clientSecret: client_secret } = emulated.client;
      const webex = init({ discovery: false, credentials: { client_id, client_secret, access_token } });
      await webex.whenReady();
      await webex.credentials.invalidate();
      webex.setConfig({ fedramp: false });
      webex.setConfig({ credentials: { scope } });
      await webex.whenReady();
      expect([webex.canAuthorize, webex.credentials.supertoken]).toEqual([false, undefined]);
      webex.setConfig({ credentials: { access_token } });
      await webex.whenReady();
      expect(webex.credentials.supertoken?.access_token).toBe(access_token);
    });

    it('setConfig leaves whoever has signed in since in place of the token that was given', async () => {
      const { clientId: client_id, clientSecret: client_secret } = emulated.client;
      const access_token = emulated.emulator.issuePersonalToken();
      const webex = init({ discovery: false, credentials: { client_id, client_secret, access_token } });
      await webex.whenReady();
      const { issuer, secret: secretId } = emulated.emulator.guestIssuers[0] ?? {};
      const { jwt } = await webex.authorization.createJwt({
        issuer,
        secretId,
        subject: 'guest',
        displayName: 'G',
      });
      const guest = await webex.authorization.requestAccessTokenFromJwt({ jwt });
      webex.setConfig({ fedramp: false });
      await webex.whenReady();
      expect(webex.credentials.supertoken?.access_token).toBe(guest.access_token);
    });

    it('close right after setConfig lets a refresh finish that was begun before, and writes it down once', async () => {
      const store = memoryStore();
      const webex = init({ discovery: false, store, keys: KeyRing.ephemeral() });
      await webex.whenReady();
      await signIn(webex);
      const before = webex.credentials.supertoken?.access_token;
      const asked = new Promise<void>((resolve) => {
        emulated.emulator.faults.add({
          route: ({ grantType }) => {
            if (grantType === 'refresh_token') resolve();
            return grantType === 'refresh_token';
          },
          delayBeforeMs: 50,
        });
      });
      const done: string[] = [];
      webex.on('token:refresh', () => done.push('told'));
      const refreshing = webex.refresh().then(({ access_token }) => done.push(access_token));
      await asked;
      webex.setConfig({ credentials: { scope } });
      let history: AuditEntry[] = [];
      const append = store.audit.append.bind(store.audit);
      store.audit.append = async (owner, entries) => {
        await append(owner, entries);
        history = await store.audit.list(owner, { subject: 'default', limit: 10 });
      };
      await webex.close().then(() => done.push('closed'));
      await refreshing;
      expect(done).toEqual(['told', expect.not.stringContaining(before ?? ''), 'closed']);
      expect(history.map(({ event }) => event)).toEqual(['token:refresh', 'login']);
    });

    it('close at once starts nothing, and a closed one is not configured', async () => {
      const webex = init({ discovery: false });
      const seen: string[] = [];
      webex.on('phase', ({ phase }) => seen.push(phase));
      const ready = webex.whenReady();
      await Promise.all([expect(ready).rejects.toMatchObject({ code: 'CLOSED' }), webex.close()]);
      expect([webex.ready, seen]).toEqual([false, []]);
      expect(() => webex.setConfig({ credentials: { scope } })).toThrow(ClosedError);
    });
  });

  it('3.2 requestAuthorizationCodeGrant exchanges a code, and Webex takes it once', async () => {
    const webex = init();
    await webex.whenReady();
    const url = new URL(emulated.endpoints.authorizationEndpoint);
    url.search = String(
      new URLSearchParams({
        response_type: 'code',
        client_id: emulated.client.clientId,
        redirect_uri: emulated.client.redirectUri,
        scope: emulated.client.scope.join(' '),
        state: 'mine',
      }),
    );
    const code = new URL(await emulated.emulator.signIn(url.href)).searchParams.get('code') ?? '';
    const supertoken = await webex.authorization.requestAuthorizationCodeGrant({ code });
    expect(supertoken.isExpired).toBe(false);
    await expect(webex.authorization.requestAuthorizationCodeGrant({ code })).rejects.toMatchObject({
      action: 'sign_in_again',
    });
  });
});
