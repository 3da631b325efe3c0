import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  KeyRing,
  memoryStore,
  NotFoundError,
  Webex,
  type WebexOptions,
} from '../src/index.js';
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
