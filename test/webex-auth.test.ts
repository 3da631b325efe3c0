import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ClosedError,
  ConfigurationError,
  GrantNotFoundError,
  KeyRing,
  memoryStore,
  ProtocolError,
  StoreUnavailableError,
  WebexAuth,
  type WebexAuthOptions,
} from '../src/index.js';
import { startEmulated, type Emulated } from './support/emulated.js';
import { movableClock } from './support/movable-clock.js';

describe('WebexAuth', () => {
  const open: WebexAuth[] = [];
  let emulated: Emulated;

  beforeEach(async () => {
    emulated = await startEmulated({ refreshMode: 'rotate-strict' });
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((auth) => auth.close()));
    await emulated.emulator.close();
  });

  async function start(options: Partial<WebexAuthOptions> = {}): Promise<WebexAuth> {
    const { client, endpoints } = emulated;
    const auth = await WebexAuth.open({
      client,
      endpoints,
      store: memoryStore(),
      keys: KeyRing.ephemeral(),
      ...options,
    });
    open.push(auth);
    return auth;
  }

  async function signIn(auth: WebexAuth, user?: string): Promise<string> {
    const begin = await auth.handler(new Request('http://localhost/login'));
    const cookie = begin.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const callback = await emulated.emulator.signIn(begin.headers.get('location') ?? '', {
      ...(user && { user }),
    });
    let subject = '';
    const stop = auth.on('login', (login) => (subject = login.subject));
    const end = await auth.handler(new Request(callback, { headers: { cookie } }));
    stop();
    expect(end.status).toBe(303);
    return subject;
  }

  it('keeps users apart: each gets their own token and their own client', async () => {
    const auth = await start();
    const [ada, ben] = emulated.emulator.users;
    const first = await signIn(auth, ada?.email);
    const second = await signIn(auth, ben?.email);
    expect(first).not.toBe(second);
    expect((await auth.token(first)).accessToken).not.toBe((await auth.token(second)).accessToken);
    for (const [subject, user] of [
      [first, ada],
      [second, ben],
    ] as const) {
      const me = await (await auth.user(subject)).request<{ displayName: string }>({ resource: 'people/me' });
      expect(me.body.displayName).toBe(user?.displayName);
    }
    expect((await auth.grants.list()).map(({ subject }) => subject)).toEqual([first, second].sort());
  });

  it('grants: get shows person, scopes and custom fields, update changes them, refresh keeps them', async () => {
    const auth = await start({ login: { subject: () => 'user-42', custom: () => ({ plan: 'gold' }) } });
    expect(await signIn(auth)).toBe('user-42');
    await auth.grants.update('user-42', { custom: { seats: 3, plan: undefined } });
    await auth.refresh('user-42');
    const grant = await auth.grants.get('user-42');
    expect(grant).toMatchObject({ generation: 2, custom: { seats: 3 }, missingScopes: [] });
    expect(grant?.person?.displayName).toBe(emulated.emulator.users[0]?.displayName);
    expect(JSON.stringify(grant)).not.toContain((await auth.token('user-42')).accessToken);
    await expect(auth.grants.update('nobody', { custom: {} })).rejects.toBeInstanceOf(GrantNotFoundError);
    expect(await auth.grants.get('nobody')).toBeUndefined();
  });

  it('grants.import takes a token response from elsewhere, and refuses what is none', async () => {
    const auth = await start();
    const grant = await auth.grants.import(
      'bot',
      { access_token: 'abc', scope: 'a:b', unknown: { nested: true } },
      { kind: 'bot' },
    );
    expect(grant).toMatchObject({ kind: 'bot', scope: ['a:b'], expiresAt: undefined, state: 'live' });
    expect(await auth.token('bot')).toEqual({
      accessToken: 'abc',
      expiresAt: undefined,
      stale: false,
      lastError: undefined,
    });
    for (const bad of [{}, { access_token: '' }, { access_token: 'a b' }, { access_token: 5 }]) {
      await expect(auth.grants.import('x', bad)).rejects.toBeInstanceOf(ProtocolError);
    }
  });

  it('disconnect forgets, ends the sessions, revokes, and is honest when Webex does not confirm', async () => {
    const auth = await start();
    const subject = await signIn(auth);
    const { accessToken } = await auth.token(subject);
    emulated.emulator.faults.add({ route: 'POST /idb/oauth2/v1/revoke', status: 503, times: 1 });
    expect(await auth.disconnect(subject)).toEqual({
      existed: true,
      revoked: false,
      error: 'SERVICE_UNAVAILABLE',
    });
    expect(await auth.disconnect(subject)).toEqual({ existed: false, revoked: false });
    await expect(auth.token(subject)).rejects.toBeInstanceOf(GrantNotFoundError);
    await expect(auth.user(subject)).rejects.toBeInstanceOf(GrantNotFoundError);

    await signIn(auth);
    expect(await auth.disconnect(subject)).toEqual({ existed: true, revoked: true });
    const { status } = await fetch(`${emulated.endpoints.apiBase}/people/me`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(status).toBe(200);
  });

  it('the session of a login says who it is until disconnect', async () => {
    const auth = await start();
    const begin = await auth.handler(new Request('http://localhost/login'));
    const cookie = begin.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const callback = await emulated.emulator.signIn(begin.headers.get('location') ?? '');
    const end = await auth.handler(new Request(callback, { headers: { cookie } }));
    const cookies = end.headers
      .getSetCookie()
      .map((line) => line.split(';')[0] ?? '')
      .join('; ');
    const request = new Request('http://localhost/', { headers: { cookie: cookies } });
    const session = await auth.session(request);
    expect(session?.subject).toBeDefined();
    await auth.disconnect(session?.subject ?? '');
    expect(await auth.session(request)).toBeUndefined();
  });

  it('the scheduler refreshes what is due without anyone asking', async () => {
    const clock = movableClock();
    const shared = { clock, store: memoryStore({ clock }), keys: KeyRing.ephemeral() };
    const subject = await signIn(await start({ ...shared, scheduler: false }));
    clock.jump(13 * 86_400_000);
    const auth = await start(shared);
    expect(await new Promise((resolve) => auth.once('token:refresh', resolve))).toMatchObject({
      subject,
      cause: 'scheduled',
    });
    expect((await auth.grants.history(subject)).map(({ event }) => event)).toContain('token:refresh');
  });

  it('a session of one client is none at another on the same store', async () => {
    const store = memoryStore();
    const one = await start({ store, login: { subject: () => 'same' } });
    const two = await start({ store, client: { ...emulated.client, clientId: 'C-other' } });
    const begin = await one.handler(new Request('http://localhost/login'));
    const cookie = begin.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const callback = await emulated.emulator.signIn(begin.headers.get('location') ?? '');
    const end = await one.handler(new Request(callback, { headers: { cookie } }));
    const cookies = end.headers
      .getSetCookie()
      .map((line) => line.split(';')[0] ?? '')
      .join('; ');
    const request = new Request('http://localhost/', { headers: { cookie: cookies } });
    expect((await one.session(request))?.subject).toBe('same');
    expect(await two.session(request)).toBeUndefined();
    await two.disconnect('same');
    expect((await one.session(request))?.subject).toBe('same');
  });

  it('a subject never changes hands silently', async () => {
    const auth = await start({ login: { subject: () => 'user-42', custom: () => ({ plan: 'gold' }) } });
    const [ada, grace] = emulated.emulator.users;
    await signIn(auth, ada?.email);
    const begin = await auth.handler(new Request('http://localhost/login'));
    const cookie = begin.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const callback = await emulated.emulator.signIn(begin.headers.get('location') ?? '', {
      user: grace?.email ?? '',
    });
    const end = await auth.handler(new Request(callback, { headers: { cookie } }));
    expect(await end.text()).toContain('PERSON_MISMATCH');
    expect((await auth.grants.get('user-42'))?.person?.displayName).toBe(ada?.displayName);
  });

  it('close() during a login lets it finish: the code that was exchanged is stored', async () => {
    const store = memoryStore();
    const keys = KeyRing.ephemeral();
    const observer = await start({ store, keys });
    const auth = await start({ store, keys });
    const begin = await auth.handler(new Request('http://localhost/login'));
    const cookie = begin.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const callback = await emulated.emulator.signIn(begin.headers.get('location') ?? '');
    emulated.emulator.faults.add({ route: 'POST /v1/access_token', delayAfterMs: 200 });
    const end = auth.handler(new Request(callback, { headers: { cookie } }));
    const { ledger } = emulated.emulator;
    while (ledger.count('POST /v1/access_token') === 0) await new Promise((resolve) => setImmediate(resolve));
    await auth.close();
    expect((await end).status).toBe(303);
    expect(await observer.grants.list({ state: 'live' })).toHaveLength(1);
  });

  it('disconnect revokes although the sessions cannot be ended, and says so', async () => {
    const store = memoryStore();
    const auth = await start({ store });
    const subject = await signIn(auth);
    const { accessToken } = await auth.token(subject);
    store.sessions.deleteBySubject = () => Promise.reject(new StoreUnavailableError('away'));
    await expect(auth.disconnect(subject)).rejects.toBeInstanceOf(StoreUnavailableError);
    const headers = { authorization: `Bearer ${accessToken}` };
    expect((await fetch(`${emulated.endpoints.apiBase}/people/me`, { headers })).status).toBe(401);
  });

  it('several WebexAuth share a store without seeing each other', async () => {
    const store = memoryStore();
    const one = await start({ store, tenant: 'one' });
    const two = await start({ store, tenant: 'two' });
    const subject = await signIn(one);
    expect((await one.grants.list()).length).toBe(1);
    expect(await two.grants.list()).toEqual([]);
    await expect(two.token(subject)).rejects.toBeInstanceOf(GrantNotFoundError);
  });

  it('without a redirect URI keeps tokens but signs nobody in', async () => {
    const { clientId, clientSecret } = emulated.client;
    const auth = await start({ client: { clientId, clientSecret } });
    expect(() => auth.handler).toThrow(ConfigurationError);
    await auth.grants.import('a', { access_token: 'abc' });
    expect((await auth.token('a')).accessToken).toBe('abc');
  });

  it('after close refuses to work, and closing twice is no error', async () => {
    const auth = await start();
    await auth.close();
    await auth.close();
    await expect(auth.token('a')).rejects.toBeInstanceOf(ClosedError);
  });
});
