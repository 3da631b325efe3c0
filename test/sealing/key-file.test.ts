import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';

import { ConfigurationError } from '../../src/errors.js';
import { KeyRing } from '../../src/sealing/key-ring.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const base64 = Buffer.alloc(32, 'secret bytes').toString('base64');
const newDirectory = temporaryDirectories();
let directory: string;
let path: string;

beforeEach(() => {
  directory = newDirectory();
  path = join(directory, 'keys');
});

function write(text: string, mode = 0o600): void {
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
}

function refusalOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    const printed = inspect(error, { depth: Infinity, showHidden: true });
    expect(printed).toContain('key file ');
    expect(printed).not.toContain(base64.slice(0, 16));
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

describe('reading a key file', () => {
  it('takes one key a line or keys between commas', () => {
    write(`k3:${base64}\nk2:${base64},k1:${base64}\r\n\n`);
    expect(KeyRing.fromFile(path).ids).toEqual(['k3', 'k2', 'k1']);
  });

  it.each([0o600, 0o400])('takes mode %o', (mode) => {
    write(`k1:${base64}`, mode);
    expect(KeyRing.fromFile(path).currentId).toBe('k1');
  });

  it.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o660, 0o666, 0o700, 0o777, 0o4600])(
    'refuses mode %o and says how to mend it',
    (mode) => {
      write(`k1:${base64}`, mode);
      expect(refusalOf(() => KeyRing.fromFile(path))).toMatch(/chmod 600/);
    },
  );

  it('J2: refuses a symbolic link, also to a good file', () => {
    write(`k1:${base64}`);
    const link = join(directory, 'link');
    symlinkSync(path, link);
    expect(refusalOf(() => KeyRing.fromFile(link))).toMatch(/symbolic link/);
  });

  it('J2: refuses a directory, and a FIFO without waiting for its writer', () => {
    mkdirSync(path, { mode: 0o600 });
    expect(refusalOf(() => KeyRing.fromFile(path))).toMatch(/not a plain file/);
    const fifo = join(directory, 'fifo');
    execFileSync('sh', ['-c', 'mkfifo -m 600 "$1"', 'sh', fifo]);
    expect(refusalOf(() => KeyRing.fromFile(fifo))).toMatch(/not a plain file/);
  });

  it.each([
    ['empty', '', /holds no key/],
    ['of junk', '\0\u0001\u0002', /has no id/],
    ['cut', `k1:${base64.slice(0, 30)}`, /exactly 32 bytes/],
    ['huge', `k1:${base64}\n`.repeat(2000), /too large/],
    ['with one id twice', `k1:${base64}\nk1:${base64}`, /same id/],
  ])('refuses a file that is %s', (_, text, why) => {
    write(text);
    expect(refusalOf(() => KeyRing.fromFile(path))).toMatch(why);
  });

  it('tells a missing file, and a path with control characters cannot forge a log line', () => {
    expect(refusalOf(() => KeyRing.fromFile(path))).toMatch(/does not exist/);
    expect(refusalOf(() => KeyRing.fromFile(join(directory, 'a\nb')))).not.toContain('\n');
  });
});

describe('making a key file', () => {
  it('makes one fresh key that stays the same, and leaves nothing else behind', () => {
    const made = KeyRing.createFile(path);
    expect(made.ids).toHaveLength(1);
    for (const again of [KeyRing.createFile(path), KeyRing.fromFile(path)]) {
      expect(again.currentId).toBe(made.currentId);
      expect(again.keyCheck(again.currentId)).toBe(made.keyCheck(made.currentId));
    }
    expect(readdirSync(directory)).toEqual(['keys']);
    expect(statSync(path).nlink).toBe(1);
  });

  it('makes another key in another file', () => {
    const [one, other] = [KeyRing.createFile(path), KeyRing.createFile(join(directory, 'other'))];
    expect(one.mac('p', 'd')).not.toEqual(other.mac('p', 'd'));
  });

  it('never changes a file that is there, good or bad', () => {
    write('not a key');
    expect(refusalOf(() => KeyRing.createFile(path))).not.toContain('not a key');
    expect(readFileSync(path, 'utf8')).toBe('not a key');
    write(`k1:${base64}`, 0o644);
    expect(refusalOf(() => KeyRing.createFile(path))).toMatch(/chmod 600/);
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(readdirSync(directory)).toEqual(['keys']);
  });

  it('J2: refuses a symbolic link, also a dangling one, and does not write through it', () => {
    const target = join(directory, 'target');
    symlinkSync(target, path);
    expect(refusalOf(() => KeyRing.createFile(path))).toMatch(/symbolic link/);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(readdirSync(directory)).toEqual(['keys']);
  });

  it('tells a missing directory', () => {
    expect(refusalOf(() => KeyRing.createFile(join(directory, 'none', 'keys')))).toMatch(/does not exist/);
  });
});
