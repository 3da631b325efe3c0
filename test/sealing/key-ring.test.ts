import { randomBytes } from 'node:crypto';
import { format, inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ConfigurationError, KeyUnavailableError } from '../../src/errors.js';
import { KeyRing } from '../../src/sealing/key-ring.js';

const bytes = Buffer.from('fbffbffbffbf060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
const base64 = bytes.toString('base64');
const base64url = bytes.toString('base64url');
const fromText = (text: string): KeyRing => KeyRing.fromEnvironment({ env: { WEBEX_AUTH_KEYS: text } });

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('keys from the environment', () => {
  it.each([
    ['base64', `k1:${base64}`, ['k1']],
    ['base64 without padding', `k1:${base64.slice(0, -1)}`, ['k1']],
    ['base64url', `k1:${base64url}`, ['k1']],
    ['base64url with padding', `k1:${base64url}=`, ['k1']],
    ['several, current first', `new:${base64},old:${base64url}`, ['new', 'old']],
    ['spaces, line breaks and a last comma', `\n new:${base64} ,\r\n old:${base64url},\n`, ['new', 'old']],
    ['every character an id may have', `${'aZ09._-'.repeat(9)}x:${base64}`, [`${'aZ09._-'.repeat(9)}x`]],
  ])('are read: %s', (_, text, ids) => {
    const ring = fromText(text);
    expect(ring.ids).toEqual(ids);
    expect(ring.currentId).toBe(ids[0]);
    expect(ring.mac('p', 'd')).toEqual(KeyRing.of([{ id: 'any', key: bytes }]).mac('p', 'd'));
  });

  it.each([
    ['empty', ''],
    ['blank', ' , \n'],
    ['without id', base64],
    ['with an empty id', `:${base64}`],
    ['with a space in the id', `my key:${base64}`],
    ['with an id of 65 characters', `${'k'.repeat(65)}:${base64}`],
    ['with an id beyond ASCII', `clé:${base64}`],
    ['of 31 bytes', `k1:${bytes.subarray(1).toString('base64')}`],
    ['of 33 bytes', `k1:${Buffer.concat([bytes, bytes.subarray(0, 1)]).toString('base64')}`],
    ['of 16 bytes', `k1:${bytes.subarray(16).toString('base64')}`],
    ['in hex', `k1:${bytes.toString('hex')}`],
    ['a passphrase', 'k1:correct horse battery staple correct horse bat'],
    ['of two alphabets', `k1:${base64.replace('/', '_')}`],
    ['with junk after it', `k1:${base64}x`],
    ['padded too much', `k1:${base64}==`],
    ['with a line break inside', `k1:${base64.slice(0, 20)}\n${base64.slice(20)}`],
    ['with unused bits set', `k1:${base64.slice(0, -2)}5=`],
    ['twice with one id', `k1:${base64},k1:${randomBytes(32).toString('base64')}`],
    ['good, followed by a bad one', `k1:${base64},k2:short`],
  ])('are refused by the name of the setting, without their value: %s', (_, text) => {
    const error = caught(() => KeyRing.fromEnvironment({ env: { MY_KEYS: text }, name: 'MY_KEYS' }));
    expect(error).toBeInstanceOf(ConfigurationError);
    const printed = inspect(error, { depth: Infinity, showHidden: true });
    expect(printed).toContain('MY_KEYS: ');
    const values = text.split(/[:,\s]+/).filter((value) => value.length > 6);
    expect(values.filter((value) => printed.includes(value))).toEqual([]);
  });

  it('are missed by name when the variable is not set', () => {
    expect(() => KeyRing.fromEnvironment({ env: {} })).toThrow(/^WEBEX_AUTH_KEYS: holds no key/);
  });

  it('never read two texts as one key', () => {
    fc.assert(
      fc.property(
        fc.nat(42),
        fc.constantFrom(...Array.from(base64), '+', '/', '_', '-', '=', ' ', 'é'),
        (at, character) => {
          const text = base64.slice(0, at) + character + base64.slice(at + 1);
          if (text === base64) return;
          let ring: KeyRing;
          try {
            ring = fromText(`k1:${text}`);
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigurationError);
            return;
          }
          expect(ring.keyCheck('k1')).not.toBe(fromText(`k1:${base64}`).keyCheck('k1'));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('a ring of given keys', () => {
  it.each([
    ['none', []],
    ['31 bytes', [{ id: 'k1', key: bytes.subarray(1) }]],
    ['a bad id', [{ id: 'k 1', key: bytes }]],
    [
      'one id twice',
      [
        { id: 'k1', key: bytes },
        { id: 'k1', key: randomBytes(32) },
      ],
    ],
  ])('is refused: %s', (_, keys) => {
    expect(() => KeyRing.of(keys)).toThrow(ConfigurationError);
  });

  it('does not follow later changes of the bytes it was given', () => {
    const key = randomBytes(32);
    const ring = KeyRing.of([{ id: 'k1', key }]);
    const before = ring.keyCheck('k1');
    key.fill(0);
    expect(ring.keyCheck('k1')).toBe(before);
  });

  it('knows its ids', () => {
    const ring = KeyRing.of([
      { id: 'k2', key: bytes },
      { id: 'k1', key: bytes },
    ]);
    expect([ring.has('k1'), ring.has('k2'), ring.has('k3'), ring.has('__proto__')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('two ephemeral rings share neither key nor id', () => {
    const [one, other] = [KeyRing.ephemeral(), KeyRing.ephemeral()];
    expect(one.has(other.currentId)).toBe(false);
    expect(one.mac('p', 'd')).not.toEqual(other.mac('p', 'd'));
  });
});

describe('the key check', () => {
  const check = (id: string, key: Uint8Array): string => KeyRing.of([{ id, key }]).keyCheck(id);

  it('is the same for the same key and id, different for another key, and for another id', () => {
    const other = Buffer.from(bytes).fill(1, 0, 1);
    expect(check('k1', bytes)).toBe(check('k1', Buffer.from(bytes)));
    expect(check('k1', bytes)).toMatch(/^[0-9a-f]{32}$/);
    expect(check('k1', other)).not.toBe(check('k1', bytes));
    expect(check('k2', bytes)).not.toBe(check('k1', bytes));
  });

  it('needs the key, and says which one, but repeats no text that is no id', () => {
    const ring = KeyRing.ephemeral();
    expect(() => ring.keyCheck('k7')).toThrow(KeyUnavailableError);
    expect(() => ring.keyCheck('k7')).toThrow(/'k7'/);
    expect(() => ring.keyCheck('no id\n')).not.toThrow(/no id/);
  });
});

describe('the mac', () => {
  it('is another for another purpose, however purpose and data join', () => {
    const ring = KeyRing.of([{ id: 'k1', key: bytes }]);
    const part = fc
      .array(fc.constantFrom('a', 'b', '\0', '\0\0\0\u0001', 'é'), { maxLength: 4 })
      .map((l) => l.join(''));
    fc.assert(
      fc.property(part, part, part, part, (purpose, data, purpose2, data2) => {
        const same = purpose === purpose2 && data === data2;
        const [one, other] = [ring.mac(purpose, data), ring.mac(purpose2, data2)];
        expect(Buffer.compare(one, other) === 0).toBe(same);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes text as its UTF-8 bytes and refuses lone surrogates', () => {
    const ring = KeyRing.ephemeral();
    expect(ring.mac('p', 'é')).toEqual(ring.mac('p', Buffer.from('é')));
    expect(ring.mac('p', 'é')).toHaveLength(32);
    expect(() => ring.mac('p', '\ud800')).toThrow(ConfigurationError);
    expect(() => ring.mac('\ud800', 'd')).toThrow(ConfigurationError);
  });
});

describe('a printed ring', () => {
  const ring = KeyRing.of([{ id: 'k1', key: bytes }]);
  const printings: Record<string, () => string> = {
    inspect: () => inspect(ring, { depth: Infinity, showHidden: true }),
    'inspect without custom': () =>
      inspect(ring, { depth: Infinity, showHidden: true, customInspect: false }),
    JSON: () => JSON.stringify({ ring }),
    String: () => ring as unknown as string,
    format: () => format('%s %o %O %j %d', ring, ring, ring, ring, ring),
    clone: () => inspect(structuredClone(Object.assign({}, ring))),
    names: () => Reflect.ownKeys(ring).join(),
  };
  it.each(Object.entries(printings))('shows no key: %s', (_, print) => {
    const printed = print();
    for (const form of [
      base64.slice(0, 40),
      base64url.slice(0, 40),
      bytes.toString('hex'),
      '00 01 02',
      '0, 1, 2',
    ])
      expect(printed).not.toContain(form);
  });

  it('shows its ids to people and nothing to JSON', () => {
    expect(inspect(ring)).toBe('KeyRing [redacted] (k1)');
    expect(JSON.stringify(ring)).toBe('"[redacted]"');
  });
});
