import { describe, expect, it } from 'vitest';
import { IntegrityError, KeyUnavailableError, WrongKeyError } from '../../src/errors.js';
import { TokenSet } from '../../src/oauth/token-set.js';
import { KeyRing } from '../../src/sealing/key-ring.js';
import { memoryStore } from '../../src/stores/memory-store.js';
import type { Store } from '../../src/stores/store.js';
import { Vault } from '../../src/vault/vault.js';
import { createLeakScanner } from '../support/leak-scanner.js';

const owner = { tenant: 't', clientId: 'c' };
const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const vaultOver = (store: Store, keys: KeyRing, one = owner): Vault =>
  new Vault({ grants: store.grants, keys, owner: one, dueAt: () => undefined });
const tokenSet = (name: string): TokenSet =>
  new TokenSet({ accessToken: `access-${name}`, refreshToken: `refresh-${name}`, issuedAt: 1, expiresAt: 2 });

describe('a vault', () => {
  it('gives back what it was given, by subject and generation', async () => {
    const vault = vaultOver(memoryStore(), KeyRing.ephemeral());
    const person = { id: 'p' };
    await vault.keep('a', tokenSet('1'), { kind: 'k', person, custom: { plan: 'gold' } });
    await vault.keep('a', tokenSet('2'), { kind: 'k', person });
    const grant = await vault.read('a');
    expect(grant?.tokenSet.toData()).toEqual(tokenSet('2').toData());
    expect(grant).toMatchObject({ person, custom: { plan: 'gold' }, record: { generation: 2 } });
    expect(await vault.read('b')).toBeUndefined();
  });

  it('does not say of a new token set that it belongs to the person of the old one', async () => {
    const vault = vaultOver(memoryStore(), KeyRing.ephemeral());
    await vault.keep('a', tokenSet('1'), { kind: 'k', person: { id: 'p' }, custom: { plan: 'gold' } });
    const grant = await vault.keep('a', tokenSet('2'), { kind: 'k' });
    expect([grant.person, (await vault.read('a'))?.person]).toEqual([undefined, undefined]);
    expect(grant.custom).toEqual({ plan: 'gold' });
  });

  it('merges custom fields, removes undefined ones, and moves no generation', async () => {
    const vault = vaultOver(memoryStore(), KeyRing.ephemeral());
    await vault.keep('a', tokenSet('1'), { kind: 'k', person: { id: 'p' }, custom: { keep: 1, drop: 2 } });
    const grant = await vault.updateCustom('a', { drop: undefined, add: [3] });
    expect(grant).toMatchObject({ person: { id: 'p' }, record: { generation: 1 } });
    expect(grant?.custom).toEqual({ keep: 1, add: [3] });
    expect(await vault.updateCustom('nobody', {})).toBeUndefined();
  });

  it('loses no custom field to concurrent writers', async () => {
    const vault = vaultOver(memoryStore(), KeyRing.ephemeral());
    await vault.keep('a', tokenSet('1'), { kind: 'k' });
    await Promise.all(
      Array.from({ length: 8 }, (_, index) => vault.updateCustom('a', { [`f${String(index)}`]: index })),
    );
    expect(Object.keys((await vault.read('a'))?.custom ?? {})).toHaveLength(8);
  });

  it('hands the store nothing but ciphertext', async () => {
    const scanner = createLeakScanner();
    const store = memoryStore();
    const vault = vaultOver(store, KeyRing.ephemeral());
    const secret = scanner.canary('token');
    const custom = scanner.canary('custom');
    await vault.keep('a', new TokenSet({ accessToken: secret, refreshToken: secret, issuedAt: 1 }), {
      kind: 'k',
      custom: { custom },
    });
    const record = await store.grants.read({ ...owner, subject: 'a' });
    scanner.scanValue('record', record);
    scanner.scanText('tokens', record?.tokens ?? '');
    scanner.scanText('details', record?.details ?? '');
    scanner.assertClean();
  });

  it('never gives a subject to another person silently, and keeps nothing of them', async () => {
    const vault = vaultOver(memoryStore(), KeyRing.ephemeral());
    await vault.keep('a', tokenSet('1'), { kind: 'k', person: { id: 'p', orgId: 'o' }, custom: { of: 'p' } });
    const other = { kind: 'k', person: { id: 'q', orgId: 'o' } };
    await expect(vault.keep('a', tokenSet('2'), other)).rejects.toMatchObject({ code: 'PERSON_MISMATCH' });
    expect(await vault.read('a')).toMatchObject({ person: { id: 'p' }, record: { generation: 1 } });
    await vault.disconnect('a');
    const grant = await vault.keep('a', tokenSet('2'), other);
    expect([grant.person?.id, grant.custom]).toEqual(['q', undefined]);
  });

  it('lets a person sign in again whose details cannot be opened', async () => {
    const store = memoryStore();
    await vaultOver(store, KeyRing.ephemeral()).keep('a', tokenSet('1'), {
      kind: 'k',
      custom: { lost: true },
    });
    const grant = await vaultOver(store, KeyRing.ephemeral()).keep('a', tokenSet('2'), {
      kind: 'k',
      custom: {},
    });
    expect(grant.custom).toEqual({});
  });

  it('replaces details that cannot be opened also when the login brings none', async () => {
    const store = memoryStore();
    await vaultOver(store, KeyRing.ephemeral()).keep('a', tokenSet('1'), {
      kind: 'k',
      custom: { lost: true },
    });
    const vault = vaultOver(store, KeyRing.ephemeral());
    await vault.keep('a', tokenSet('2'), { kind: 'k' });
    expect((await vault.read('a'))?.tokenSet.accessToken).toBe('access-2');
  });

  it('refuses custom fields that are no JSON', async () => {
    const vault = vaultOver(memoryStore(), KeyRing.ephemeral());
    const custom = { big: 1n };
    await expect(vault.keep('a', tokenSet('1'), { kind: 'k', custom })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
    });
  });

  it('returns what a disconnect replaced, also when its key is gone, and keeps the counters', async () => {
    const store = memoryStore();
    const vault = vaultOver(store, KeyRing.of([{ id: 'one', key: key(1) }]));
    await vault.keep('a', tokenSet('1'), { kind: 'k' });
    const keyless = vaultOver(store, KeyRing.of([{ id: 'two', key: key(2) }]));
    expect(await keyless.disconnect('a')).toMatchObject({ tokens: undefined, record: { generation: 1 } });
    expect(await vault.disconnect('a')).toBeUndefined();
    expect((await vault.keep('a', tokenSet('2'), { kind: 'k' })).record.generation).toBe(3);
  });
});

describe('sealed rows', () => {
  async function twoGrants(): Promise<{ store: Store; vault: Vault }> {
    const store = memoryStore();
    const vault = vaultOver(store, KeyRing.ephemeral());
    await vault.keep('a', tokenSet('a'), { kind: 'k', custom: { of: 'a' } });
    await vault.keep('b', tokenSet('b'), { kind: 'k', custom: { of: 'b' } });
    return { store, vault };
  }

  it.each(['tokens', 'details'] as const)('do not open under another subject (%s)', async (column) => {
    const { store, vault } = await twoGrants();
    const a = await store.grants.read({ ...owner, subject: 'a' });
    const b = await store.grants.read({ ...owner, subject: 'b' });
    if (!a || !b) throw new Error('no rows');
    expect(() => vault.openRecord({ ...a, [column]: b[column] })).toThrow(IntegrityError);
  });

  it('do not open under another generation, revision, tenant or client, nor in another column', async () => {
    const { store, vault } = await twoGrants();
    const row = await store.grants.read({ ...owner, subject: 'a' });
    if (!row) throw new Error('no row');
    for (const moved of [
      { ...row, generation: 2 },
      { ...row, detailsRevision: 2 },
      { ...row, tokens: row.details },
      { ...row, details: row.tokens },
      { ...row, tokens: undefined },
      { ...row, tokens: new TextEncoder().encode('{"accessToken":"plain","issuedAt":1}') },
    ]) {
      expect(() => vault.openRecord(moved)).toThrow(IntegrityError);
    }
  });

  it('C8: say KEY_UNAVAILABLE to a process that lacks the key, and stay as they are', async () => {
    const store = memoryStore();
    const vault = vaultOver(store, KeyRing.of([{ id: 'new', key: key(1) }]));
    await vault.keep('a', tokenSet('1'), { kind: 'k' });
    const before = await store.grants.read({ ...owner, subject: 'a' });
    const old = vaultOver(store, KeyRing.of([{ id: 'old', key: key(2) }]));
    await expect(old.read('a')).rejects.toBeInstanceOf(KeyUnavailableError);
    expect(await store.grants.read({ ...owner, subject: 'a' })).toEqual(before);
  });
});

describe('the keys of a vault', () => {
  it('are noted on first use and accepted again, with newer ones added', async () => {
    const store = memoryStore();
    await vaultOver(store, KeyRing.of([{ id: 'one', key: key(1) }])).verifyKeys();
    const both = KeyRing.of([
      { id: 'two', key: key(2) },
      { id: 'one', key: key(1) },
    ]);
    await vaultOver(store, both).verifyKeys();
    expect([...(await store.grants.keyChecks(owner)).keys()].sort()).toEqual(['one', 'two']);
  });

  it('are refused when one has the same id and another content', async () => {
    const store = memoryStore();
    await vaultOver(store, KeyRing.of([{ id: 'one', key: key(1) }])).verifyKeys();
    await expect(
      vaultOver(store, KeyRing.of([{ id: 'one', key: key(9) }])).verifyKeys(),
    ).rejects.toBeInstanceOf(WrongKeyError);
  });

  it('are refused when none of them made the vault, and nothing is noted', async () => {
    const store = memoryStore();
    await vaultOver(store, KeyRing.of([{ id: 'one', key: key(1) }])).verifyKeys();
    const stranger = vaultOver(store, KeyRing.of([{ id: 'other', key: key(9) }]));
    await expect(stranger.verifyKeys()).rejects.toBeInstanceOf(KeyUnavailableError);
    expect([...(await store.grants.keyChecks(owner)).keys()]).toEqual(['one']);
  });
});
