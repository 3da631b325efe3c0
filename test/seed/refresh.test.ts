import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyRing, memoryStore, type WebexAuthEvents } from '../../src/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import { fakeClock } from '../support/fake-clock.js';
import { temporaryDirectories } from '../support/temporary-directory.js';
import { emulatedWebex, INTEGRATION } from './emulated-webex.js';

const DAY_MS = 86_400_000;
const TOKEN = 'POST /v1/access_token';
const ME = 'GET /v1/people/me';

type Refreshed = WebexAuthEvents['token:refresh'];

describe('5.1–5.3 refresh', () => {
  const webexOf = emulatedWebex();
  const newDirectory = temporaryDirectories();

  describe('scheduled', () => {
    const ticking = emulatedWebex({ newClock: () => fakeClock() });

    /** Lets the scheduler look, with the wall clock so much later. */
    async function later(ms: number): Promise<void> {
      const clock = ticking().clock as ReturnType<typeof fakeClock>;
      clock.jump(ms);
      await clock.advance(5_000);
    }

    it.each(['after a sign-in', 'after a start with a stored grant', 'with tokens given at init'])(
      'nobody has to ask: %s',
      async (how) => {
        const { init, signIn, clock } = ticking();
        const shared = { store: memoryStore({ clock }), keys: KeyRing.ephemeral() };
        let webex = init(shared);
        await signIn(webex);
        const { supertoken } = webex.credentials;
        if (how.includes('stored')) {
          const first = webex;
          webex = init(shared);
          await webex.whenReady();
          await first.close();
        }
        if (how.includes('given')) {
          await webex.close();
          webex = init({
            credentials: {
              client_id: INTEGRATION.clientId,
              client_secret: INTEGRATION.clientSecret,
              access_token: supertoken?.access_token,
              refresh_token: supertoken?.refresh_token,
              expires_in: supertoken?.expires_in,
            },
          });
        }
        await webex.whenReady();
        const refreshed = new Promise<Refreshed>((resolve) => webex.once('token:refresh', resolve));
        await later(13 * DAY_MS);
        const { cause, subject, expiresAt } = await refreshed;
        expect([cause, subject]).toEqual(['scheduled', 'default']);
        expect(expiresAt).toBeGreaterThan(clock.now() + 13 * DAY_MS);
        expect(webex.credentials.supertoken?.access_token).not.toBe(supertoken?.access_token);
      },
    );

    it('not before 60 % of the lifetime, and by 90 % at the latest', async () => {
      const { open, signInTo, emulator } = ticking();
      const auth = await open();
      const { subject } = await signInTo(auth);
      const { issuedAt = 0, expiresAt = 0, dueAt = 0 } = (await auth.grants.get(subject)) ?? {};
      const share = (dueAt - issuedAt) / (expiresAt - issuedAt);
      expect(share).toBeGreaterThanOrEqual(0.6);
      expect(share).toBeLessThanOrEqual(0.9);
      const refreshed = new Promise((resolve) => auth.once('token:refresh', resolve));
      await later(0.59 * (expiresAt - issuedAt));
      expect(emulator.ledger.count('refresh_token')).toBe(0);
      await later(0.31 * (expiresAt - issuedAt));
      await refreshed;
      expect(emulator.ledger.count('refresh_token')).toBe(1);
    });

    it('scheduler: false leaves it to access', async () => {
      const { open, signInTo, emulator } = ticking();
      const auth = await open({ scheduler: false });
      const { subject } = await signInTo(auth);
      await later(13.5 * DAY_MS);
      expect(emulator.ledger.count('refresh_token')).toBe(0);
      const refreshed = new Promise<Refreshed>((resolve) => auth.once('token:refresh', resolve));
      expect((await auth.token(subject)).stale).toBe(false);
      expect((await refreshed).cause).toBe('access');
    });
  });

  describe('on access', () => {
    it('a token that has ended is renewed before it is used: the API never sees it', async () => {
      const { init, signIn, emulator, clock } = webexOf();
      const webex = init({ scheduler: false });
      await signIn(webex);
      emulator.ledger.clear();
      clock.jump(15 * DAY_MS);
      const causes: string[] = [];
      webex.on('token:refresh', ({ cause }) => causes.push(cause));
      expect((await webex.request({ resource: 'people/me' })).statusCode).toBe(200);
      expect(emulator.ledger.find(({ path }) => path.startsWith('/v1/')).map(({ path }) => path)).toEqual([
        '/v1/access_token',
        '/v1/people/me',
      ]);
      expect(causes).toEqual(['access']);
    });

    it('a token that is due and still good is served at once, and renewed behind', async () => {
      const { open, signInTo, emulator, clock } = webexOf();
      const auth = await open({ scheduler: false });
      const { subject } = await signInTo(auth);
      const { accessToken } = await auth.token(subject);
      clock.jump(13 * DAY_MS);
      emulator.faults.add({ route: TOKEN, delayBeforeMs: 50 });
      // Whoever hears of it finds it: the listener itself asks.
      const renewed = new Promise<string>((resolve, reject) => {
        auth.once('token:refresh', () => {
          auth.token(subject).then((token) => resolve(token.accessToken), reject);
        });
      });
      expect(await auth.token(subject)).toMatchObject({ accessToken, stale: false });
      expect(await renewed).not.toBe(accessToken);
    });
  });

  describe('on 401', () => {
    it('a token that the API refuses is renewed, and the call sent once more', async () => {
      const { init, signIn, emulator } = webexOf();
      const webex = init();
      await signIn(webex);
      emulator.ledger.clear();
      emulator.revokeToken(webex.credentials.supertoken?.access_token ?? '');
      const causes: string[] = [];
      webex.on('token:refresh', ({ cause }) => causes.push(cause));
      expect((await webex.fetch('/people/me')).status).toBe(200);
      expect(causes).toEqual(['rejected']);
      expect(emulator.ledger.find(ME).map(({ status }) => status)).toEqual([401, 200]);
    });

    it('an endpoint that refuses every token costs one refresh, and its 401 reaches the caller', async () => {
      const { init, signIn, emulator } = webexOf();
      const webex = init();
      await signIn(webex);
      emulator.faults.add({ route: 'GET /v1/rooms', status: 401 });
      await expect(webex.request({ resource: 'rooms' })).rejects.toMatchObject({
        code: 'UNAUTHORIZED',
        status: 401,
      });
      await expect(webex.request({ resource: 'rooms' })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
      expect(emulator.ledger.count('refresh_token')).toBeLessThanOrEqual(2);
      expect((await webex.fetch('/people/me')).status).toBe(200);
    });

    it('a late 401 of a token that was replaced meanwhile refreshes nothing', async () => {
      const { open, signInTo, emulator } = webexOf();
      const auth = await open();
      const { subject } = await signInTo(auth);
      const { accessToken: old } = await auth.token(subject);
      await auth.refresh(subject);
      const { accessToken } = await auth.reportRejected(subject, old);
      expect(accessToken).not.toBe(old);
      expect(emulator.ledger.count('refresh_token')).toBe(1);
    });
  });

  describe('is one for all', () => {
    it('concurrent callers share it', async () => {
      const { init, signIn, emulator, clock } = webexOf();
      const webex = init({ scheduler: false });
      await signIn(webex);
      clock.jump(15 * DAY_MS);
      const statuses = await Promise.all(
        Array.from({ length: 20 }, async () => (await webex.fetch('/people/me')).status),
      );
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(emulator.ledger.count('refresh_token')).toBe(1);
    });

    it('so do several processes on one store: none presents a refresh token that another has used', async () => {
      const { open, signInTo, emulator, clock } = webexOf();
      const path = join(newDirectory(), 'vault.db');
      const keys = KeyRing.ephemeral();
      // Each with its connection, cache and holder, as a process of its own would have them.
      const peers = await Promise.all(
        Array.from({ length: 4 }, () =>
          open({ store: sqliteStore({ path, clock }), keys, scheduler: false }),
        ),
      );
      const [first] = peers;
      if (!first) throw new Error('no peer');
      const { subject } = await signInTo(first);
      clock.jump(15 * DAY_MS);
      const tokens = await Promise.all(
        peers.flatMap((peer) => Array.from({ length: 5 }, () => peer.token(subject))),
      );
      expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1);
      expect(emulator.ledger.count('refresh_token')).toBe(1);
      expect(emulator.ledger.staleRefreshes).toBe(0);
    });

    it('a caller that gives up cancels its own wait, not the refresh', async () => {
      const { open, signInTo, emulator, clock } = webexOf();
      const auth = await open({ scheduler: false });
      const { subject } = await signInTo(auth);
      clock.jump(15 * DAY_MS);
      const slow = emulator.faults.add({ route: TOKEN, delayBeforeMs: 50 });
      const impatient = new AbortController();
      const waiting = auth.token(subject, { signal: impatient.signal });
      const patient = auth.token(subject);
      while (slow.count === 0) await new Promise((resolve) => setImmediate(resolve));
      impatient.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
      expect((await patient).stale).toBe(false);
      expect(emulator.ledger.count('refresh_token')).toBe(1);
    });
  });

  it('is stored before it is announced', async () => {
    const { open, signInTo, clock } = webexOf();
    const keys = KeyRing.ephemeral();
    const store = memoryStore({ clock });
    const commit = store.leases.commit.bind(store.leases);
    const order: string[] = [];
    store.leases.commit = async (...write) => {
      await new Promise((resolve) => setImmediate(resolve));
      const written = await commit(...write);
      order.push('stored');
      return written;
    };
    const auth = await open({ store, keys });
    const observer = await open({ store, keys, maxStaleness: 0 });
    const { subject } = await signInTo(auth);
    const seen = new Promise<string>((resolve, reject) => {
      auth.on('token:refresh', () => {
        order.push('announced');
        observer.token(subject).then(({ accessToken }) => resolve(accessToken), reject);
      });
    });
    const { generation } = await auth.refresh(subject);
    expect(order).toEqual(['stored', 'announced']);
    expect(generation).toBe(2);
    expect(await seen).toBe((await auth.token(subject)).accessToken);
  });

  it('is announced only by the process that stored it', async () => {
    const { open, signInTo, clock } = webexOf();
    const shared = { store: memoryStore({ clock }), keys: KeyRing.ephemeral() };
    const one = await open(shared);
    const two = await open(shared);
    const { subject } = await signInTo(one);
    const told: string[] = [];
    one.on('token:refresh', () => told.push('one'));
    two.on('token:refresh', () => told.push('two'));
    await one.refresh(subject);
    expect(told).toEqual(['one']);
  });

  it('is seen by sessions: who is signed in stays signed in, with the new token', async () => {
    const { open, signInTo, clock } = webexOf();
    const shared = { store: memoryStore({ clock }), keys: KeyRing.ephemeral(), maxStaleness: 0 };
    const auth = await open(shared);
    const other = await open(shared);
    const { subject, cookie } = await signInTo(auth);
    const webex = await other.user(subject);
    const { accessToken: old } = await other.token(subject);
    await auth.refresh(subject);
    const request = { headers: new Headers({ cookie }) };
    for (const each of [auth, other]) {
      expect((await each.session(request))?.subject).toBe(subject);
      expect((await each.token(subject)).accessToken).not.toBe(old);
    }
    expect((await webex.fetch('/people/me')).status).toBe(200);
    expect(webex.credentials.supertoken?.access_token).toBe((await auth.token(subject)).accessToken);
  });

  describe('that fails', () => {
    it('for good asks for the person, with why and since when', async () => {
      const { open, signInTo, emulator, clock } = webexOf();
      const auth = await open({ scheduler: false });
      const { subject } = await signInTo(auth);
      emulator.revokeAll();
      const before = clock.now();
      await expect(auth.refresh(subject)).rejects.toMatchObject({
        code: 'REAUTH_REQUIRED',
        retryable: false,
        action: 'sign_in_again',
        reauth: { reason: 'revoked' },
      });
      const grant = await auth.grants.get(subject);
      expect(grant).toMatchObject({ state: 'dead', reason: 'revoked', lastError: 'INVALID_GRANT' });
      expect(grant?.stateSince).toBeGreaterThanOrEqual(before);
      await expect(auth.refresh(subject)).rejects.toMatchObject({ code: 'REAUTH_REQUIRED' });
      expect(emulator.ledger.count('refresh_token')).toBe(1);
    });

    it('and is mended by signing in again', async () => {
      const { open, signInTo, emulator } = webexOf();
      const auth = await open({ scheduler: false });
      const { subject } = await signInTo(auth);
      emulator.revokeAll();
      await expect(auth.refresh(subject)).rejects.toThrow();
      await signInTo(auth);
      expect(await auth.grants.get(subject)).toMatchObject({ state: 'live', lastError: undefined });
      expect((await auth.refresh(subject)).generation).toBeGreaterThan(2);
    });

    it('while the token is good still serves it, and says so', async () => {
      const { open, signInTo, emulator, clock } = webexOf();
      const auth = await open({ scheduler: false });
      const { subject } = await signInTo(auth);
      const { accessToken } = await auth.token(subject);
      clock.jump(13 * DAY_MS);
      emulator.faults.add({ route: TOKEN, status: 503, times: 1 });
      await expect(auth.refresh(subject)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
      expect(await auth.token(subject)).toMatchObject({
        accessToken,
        stale: true,
        lastError: 'SERVICE_UNAVAILABLE',
      });
      expect(await auth.grants.get(subject)).toMatchObject({ state: 'live' });
      await auth.refresh(subject);
      expect(await auth.token(subject)).toMatchObject({ stale: false, lastError: undefined });
    });

    it('with no token left is an error that says when to try again, and a token past its end is never served', async () => {
      const { open, signInTo, emulator, clock } = webexOf();
      const auth = await open({ scheduler: false });
      const { subject } = await signInTo(auth);
      clock.jump(15 * DAY_MS);
      const outage = emulator.faults.add({ route: TOKEN, status: 503 });
      await expect(auth.token(subject)).rejects.toMatchObject({
        code: 'SERVICE_UNAVAILABLE',
        retryable: true,
      });
      const resting = await auth.token(subject).catch((error: unknown) => error);
      expect(resting).toMatchObject({ code: 'SERVICE_UNAVAILABLE', retryAt: expect.any(Number) as number });
      outage.remove();
      clock.jump(15_000);
      expect((await auth.token(subject)).stale).toBe(false);
    });

    it.each([
      { what: 'a wrong client secret', fault: { status: 400, body: { error: 'invalid_client' } } },
      { what: 'a rate limit', fault: { retryAfter: 5 } },
      { what: 'an outage', fault: { status: 500 } },
      { what: 'a page in between', fault: { status: 403, body: '<html>' } },
      { what: 'a lone 401', fault: { status: 401 } },
    ])('because of $what ends no grant', async ({ fault }) => {
      const { open, signInTo, emulator, clock } = webexOf();
      const auth = await open({ scheduler: false });
      const { subject } = await signInTo(auth);
      const { accessToken } = await auth.token(subject);
      emulator.faults.add({ route: TOKEN, times: 1, ...fault });
      await expect(auth.refresh(subject)).rejects.toThrow();
      expect((await auth.grants.get(subject))?.state).not.toBe('dead');
      expect((await auth.token(subject)).accessToken).toBe(accessToken);
      clock.skip(7_000);
      expect((await auth.refresh(subject)).state).toBe('live');
    });

    it('because its answer was lost loses no login: the same token is presented again at once', async () => {
      const { open, signInTo, emulator } = webexOf();
      emulator.setRefreshMode('rotate-grace');
      const auth = await open({ scheduler: false });
      const { subject } = await signInTo(auth);
      emulator.faults.add({ route: TOKEN, resetAfterProcessing: true, times: 1 });
      const told = new Promise<Refreshed>((resolve) => auth.once('token:refresh', resolve));
      expect((await auth.refresh(subject)).state).toBe('live');
      expect((await told).attempts).toBe(2);
    });
  });
});
