import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeyRing, Webex, WebexAuth, type WebexAuthOptions } from '../../src/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import { startEmulated, type Emulated } from '../support/emulated.js';
import { createLeakScanner } from '../support/leak-scanner.js';
import { movableClock } from '../support/movable-clock.js';

const HOUR = 3_600_000;

describe('bad input gets a typed error, never a stack trace or a lost grant', () => {
  const leaks = createLeakScanner();
  const keys = KeyRing.of([{ id: 'k1', key: new Uint8Array(32).fill(7) }]);
  const open: WebexAuth[] = [];
  let emulated: Emulated;
  let directory: string;
  let vault: string;

  beforeEach(async () => {
    emulated = await startEmulated({ refreshMode: 'rotate-strict' });
    directory = await mkdtemp(join(tmpdir(), 'webex-auth-bad-'));
    vault = join(directory, 'vault.db');
    leaks.watch(emulated.client.clientSecret, 'client secret');
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((auth) => auth.close()));
    await emulated.emulator.close();
    await rm(directory, { recursive: true });
  });

  afterAll(() => {
    leaks.assertClean();
  });

  async function start(options: Partial<WebexAuthOptions> = {}): Promise<WebexAuth> {
    const { client, endpoints } = emulated;
    const store = sqliteStore({ path: vault });
    const auth = await WebexAuth.open({ client, endpoints, store, keys, scheduler: false, ...options });
    open.push(auth);
    return auth;
  }

  async function begin(auth: WebexAuth): Promise<{ cookie: string; callback: string }> {
    const response = await auth.handler(new Request('http://localhost/login'));
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    return { cookie, callback: await emulated.emulator.signIn(response.headers.get('location') ?? '') };
  }

  async function finish(
    auth: WebexAuth,
    callback: string,
    cookie: string,
  ): Promise<{ status: number; page: string }> {
    const response = await auth.handler(new Request(callback, { headers: { cookie } }));
    const page = await response.text();
    leaks.scanText('page', page);
    expect(page).not.toMatch(/\bat .*:\d+:\d+/);
    return { status: response.status, page };
  }

  async function signIn(auth: WebexAuth): Promise<string> {
    const { callback, cookie } = await begin(auth);
    expect((await finish(auth, callback, cookie)).status).toBe(303);
    const [grant] = await auth.grants.list();
    return grant?.subject ?? '';
  }

  async function failure(work: Promise<unknown>): Promise<unknown> {
    const error = await work.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    leaks.scanValue('error', error);
    return error;
  }

  it('a wrong client secret at sign-in: INVALID_CLIENT, nothing stored', async () => {
    const auth = await start({ client: { ...emulated.client, clientSecret: leaks.canary('wrong secret') } });
    const { callback, cookie } = await begin(auth);
    const { status, page } = await finish(auth, callback, cookie);
    expect(status).toBeGreaterThanOrEqual(500);
    expect(page).toContain('INVALID_CLIENT');
    expect(await auth.grants.list()).toEqual([]);
  });

  it('a wrong client secret at refresh: the grant is untouched and works again with the right one', async () => {
    const auth = await start();
    const subject = await signIn(auth);
    await auth.close();
    const wrong = await start({ client: { ...emulated.client, clientSecret: leaks.canary('wrong secret') } });
    expect(await failure(wrong.refresh(subject))).toMatchObject({
      code: 'INVALID_CLIENT',
      action: 'fix_client_secret',
    });
    expect(await wrong.grants.get(subject)).toMatchObject({
      state: 'live',
      generation: 1,
      lastError: 'INVALID_CLIENT',
    });
    expect(await wrong.token(subject)).toMatchObject({ stale: true, lastError: 'INVALID_CLIENT' });
    await wrong.close();
    const right = await start();
    expect(await right.refresh(subject)).toMatchObject({
      state: 'live',
      generation: 2,
      lastError: undefined,
    });
  });

  it('a missing redirect URI: CONFIGURATION_INVALID that names the setting', async () => {
    const { clientId, clientSecret } = emulated.client;
    const webex = Webex.init({ credentials: { client_id: clientId, client_secret: clientSecret } });
    await webex.whenReady();
    expect(await failure(webex.authorization.initiateLogin())).toMatchObject({
      code: 'CONFIGURATION_INVALID',
      problems: [{ setting: 'redirectUri' }],
    });
    await webex.close();
  });

  it('a code used twice: INVALID_GRANT at the server, and the callback itself works once', async () => {
    const auth = await start();
    const { callback, cookie } = await begin(auth);
    expect((await finish(auth, callback, cookie)).status).toBe(303);
    const exchanges = emulated.emulator.ledger.count('authorization_code');
    const again = await finish(auth, callback, cookie);
    expect([400, 303]).toContain(again.status);
    expect(emulated.emulator.ledger.count('authorization_code')).toBe(exchanges);

    const webex = Webex.init({
      credentials: {
        client_id: emulated.client.clientId,
        client_secret: emulated.client.clientSecret,
        redirect_uri: emulated.client.redirectUri,
        scope: emulated.client.scope,
      },
      endpoints: emulated.endpoints,
    });
    await webex.whenReady();
    const code = new URL(callback).searchParams.get('code') ?? '';
    leaks.watch(code, 'code', { publicParts: [code.split('_').slice(1).join('_')] });
    expect(await failure(webex.authorization.requestAuthorizationCodeGrant({ code }))).toMatchObject({
      code: 'INVALID_GRANT',
      action: 'sign_in_again',
    });
    await webex.close();
  });

  it('a wrong state: refused without an exchange, and the genuine callback still works', async () => {
    const auth = await start();
    const { callback, cookie } = await begin(auth);
    const forged = new URL(callback);
    forged.searchParams.set('state', 'forged');
    const { status, page } = await finish(auth, forged.href, cookie);
    expect([status, page.includes('STATE_MISMATCH')]).toEqual([400, true]);
    expect(emulated.emulator.ledger.count('authorization_code')).toBe(0);
    expect((await finish(auth, callback, cookie)).status).toBe(303);
  });

  it('a stale state: STATE_EXPIRED without an exchange', async () => {
    const clock = movableClock();
    const auth = await start({ clock, login: { lifetime: 60 } });
    const { callback, cookie } = await begin(auth);
    clock.jump(61_000);
    const { status, page } = await finish(auth, callback, cookie);
    expect([status, page.includes('STATE_EXPIRED')]).toEqual([400, true]);
    expect(emulated.emulator.ledger.count('authorization_code')).toBe(0);
  });

  it.each([
    ['is missing', () => ''],
    ['is cut', (cookie: string) => cookie.slice(0, -10)],
    ['has a changed letter', (cookie: string) => cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
    ['is garbage', (cookie: string) => cookie.replace(/=.*/, '=%00%ff"<script>')],
    ['is empty', (cookie: string) => cookie.replace(/=.*/, '=')],
  ])('a transaction cookie that %s: refused without an exchange', async (_, damage) => {
    const auth = await start();
    const { callback, cookie } = await begin(auth);
    const { status, page } = await finish(auth, callback, damage(cookie));
    expect([status, page.includes('STATE_MISMATCH')]).toEqual([400, true]);
    expect(emulated.emulator.ledger.count('authorization_code')).toBe(0);
    expect((await finish(auth, callback, cookie)).status).toBe(303);
  });

  it.each([
    ['cut in the middle', async (path: string) => truncate(path, 5_000)],
    ['emptied', async (path: string) => truncate(path, 0)],
  ])('a vault file %s: STORE_CORRUPT, and its bytes stay as they are', async (_, damage) => {
    const auth = await start();
    await signIn(auth);
    await auth.close();
    await damage(vault);
    const before = await readFile(vault);
    expect(await failure(start())).toMatchObject({ code: 'STORE_CORRUPT', action: 'restore_store' });
    expect(await readFile(vault)).toEqual(before);
  });

  it.each([
    ['the same id and another content', 'k1', 'KEY_WRONG'],
    ['another id', 'k2', 'KEY_UNAVAILABLE'],
  ])(
    'a vault made with another key (%s): refused at once, nothing changed, and the right key still opens it',
    async (_, id, code) => {
      const auth = await start();
      const subject = await signIn(auth);
      await auth.close();
      const before = await readFile(vault);
      const otherKeys = KeyRing.of([{ id, key: new Uint8Array(32).fill(8) }]);
      expect(await failure(start({ keys: otherKeys }))).toMatchObject({ code, action: 'provide_key' });
      expect(await readFile(vault)).toEqual(before);
      expect((await (await start()).token(subject)).stale).toBe(false);
    },
  );

  it('a clock turned back a day: tokens are served, at most one refresh, nobody is signed out', async () => {
    const clock = movableClock();
    const auth = await start({ clock, store: sqliteStore({ path: vault, clock }) });
    const subject = await signIn(auth);
    await auth.token(subject);
    clock.jump(-24 * HOUR);
    for (let call = 0; call < 20; call++) {
      expect((await auth.token(subject, { minTtl: 0 })).accessToken).toBeTruthy();
    }
    expect(await auth.grants.get(subject)).toMatchObject({ state: 'live' });
    expect(emulated.emulator.ledger.count('refresh_token')).toBeLessThanOrEqual(1);
  });
});
