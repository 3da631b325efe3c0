import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, inspect } from 'node:util';
import fc from 'fast-check';
import Database from 'libsql';
import { beforeEach, describe, expect, it } from 'vitest';

import { createLeakScanner } from './leak-scanner.js';
import type { LeakScanner } from './leak-scanner.js';
import { temporaryDirectories } from './temporary-directory.js';

const secret = 'P4ss/w+rd "é" \\ &=% t0ken-of-38-chars!';
const hex = (text: string): string => Buffer.from(text).toString('hex');
const byteByByte = (text: string, between: string): string => hex(text).replace(/..(?!$)/g, `$&${between}`);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

let scanner: LeakScanner;
const newDirectory = temporaryDirectories();
let directory: string;

beforeEach(() => {
  scanner = createLeakScanner();
  scanner.watch(secret, 'the password');
  directory = newDirectory();
});

const forms = (): string[] => [...new Set(scanner.hits.map(({ form }) => form))];

describe('a secret in text', () => {
  it.each<[string, string | Uint8Array]>([
    ['raw', `before ${secret} after`],
    ['raw', Buffer.from(`\0\u0001${secret}`)],
    ['base64', base64(secret)],
    ['base64', base64(`a${secret}b`)],
    ['base64', base64(`ab${secret}`)],
    ['base64', base64(`client-id:${secret}`)],
    ['base64', base64(JSON.stringify({ a: secret.slice(0, 9) }) + secret)],
    ['hex', hex(`x${secret}y`)],
    ['hex', hex(secret).toUpperCase()],
    ['hex with colons', `x${byteByByte(secret, ':')}`],
    ['hex with colons', byteByByte(`x${secret}y`, ':').toUpperCase()],
    ['URL-encoded', `?q=%${byteByByte(secret, '%')}`],
    ['URL-encoded', `?q=%${byteByByte(`x${secret}y`, '%').toUpperCase()}`],
    ['URL-encoded', `https://x.test/?q=${encodeURIComponent(secret)}&r=1`],
    ['URL-encoded', encodeURIComponent(secret).toLowerCase().replace(/p4ss/, 'P4ss')],
    ['URL-encoded', new URLSearchParams({ client_secret: secret }).toString()],
    ['URL-encoded twice', encodeURIComponent(`/go?to=${encodeURIComponent(secret)}`)],
    ['JSON-escaped', JSON.stringify({ secret })],
    ['JSON-escaped', JSON.stringify({ secret }).replace('é', '\\u00e9')],
    ['JSON-escaped', JSON.stringify({ secret }).replace('/', '\\/')],
    ['JSON-escaped twice', JSON.stringify({ body: JSON.stringify({ secret }) })],
    ['UTF-16LE', Buffer.from(`xy${secret}`, 'utf16le')],
    ['UTF-16BE', Buffer.from(`xy${secret}`, 'utf16le').swap16()],
    ['printed buffer', inspect(Buffer.from(`x${secret}`))],
    ['list of bytes', JSON.stringify(Buffer.from(secret))],
    ['list of bytes', [...Buffer.from(secret)].join(', ')],
  ])('is found as %s: %#', (form, text) => {
    scanner.scanText('here', text);
    expect(forms()).toContain(form);
    expect(scanner.hits.every(({ where, label }) => where === 'here' && label === 'the password')).toBe(true);
    expect(() => scanner.assertClean()).toThrow(`the password as ${form} in here at`);
  });

  it.each([0, 1, 2])('is told apart as base64 or base64url, %d bytes after its beginning', (before) => {
    const key = Buffer.alloc(24, Buffer.from('fbeffe', 'hex'));
    scanner.watch(key, 'key');
    const text = Buffer.concat([Buffer.alloc(before, 'a'), key]);
    scanner.scanText('one', text.toString('base64'));
    scanner.scanText('other', text.toString('base64url'));
    expect(scanner.hits.map(({ where, form }) => [where, form])).toEqual([
      ['one', 'base64'],
      ['other', 'base64url'],
    ]);
  });

  it('is found by any 16 bytes of it, and not by 15', () => {
    const bytes = Buffer.from(secret);
    for (let at = 0; at + 16 <= bytes.length; at++) {
      const part = createLeakScanner();
      part.watch(secret, 'x');
      part.scanText(
        'here',
        Buffer.concat([Buffer.from('..'), bytes.subarray(at, at + 15), Buffer.from('\u0007')]),
      );
      expect(part.hits).toEqual([]);
      part.scanText(
        'here',
        Buffer.concat([Buffer.from('..'), bytes.subarray(at, at + 16), Buffer.from('\u0007')]),
      );
      expect(part.hits).toEqual([{ where: 'here', label: 'x', form: 'window', offset: 2 }]);
    }
  });

  it.each<[string, string]>([
    ['every 8 characters', secret.replaceAll(/(.{8})/g, '$1\n')],
    ['as a mail client does', `> ${secret.replaceAll(/(.{10})/g, '$1\r\n\t')}`],
    ['in JSON', JSON.stringify({ body: secret.replace('t0ken', 't0k\r\nen') })],
    ['in base64', base64(`id:${secret}`).replaceAll(/(.{10})/g, '$1\n')],
  ])('is found broken over lines %s', (_, text) => {
    scanner.scanText('here', text);
    expect(forms().length).toBeGreaterThan(0);
    expect(scanner.hits[0]?.label).toBe('the password');
  });

  it('is found by any 24 characters of its base64, and not by those of its public part', () => {
    const [own, known] = ['Zm9vYmFyYmF6cXV4Zm9vYmFy', '_PF84_0aa40000-0000-4000-8000-000000000001'];
    const one = createLeakScanner();
    one.watch(`${own}${known}`, 'token', { publicParts: [known] });
    one.scanText('page', base64(`ciscospark://us/ORGANIZATION/${known.slice(6)}`));
    one.assertClean();
    for (const before of ['', 'x', 'xy']) one.scanText('page', base64(before + own).slice(4, 30));
    expect(one.hits.map(({ form }) => form)).toEqual(Array(3).fill('piece of base64'));
  });

  it.each<[string, (text: string) => string]>([
    ['piece of hex', hex],
    ['piece of hex', (text) => hex(text).toUpperCase()],
    ['piece of hex with colons', (text) => byteByByte(text, ':')],
    ['piece of hex with colons', (text) => byteByByte(text, ':').toUpperCase()],
    ['piece of URL-encoded', (text) => `%${byteByByte(text, '%')}`],
  ])(
    'is found by any 16 bytes of it as %s, and not by 15, nor by those of its public part: %#',
    (form, write) => {
      const [own, known] = ['Zm9vYmFyYmF6cXV4Zm9vYmFy', '_PF84_0aa40000-0000-4000-8000-000000000001'];
      for (let at = 0; at + 16 <= own.length; at++) {
        const one = createLeakScanner();
        one.watch(`${own}${known}`, 'token', { publicParts: [known] });
        one.scanText('page', `${write(own.slice(at, at + 15))} ${write(known)}`);
        one.assertClean();
        one.scanText('page', write(own.slice(at, at + 16)));
        expect(one.hits.map((hit) => hit.form)).toEqual([form]);
      }
    },
  );

  it('is told once for each place, by the offset of its beginning', () => {
    scanner.scanText('here', `${'.'.repeat(100)}${secret}${'.'.repeat(50)}${secret.slice(5)}`);
    const length = Buffer.byteLength(secret);
    expect(scanner.hits.map(({ form, offset }) => [form, offset])).toEqual([
      ['raw', 100],
      ['window', 150 + length],
    ]);
  });

  it('is found wherever it stands, in any base64 that holds it', () => {
    const around = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(around, around, fc.boolean(), (before, after, url) => {
        const one = createLeakScanner();
        one.watch(secret);
        const bytes = Buffer.concat([before, Buffer.from(secret), after]);
        one.scanText('raw', bytes);
        one.scanText('encoded', bytes.toString(url ? 'base64url' : 'base64'));
        expect(new Set(one.hits.map(({ where }) => where))).toEqual(new Set(['raw', 'encoded']));
      }),
    );
  });

  it('is found when it is short, or bytes and no text', () => {
    scanner.watch('8 bytes!', 'short');
    scanner.watch(Buffer.from('00ff80fe00ff80fe00ff80fe00ff80fe01', 'hex'), 'key');
    scanner.scanText(
      'here',
      `a8 bytes!b ${base64('8 bytes!')} ${Buffer.from('ff80fe00ff80fe00ff80fe00ff80fe01', 'hex').toString('latin1')}`,
    );
    scanner.scanText('there', Buffer.from('ff80fe00ff80fe00ff80fe00ff80fe01', 'hex'));
    expect(scanner.hits.map(({ label, form }) => `${label} ${form}`)).toEqual([
      'short raw',
      'short base64',
      'key window',
    ]);
  });

  it('is not seen where it is not', () => {
    const other = createLeakScanner();
    for (let count = 0; count < 50; count++) other.canary(`canary ${count}`);
    for (let count = 0; count < 200; count++)
      other.scanText('noise', createLeakScanner().canary('x').repeat(20));
    other.scanText('empty', '');
    expect(other.hits).toEqual([]);
    other.assertClean();
  });

  it('may share its public parts with the world', () => {
    const one = createLeakScanner();
    one.watch('fake-access-token-Zm9vYmFyYmF6cXV4', 'token', { publicParts: ['fake-access-token-'] });
    one.scanText('page', 'tokens begin with fake-access-token-');
    one.assertClean();
    one.scanText('page', 'en-Zm9vYmFyYmF6cXV4');
    expect(one.hits).toHaveLength(1);
  });
});

describe('the scanner itself', () => {
  it('never shows a secret: not in its error, its hits, its labels, nor in the name of a place', () => {
    scanner.scanText(`/files/${secret}`, secret);
    let message = '';
    try {
      scanner.assertClean();
    } catch (error) {
      message = inspect(error, { depth: Infinity, showHidden: true });
    }
    const printed = [
      message,
      inspect(scanner, { depth: Infinity, showHidden: true }),
      JSON.stringify(scanner.hits),
    ];
    const judge = createLeakScanner();
    judge.watch(secret);
    for (const text of printed) judge.scanText('printed', text);
    expect(message).toContain('the password as raw in (a place whose name holds a secret) at 0');
    judge.assertClean();
    expect(() => scanner.watch(secret, `label ${secret}`)).toThrow(/^A label must not hold its secret$/);
  });

  it('refuses to prove something with nothing: no secrets, short ones, missing files', () => {
    expect(() => createLeakScanner().assertClean()).toThrow(/Nothing was watched/);
    expect(() => scanner.watch('1234567', 'seven')).toThrow(/'seven' is too short/);
    expect(() => scanner.scanFiles('none', join(directory, 'none'))).toThrow(/ENOENT/);
  });

  it('makes canaries that are random and watched', () => {
    const [one, other] = [scanner.canary('a'), scanner.canary('b')];
    expect(one).not.toBe(other);
    scanner.scanText('here', other);
    expect(scanner.hits).toEqual([{ where: 'here', label: 'b', form: 'raw', offset: 0 }]);
  });
});

class Account {
  readonly #hidden = secret;
  readonly name = 'x';
  reveal(): string {
    return this.#hidden;
  }
}

describe('a secret in a value', () => {
  const cyclic = (): object => {
    const node: Record<string, unknown> = { deep: { secret } };
    node['self'] = node;
    return node;
  };
  it.each<[string, () => unknown]>([
    ['a string', () => secret],
    ['a deep object', () => ({ a: { b: { c: { d: { e: [[[{ f: secret }]]] } } } } })],
    ['a cycle', cyclic],
    ['a message', () => new Error(`failed with ${secret}`)],
    ['a stack', () => Object.assign(new Error('x'), { stack: `Error: x\n at ${secret}` })],
    ['a cause', () => new Error('x', { cause: new Error('y', { cause: { response: { body: secret } } }) })],
    ['one of several errors', () => new AggregateError([new Error(secret)])],
    ['a hidden property', () => Object.defineProperty(new Error('x'), 'config', { value: { secret } })],
    ['a getter of its own', () => Object.defineProperty({}, 'token', { get: () => secret })],
    ['the name of a property', () => ({ [secret]: 1 })],
    ['a symbol', () => ({ [Symbol(secret)]: 1 })],
    ['a Map', () => new Map([[{ key: secret }, 1]])],
    ['a Set', () => new Set([[secret]])],
    ['a Buffer', () => ({ body: Buffer.from(`x${secret}`) })],
    ['an ArrayBuffer', () => new TextEncoder().encode(secret).buffer],
    ['a far part of a long list', () => [...Array.from({ length: 500 }, () => 0), secret]],
    ['the end of a long string', () => `${'.'.repeat(50_000)}${secret}`],
    ['toJSON', () => ({ toJSON: () => ({ secret }) })],
    ['toString', () => ({ toString: () => secret })],
    ['a custom inspection', () => ({ [inspect.custom]: () => secret })],
    ['headers', () => new Headers({ authorization: `Basic ${base64(`id:${secret}`)}` })],
    ['a URL', () => new URL(`https://x.test/?code=${encodeURIComponent(secret)}`)],
    ['a property of a function', () => Object.assign(() => undefined, { secret })],
    ['a bigint beside it', () => ({ n: 1n, secret })],
  ])('is found: %s', (_, make) => {
    scanner.scanValue('value', make());
    expect(scanner.hits.length).toBeGreaterThan(0);
    expect(scanner.hits[0]?.where).toMatch(/^value \(/);
  });

  it.each<[string, () => unknown]>([
    ['a private field', () => new Account()],
    [
      'an object that cannot be printed',
      () =>
        new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error('no');
            },
          },
        ),
    ],
    ['an object without prototype', () => Object.assign(Object.create(null) as object, { a: 1 })],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
    [
      'a getter that throws',
      () => ({
        get token() {
          throw new Error('no');
        },
      }),
    ],
    ['undefined', () => undefined],
    ['a symbol', () => Symbol('x')],
  ])('is not claimed, and nothing breaks: %s', (_, make) => {
    scanner.scanValue('value', make());
    expect(scanner.hits).toEqual([]);
  });
});

describe('a secret in files', () => {
  it('is found in any file below, in the names of files, and in links, which are not followed', () => {
    mkdirSync(join(directory, 'a/b'), { recursive: true });
    writeFileSync(join(directory, 'a/b/data.bin'), Buffer.concat([Buffer.alloc(5000), Buffer.from(secret)]));
    writeFileSync(join(directory, 'clean'), 'nothing');
    scanner.scanFiles('home', directory);
    expect(scanner.hits).toEqual([
      { where: 'home/a/b/data.bin', label: 'the password', form: 'raw', offset: 5000 },
    ]);

    const named = scanner.canary('name');
    writeFileSync(join(directory, named), '');
    symlinkSync(`/nowhere/${scanner.canary('link target')}`, join(directory, 'link'));
    symlinkSync(directory, join(directory, 'loop'));
    scanner.scanFiles('home', directory);
    expect(scanner.hits.map(({ label }) => label)).toEqual(expect.arrayContaining(['name', 'link target']));
    expect(JSON.stringify(scanner.hits)).not.toContain(named);
  });

  it('is found in the pages of a database, its write-ahead log and its shared memory', () => {
    const canary = scanner.canary('row');
    const database = new Database(join(directory, 'db'));
    try {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (v)');
      database.prepare('INSERT INTO t VALUES (?)').run(`${'x'.repeat(9000)}${canary}`);
      scanner.scanFiles('store', directory);
      expect(scanner.hits.map(({ where }) => where)).toContain('store/db-wal');
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      scanner.scanFiles('store', directory);
      expect(scanner.hits.map(({ where }) => where)).toContain('store/db');
    } finally {
      database.close();
    }
  });

  it('is found in 10 MB, among 100 other secrets', () => {
    for (let count = 0; count < 100; count++) scanner.canary(`canary ${count}`);
    const big = Buffer.alloc(10 * 1024 * 1024);
    for (let at = 0; at < big.length; at += 4) big.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);
    big.write(secret, big.length - 1000);
    writeFileSync(join(directory, 'big'), big);
    scanner.scanFiles('home', directory);
    expect(scanner.hits.map(({ form, offset }) => [form, offset])).toEqual([['raw', big.length - 1000]]);
  });
});

describe.runIf(process.platform === 'linux')('a secret of a process', () => {
  it('is found in its arguments and in its environment', async () => {
    const [argument, variable] = [scanner.canary('argument'), scanner.canary('variable')];
    // A canary may begin with a dash, which Node would take for an option of its own.
    const script = 'console.log(1); setInterval(() => {}, 1000)';
    const child = spawn(process.execPath, ['-e', script, '--', argument], {
      env: { TOKEN: variable },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      scanner.scanProcess('child', child.pid ?? 0);
      expect(scanner.hits.map(({ where, label }) => [where, label])).toEqual([
        ['child (cmdline)', 'argument'],
        ['child (environ)', 'variable'],
      ]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('a secret that is printed', () => {
  const silence = <Result>(run: () => Result): Result => {
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = () => true;
    try {
      return run();
    } finally {
      process.stdout.write = write;
    }
  };

  it('is found on stdout, also in pieces, and no longer after stop', () => {
    silence(() => {
      const capture = scanner.captureOutput();
      process.stdout.write(secret.slice(0, 10));
      process.stdout.write(Buffer.from(secret.slice(10)));
      capture.stop();
      process.stdout.write(secret);
      capture.stop();
    });
    expect(scanner.hits.map(({ where, form }) => [where, form])).toEqual([['stdout', 'raw']]);
  });

  it('is found in what goes to console, by any method', () => {
    const quiet = { debug: console.debug, dir: console.dir };
    console.debug = console.dir = () => undefined;
    const capture = scanner.captureOutput();
    console.debug('%s', format('%j', { secret }));
    console.dir({ a: { b: { c: { d: { secret: Buffer.from(secret) } } } } });
    capture.stop();
    Object.assign(console, quiet);
    expect(forms()).toEqual(expect.arrayContaining(['JSON-escaped', 'printed buffer']));
  });

  it('is found in process warnings', async () => {
    const listeners = process.listeners('warning');
    process.removeAllListeners('warning');
    const capture = scanner.captureOutput();
    process.emitWarning('careful', { detail: `with ${secret}` });
    await new Promise((resolve) => setImmediate(resolve));
    capture.stop();
    for (const listener of listeners) process.on('warning', listener);
    expect(scanner.hits.map(({ where }) => where)).toContain('warning');
  });

  it('leaves the streams as they were', () => {
    const now = (): unknown[] =>
      [process.stdout, process.stderr, console].flatMap((object) =>
        ['write', 'log', 'error'].map(
          (name) => Object.getOwnPropertyDescriptor(object, name)?.value as unknown,
        ),
      );
    const before = now();
    const capture = scanner.captureOutput();
    expect(now()).not.toEqual(before);
    capture.stop();
    expect(now()).toEqual(before);
  });
});
