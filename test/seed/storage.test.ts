import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyRing, type WebexAuth } from '../../src/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import { createLeakScanner } from '../support/leak-scanner.js';
import { temporaryDirectories } from '../support/temporary-directory.js';
import { emulatedWebex } from './emulated-webex.js';

const [ADA, GRACE] = ['ada@example.com', 'grace@example.com'];
const KEY = Buffer.alloc(32, 7);

describe('4.1 storage', () => {
  const webexOf = emulatedWebex();
  const newDirectory = temporaryDirectories();

  describe('encrypted files', () => {
    it('hold no token, no custom field and no name of a person in the clear', async () => {
      const { open, signInTo, emulator, clock } = webexOf();
      const leaks = createLeakScanner();
      const plan = leaks.canary('custom field');
      const path = join(newDirectory(), 'vault.db');
      const auth = await open({
        store: sqliteStore({ path, clock }),
        login: { subject: () => 'user-42', custom: () => ({ plan }) },
      });
      await signInTo(auth);
      const { accessToken } = await auth.token('user-42');
      const publicParts = emulator.users.map(({ orgId }) => orgId);
      leaks.watch(accessToken, 'access token', { publicParts });
      leaks.watch(emulator.users[0]?.displayName ?? '', 'name');
      await auth.refresh('user-42');
      leaks.watch((await auth.token('user-42')).accessToken, 'refreshed token', { publicParts });
      leaks.scanFiles('vault', dirname(path));
      await auth.close();
      leaks.scanFiles('closed vault', dirname(path));
      leaks.assertClean();
      // That the right bytes were looked at: subjects are names, kept as UTF-16 to sort by.
      expect(readFileSync(path).includes(Buffer.from('user-42', 'utf16le').swap16())).toBe(true);
    });

    it('are readable by their owner alone, from the first byte', async () => {
      const { open, clock } = webexOf();
      const path = join(newDirectory(), 'deeper', 'vault.db');
      await open({ store: sqliteStore({ path, clock }) });
      expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
      expect((statSync(dirname(path)).mode & 0o777).toString(8)).toBe('700');
    });

    it('outlive the process: the same keys open them, and nobody has to sign in again', async () => {
      const { open, signInTo, emulator, clock } = webexOf();
      const path = join(newDirectory(), 'vault.db');
      const keys = KeyRing.of([{ id: 'k1', key: KEY }]);
      const login = { custom: () => ({ plan: 'gold' }) };
      const before = await open({ store: sqliteStore({ path, clock }), keys, login });
      const { subject } = await signInTo(before);
      const { accessToken } = await before.token(subject);
      await before.close();
      const requests = emulator.ledger.count();
      const after = await open({
        store: sqliteStore({ path, clock }),
        keys: KeyRing.of([{ id: 'k1', key: KEY }]),
      });
      expect(await after.token(subject)).toMatchObject({ accessToken, stale: false });
      expect(await after.grants.get(subject)).toMatchObject({ custom: { plan: 'gold' }, state: 'live' });
      expect(emulator.ledger.count()).toBe(requests);
    });

    it('keep the grant of a single Webex as well, which then is not degraded', async () => {
      const { init, signIn, clock } = webexOf();
      const path = join(newDirectory(), 'vault.db');
      const keys = KeyRing.of([{ id: 'k1', key: KEY }]);
      const first = init({ store: sqliteStore({ path, clock }), keys });
      const told: string[] = [];
      first.on('degraded', ({ reason }) => told.push(reason));
      await signIn(first);
      await first.close();
      const second = init({ store: sqliteStore({ path, clock }), keys });
      await second.whenReady();
      expect(second.canAuthorize).toBe(true);
      expect((await second.fetch('/people/me')).status).toBe(200);
      expect(told).toEqual([]);
    });

    it('are refused where a value was altered, and say nothing false about the grant', async () => {
      const { open, signInTo, clock } = webexOf();
      const path = join(newDirectory(), 'vault.db');
      const store = sqliteStore({ path, clock });
      const auth = await open({ store, maxStaleness: 0 });
      const { subject } = await signInTo(auth);
      const read = store.grants.read.bind(store.grants);
      store.grants.read = async (key) => {
        const record = await read(key);
        const tokens =
          record?.tokens && Uint8Array.from(record.tokens, (byte, at) => (at === 80 ? byte ^ 1 : byte));
        return record && { ...record, version: record.version + 1, ...(tokens && { tokens }) };
      };
      await expect(auth.refresh(subject)).rejects.toMatchObject({
        code: 'INTEGRITY_FAILURE',
        action: 'restore_store',
      });
      store.grants.read = read;
      expect(await auth.grants.get(subject)).toMatchObject({ state: 'live' });
    });
  });

  describe('secure key stores', () => {
    async function vaultOf(keys: KeyRing, path: string): Promise<WebexAuth> {
      const { open, clock } = webexOf();
      return open({ store: sqliteStore({ path, clock }), keys });
    }

    it('a file made with one fresh key, 0600, opens what it sealed', async () => {
      const directory = newDirectory();
      const file = join(directory, 'keys');
      const path = join(directory, 'vault.db');
      const before = await vaultOf(KeyRing.createFile(file), path);
      const { subject } = await webexOf().signInTo(before);
      await before.close();
      expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
      const after = await vaultOf(KeyRing.fromFile(file), path);
      expect((await after.token(subject)).stale).toBe(false);
    });

    it('a key file that others may read is refused', () => {
      const file = join(newDirectory(), 'keys');
      KeyRing.createFile(file);
      chmodSync(file, 0o644);
      expect(() => KeyRing.fromFile(file)).toThrow(
        expect.objectContaining({ code: 'CONFIGURATION_INVALID' }),
      );
    });

    it('the environment: current first, older ones open', async () => {
      const path = join(newDirectory(), 'vault.db');
      const line = (id: string, byte: number): string => `${id}:${Buffer.alloc(32, byte).toString('base64')}`;
      const ring = (text: string): KeyRing => KeyRing.fromEnvironment({ env: { WEBEX_AUTH_KEYS: text } });
      const before = await vaultOf(ring(line('old', 1)), path);
      const { subject } = await webexOf().signInTo(before);
      await before.close();
      const after = await vaultOf(ring(`${line('new', 2)},${line('old', 1)}`), path);
      expect((await after.token(subject)).stale).toBe(false);
    });

    it.each([
      { without: 'the key', id: 'k2', byte: 7, code: 'KEY_UNAVAILABLE' },
      { without: 'the right bytes', id: 'k1', byte: 8, code: 'KEY_WRONG' },
    ])('without $without nothing opens and nothing changes: $code', async ({ id, byte, code }) => {
      const path = join(newDirectory(), 'vault.db');
      const right = KeyRing.of([{ id: 'k1', key: KEY }]);
      const before = await vaultOf(right, path);
      const { subject } = await webexOf().signInTo(before);
      await before.close();
      const sealed = readFileSync(path);
      const ring = KeyRing.of([{ id, key: Buffer.alloc(32, byte) }]);
      const opening = vaultOf(ring, path).then((auth) => auth.token(subject));
      await expect(opening).rejects.toMatchObject({ code, action: 'provide_key' });
      if (code === 'KEY_WRONG') expect(readFileSync(path).equals(sealed)).toBe(true);
      const after = await vaultOf(right, path);
      expect((await after.token(subject)).stale).toBe(false);
    });

    it('a file that is no vault is left as it is', async () => {
      const path = join(newDirectory(), 'vault.db');
      writeFileSync(path, 'not a vault at all, and dear to somebody'.repeat(200), { mode: 0o600 });
      const before = readFileSync(path);
      await expect(vaultOf(KeyRing.of([{ id: 'k1', key: KEY }]), path)).rejects.toMatchObject({
        code: 'STORE_CORRUPT',
        action: 'restore_store',
      });
      expect(readFileSync(path).equals(before)).toBe(true);
    });
  });

  describe('linked to your users', () => {
    it("keeps a grant under your user's own id, and by default under the person of Webex", async () => {
      const { open, signInTo, emulator } = webexOf();
      const auth = await open({ login: { subject: ({ user }) => user?.id } });
      const own = await signInTo(auth, { user: ADA, appUser: { id: 'user-42' } });
      const theirs = await signInTo(auth, { user: GRACE });
      expect(own.subject).toBe('user-42');
      expect((await auth.grants.get('user-42'))?.person?.displayName).toBe(emulator.users[0]?.displayName);
      expect(theirs.subject).toContain(emulator.users[1]?.personId);
      expect((await auth.grants.list()).map(({ subject }) => subject).sort()).toEqual(
        [own.subject, theirs.subject].sort(),
      );
    });

    it('keeps users apart: each has their own token', async () => {
      const { open, signInTo } = webexOf();
      const auth = await open();
      const names: unknown[] = [];
      for (const user of [ADA, GRACE]) {
        const { subject } = await signInTo(auth, { user });
        const webex = await auth.user(subject);
        names.push((await webex.request<{ emails: string[] }>({ resource: 'people/me' })).body.emails[0]);
      }
      expect(names).toEqual([ADA, GRACE]);
    });

    it('never hands a user of yours to another person of Webex', async () => {
      const { open, signInTo } = webexOf();
      const auth = await open({ login: { subject: ({ user }) => user?.id } });
      await signInTo(auth, { user: ADA, appUser: { id: 'user-42' } });
      const { answer } = await signInTo(auth, { user: GRACE, appUser: { id: 'user-42' } });
      expect(await answer.text()).toContain('PERSON_MISMATCH');
      expect((await auth.grants.get('user-42'))?.person?.email).toBe(ADA);
    });
  });

  describe('sessions', () => {
    it('know the user by the cookie of their browser, in every process on the store', async () => {
      const { open, signInTo, clock } = webexOf();
      const path = join(newDirectory(), 'vault.db');
      const keys = KeyRing.of([{ id: 'k1', key: KEY }]);
      const one = await open({ store: sqliteStore({ path, clock }), keys });
      const two = await open({ store: sqliteStore({ path, clock }), keys });
      const { subject, cookie } = await signInTo(one);
      const request = { headers: new Headers({ cookie }) };
      expect((await one.session(request))?.subject).toBe(subject);
      expect((await two.session(request))?.subject).toBe(subject);
      expect(await one.session({ headers: new Headers() })).toBeUndefined();
    });

    it('are not in the store: only their hash is', async () => {
      const { open, signInTo, clock } = webexOf();
      const leaks = createLeakScanner();
      const path = join(newDirectory(), 'vault.db');
      const auth = await open({ store: sqliteStore({ path, clock }) });
      const { cookie } = await signInTo(auth);
      const ids = [...cookie.matchAll(/=([\w-]{43})(?:;|$)/g)].flatMap(([, id]) => id ?? []);
      expect(ids).toHaveLength(1);
      for (const id of ids) leaks.watch(id, 'session id');
      leaks.scanFiles('vault', dirname(path));
      leaks.assertClean();
    });

    it('end with the grant', async () => {
      const { open, signInTo } = webexOf();
      const auth = await open();
      const { subject, cookie } = await signInTo(auth);
      const request = { headers: new Headers({ cookie }) };
      expect((await auth.session(request))?.subject).toBe(subject);
      await auth.disconnect(subject);
      expect(await auth.session(request)).toBeUndefined();
    });
  });
});
