import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blob, claim, KEY, present, signIn, tokenWrite } from '../../../src/stores/contract/grant-fixture.js';
import { openSqlite } from '../../../src/stores/sqlite/sqlite-driver.js';
import type { SqliteHandle } from '../../../src/stores/sqlite/sqlite-driver.js';
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.js';
import { temporaryDirectories } from '../../support/temporary-directory.js';

const makeDirectory = temporaryDirectories();
const mode = (path: string): string => (lstatSync(path).mode & 0o777).toString(8);

async function makeVault(path: string): Promise<void> {
  const store = sqliteStore({ path });
  await store.open();
  for (let at = 0; at < 20; at++) {
    await signIn(store, { ...tokenWrite(at), tokens: blob(at, 2_000), key: { ...KEY, subject: `u${at}` } });
  }
  await store.close();
  for (const side of ['-wal', '-shm']) rmSync(path + side, { force: true });
}

async function inside(path: string, work: (handle: SqliteHandle) => unknown): Promise<void> {
  const handle = await openSqlite(path);
  work(handle);
  handle.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  handle.close();
  for (const side of ['-wal', '-shm']) rmSync(path + side, { force: true });
}

/** Everything in the directory: names, modes, bytes. */
function contents(directory: string): Record<string, string> {
  const files = readdirSync(directory).filter((name) => lstatSync(join(directory, name)).isFile());
  return Object.fromEntries(
    files.map((name) => [name, mode(join(directory, name)) + readFileSync(join(directory, name), 'hex')]),
  );
}

test('J1: the directory is made 0700, every file 0600, and nothing else is left behind', async () => {
  const path = join(makeDirectory(), 'new', 'vault.db');
  const store = sqliteStore({ path });
  await store.open();
  await signIn(store);
  expect(mode(join(path, '..'))).toBe('700');
  expect(readdirSync(join(path, '..')).map((name) => [name, mode(join(path, '..', name))])).toEqual([
    ['vault.db', '600'],
    ['vault.db-shm', '600'],
    ['vault.db-wal', '600'],
  ]);
  await store.close();
});

test('J1: files that others could read are made private', async () => {
  const path = join(makeDirectory(), 'vault.db');
  await makeVault(path);
  chmodSync(path, 0o644);
  const store = sqliteStore({ path });
  await store.open();
  expect(mode(path)).toBe('600');
  await store.close();
});

test('a draft of a process that died is removed: linked ones at once, others when they are old', async () => {
  const path = join(makeDirectory(), 'vault.db');
  await makeVault(path);
  linkSync(path, `${path}.new-linked`);
  writeFileSync(`${path}.new-recent`, 'x');
  writeFileSync(`${path}.new-old`, 'x');
  utimesSync(`${path}.new-old`, 1, 1);
  const store = sqliteStore({ path });
  await store.open();
  expect(existsSync(`${path}.new-linked`)).toBe(false);
  expect(existsSync(`${path}.new-old`)).toBe(false);
  expect(existsSync(`${path}.new-recent`)).toBe(true);
  await store.close();
});

describe('what is no sound vault is refused and left as it is', () => {
  const damages: [string, string, (path: string) => unknown][] = [
    ['an empty file', 'STORE_CORRUPT', (path) => truncateSync(path, 0)],
    ['a few bytes', 'STORE_CORRUPT', (path) => writeFileSync(path, 'not a vault')],
    ['garbage of a page', 'STORE_CORRUPT', (path) => writeFileSync(path, blob(3, 4_096))],
    ['garbage of many pages', 'STORE_CORRUPT', (path) => writeFileSync(path, blob(3, 65_536))],
    ['text', 'STORE_CORRUPT', (path) => writeFileSync(path, '{"token": 1}\n'.repeat(500))],
    ['cut in the header', 'STORE_CORRUPT', (path) => truncateSync(path, 60)],
    ['cut in the first page', 'STORE_CORRUPT', (path) => truncateSync(path, 1_000)],
    ['cut after the first page', 'STORE_CORRUPT', (path) => truncateSync(path, 4_096)],
    ['cut by half', 'STORE_CORRUPT', (path) => truncateSync(path, statSync(path).size / 2)],
    ['cut by a byte', 'STORE_CORRUPT', (path) => truncateSync(path, statSync(path).size - 1)],
    ['a garbage header', 'STORE_CORRUPT', (path) => overwrite(path, { at: 0, bytes: blob(5, 100) })],
    [
      'a page of zeros',
      'STORE_CORRUPT',
      (path) => overwrite(path, { at: 8_192, bytes: Buffer.alloc(4_096) }),
    ],
    ['a page of garbage', 'STORE_CORRUPT', (path) => overwrite(path, { at: 8_192, bytes: blob(5, 4_096) })],
    [
      "another application's database",
      'STORE_CORRUPT',
      (path) => inside(path, (handle) => handle.exec('PRAGMA application_id = 7')),
    ],
    ['a database of nothing', 'STORE_CORRUPT', replaceByEmptyDatabase],
    [
      'a vault without its tables',
      'STORE_CORRUPT',
      (path) => inside(path, (handle) => handle.exec('DROP TABLE meta')),
    ],
    [
      'a newer schema that asks for a newer reader',
      'STORE_SCHEMA_TOO_NEW',
      (path) => inside(path, (handle) => handle.exec('UPDATE meta SET value = 99')),
    ],
    ['a link to a vault', 'STORE_CORRUPT', (path) => moveAside(path, symlinkSync)],
    ['a second name of a vault', 'STORE_CORRUPT', (path) => moveAside(path, linkSync)],
    ['a dangling link', 'STORE_CORRUPT', (path) => (rmSync(path), symlinkSync('/nowhere/else', path))],
    ['a directory', 'STORE_CORRUPT', (path) => (rmSync(path), mkdirSync(path))],
    ['a log that is a link', 'STORE_CORRUPT', (path) => symlinkSync('/nowhere/else', `${path}-wal`)],
    ['an index that is a link', 'STORE_CORRUPT', (path) => symlinkSync('/nowhere/else', `${path}-shm`)],
  ];

  test.each(damages)('D8: %s: %s', async (_, code, damage) => {
    const directory = makeDirectory();
    const path = join(directory, 'vault.db');
    await makeVault(path);
    await damage(path);
    const before = contents(directory);
    const store = sqliteStore({ path });
    await expect(store.open()).rejects.toMatchObject({
      code,
      message: expect.stringContaining(path) as string,
    });
    await store.close();
    for (const side of ['-wal', '-shm']) if (!(`vault.db${side}` in before)) rmEmptySide(path + side);
    expect(contents(directory)).toEqual(before);
  });
});

test('a newer schema that this release can still read is used as it is', async () => {
  const path = join(makeDirectory(), 'vault.db');
  await makeVault(path);
  await inside(path, (handle) => handle.exec(`UPDATE meta SET value = 99 WHERE name = 'schema'`));
  const store = sqliteStore({ path });
  await store.open();
  await claim(store, 'A', { ...KEY, subject: 'u1' });
  await store.close();
  await inside(path, (handle) => {
    expect(handle.prepare(`SELECT value FROM meta WHERE name = 'schema'`).all()).toMatchObject([
      { value: 99 },
    ]);
  });
});

describe('a place that cannot be used is STORE_UNAVAILABLE with the path, and can be tried again', () => {
  test('no parent', async () => {
    const directory = makeDirectory();
    const path = join(directory, 'no', 'such', 'vault.db');
    const store = sqliteStore({ path });
    await expect(store.open()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining(path) as string,
    });
    mkdirSync(join(directory, 'no'));
    await store.open();
    await signIn(store);
    await store.close();
  });

  test('a parent that is a file', async () => {
    const directory = makeDirectory();
    writeFileSync(join(directory, 'file'), 'x');
    const store = sqliteStore({ path: join(directory, 'file', 'vault.db') });
    await expect(store.open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('a name with NUL in it', async () => {
    const store = sqliteStore({ path: join(makeDirectory(), 'a\0b') });
    await expect(store.open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('not opened yet', async () => {
    const store = sqliteStore({ path: join(makeDirectory(), 'vault.db') });
    await expect(store.grants.read(KEY)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

test('a vault that is moved away while in use takes no more writes, until it is back', async () => {
  const directory = makeDirectory();
  const path = join(directory, 'vault.db');
  const store = sqliteStore({ path });
  await store.open();
  const { version } = await signIn(store);
  linkSync(path, `${path}.kept`);
  rmSync(path);
  const terms = { holder: 'A', version, leaseMs: 1_000, deadlineMs: 1_000 };
  await expect(store.leases.claim(KEY, terms)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  linkSync(`${path}.kept`, path);
  expect((await store.leases.claim(KEY, terms)).done).toBe(true);
  await store.close();
});

test('C11: what was disconnected is in no file any more', async () => {
  const directory = makeDirectory();
  const store = sqliteStore({ path: join(directory, 'vault.db') });
  await store.open();
  const canary = Buffer.from('canary-'.repeat(40));
  await signIn(store, { tokens: canary, details: canary });
  const { fence } = await claim(store);
  await store.leases.keepCandidate(KEY, { fence, candidate: canary });
  const found = (): string[] =>
    readdirSync(directory).filter((name) => readFileSync(join(directory, name)).includes('canary-canary'));
  expect(found()).not.toEqual([]);
  await store.grants.disconnect(KEY);
  expect(found()).toEqual([]);
  expect((await present(store)).state).toBe('deleted');
  await store.close();
});

function overwrite(path: string, { at, bytes }: { at: number; bytes: Uint8Array }): void {
  const file = readFileSync(path);
  file.set(bytes, at);
  writeFileSync(path, file);
}

async function replaceByEmptyDatabase(path: string): Promise<void> {
  rmSync(path);
  await inside(path, (handle) => handle.exec('CREATE TABLE t (a); DROP TABLE t'));
}

function moveAside(path: string, link: (target: string, path: string) => void): void {
  const target = `${path}.elsewhere`;
  writeFileSync(target, readFileSync(path), { mode: 0o600 });
  rmSync(path);
  link(target, path);
}

/** SQLite leaves an empty log beside what it only looked at, when the driver closes late. Anything in it would be a change. */
function rmEmptySide(path: string): void {
  if (!existsSync(path)) return;
  if (path.endsWith('-wal')) expect(statSync(path).size).toBe(0);
  rmSync(path);
}
