import assert from 'node:assert';
import { Console } from 'node:console';
import { PassThrough } from 'node:stream';
import { format, inspect } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';

import { Secret } from '../../src/base/secret.js';

const content = 'hunter2-hunter2-hunter2';
const secret = new Secret(content);
const asText = secret as unknown as string;

function printedBy(write: (console: Console) => void): string {
  const stream = new PassThrough();
  write(new Console({ stdout: stream, stderr: stream }));
  return String(stream.read() ?? '');
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return `${(error as Error).message}\n${(error as Error).stack ?? ''}`;
  }
  throw new Error('nothing was thrown');
}

const printings: Record<string, () => string> = {
  template: () => `a ${asText}`,
  concatenation: () => 'a' + asText,
  String: () => String(secret),
  toString: () => secret.toString(),
  toLocaleString: () => secret.toLocaleString(),
  number: () => String(Number(secret)),
  join: () => [secret, [secret]].join(),
  sort: () => [secret, new Secret('b')].sort().join(),
  JSON: () => JSON.stringify({ secret, list: [secret] }, null, 2),
  inspect: () => inspect(secret),
  'inspect, everything': () =>
    inspect({ a: [{ secret }] }, { depth: Infinity, showHidden: true, getters: true }),
  'inspect without custom': () =>
    inspect(secret, { customInspect: false, showHidden: true, depth: Infinity }),
  'inspect of a wrapper': () => inspect(new Map([[secret, new Set([secret])]]), { showHidden: true }),
  format: () => format('%s %d %i %f %j %o %O %c', ...Array.from({ length: 8 }, () => secret), secret),
  'console.log': () => printedBy((console) => console.log('%s', secret, secret, { secret })),
  'console.dir': () => printedBy((console) => console.dir(secret, { showHidden: true, depth: null })),
  'console.table': () => printedBy((console) => console.table([{ secret }, secret])),
  'console.error': () => printedBy((console) => console.error(new Error('x', { cause: secret }))),
  'an error message': () => messageOf(() => assert.fail(String(secret))),
  'an assertion': () => messageOf(() => assert.deepStrictEqual({ secret }, { secret: 'x' })),
  'a type error': () => messageOf(() => (secret as unknown as () => void)()),
  'a cause': () => inspect(new Error('x', { cause: { secret } }), { depth: Infinity, showHidden: true }),
  'own names': () => Reflect.ownKeys(secret).map(String).join(),
  entries: () => JSON.stringify([Object.entries(secret), Object.assign({}, secret)]),
  'for in': () => {
    const seen: string[] = [];
    for (const name in secret) seen.push(name);
    return seen.join();
  },
  structuredClone: () => inspect(structuredClone(secret), { showHidden: true }),
  serialize: () => serialize(secret).toString('latin1') + inspect(deserialize(serialize(secret))),
  URLSearchParams: () => new URLSearchParams({ secret: secret as unknown as string }).toString(),
  'a Symbol': () => Symbol(String(secret)).toString(),
};

describe('a secret', () => {
  it.each(Object.entries(printings))('is not printed by %s', (_, print) => {
    const printed = print();
    expect(printed).not.toContain('hunter2');
    expect(printed).not.toContain(Buffer.from('hunter2').toString('base64').slice(0, 8));
  });

  it('prints as [redacted] where something is printed', () => {
    expect([secret].join()).toBe('[redacted]');
    expect(inspect({ secret })).toBe('{ secret: [redacted] }');
    expect(JSON.stringify({ secret })).toBe('{"secret":"[redacted]"}');
    expect(format('%s %j', secret, secret)).toBe('[redacted] "[redacted]"');
  });

  it('gives its content to reveal() alone', () => {
    expect(secret.reveal()).toBe(content);
    expect(new Secret('').reveal()).toBe('');
  });
});
