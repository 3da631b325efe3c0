import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ConfigurationError, IntegrityError, KeyUnavailableError } from '../../src/errors.js';
import { associatedData } from '../../src/sealing/associated-data.js';
import { open, seal, sealedKeyId } from '../../src/sealing/envelope.js';
import { KeyRing } from '../../src/sealing/key-ring.js';
import type { SealContext } from '../../src/sealing/seal-context.js';
import { cases } from '../support/cases.js';

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const ring = KeyRing.of([{ id: 'k1', key: key(1) }]);
const context: SealContext = {
  tenant: 'default',
  clientId: 'C1',
  subject: 'user-42',
  column: 'tokens',
  generation: 3,
};
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** A context whose texts are built of pieces that join in many ways. */
const contexts = fc.record({
  tenant: pieces(),
  clientId: pieces(),
  subject: pieces(),
  column: pieces(),
  generation: fc.oneof(fc.nat(3), fc.maxSafeNat()),
});

/** Two contexts whose four texts, joined, are the same string, cut at different places. */
const joinedAlike = fc.tuple(pieces(12), cuts(), cuts()).map(([joined, one, other]) => {
  const characters = Array.from(joined); // whole ones: half a surrogate pair is no text
  return [one, other].map((shares) => {
    const at = shares.map((share) => Math.round(share * characters.length)).sort((x, y) => x - y);
    const text = (part: number): string => characters.slice(at[part - 1] ?? 0, at[part]).join('');
    return { tenant: text(0), clientId: text(1), subject: text(2), column: text(3), generation: 1 };
  });
});

function pieces(maxLength = 4): fc.Arbitrary<string> {
  const piece = fc.constantFrom('a', 'b', '\0', '\0\0\0\u0001', '\0\0\0\u0001a', '|', ',', 'é', '😀');
  return fc.array(piece, { maxLength }).map((list) => list.join(''));
}

function cuts(): fc.Arbitrary<number[]> {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  return fc.array(share, { minLength: 3, maxLength: 3 });
}

describe('seal and open', () => {
  it('give back what was put in, bytes or text, whatever the context', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.string({ unit: 'binary' }),
        contexts,
        (data, string, where) => {
          expect([...open(ring, seal(ring, data, where), where)]).toEqual([...data]);
          expect(text(open(ring, seal(ring, string, where), where))).toBe(string);
        },
      ),
    );
  });

  it('open with an older key of the ring, and seal with the current one', () => {
    const rotated = KeyRing.of([
      { id: 'k2', key: key(2) },
      { id: 'k1', key: key(1) },
    ]);
    expect(text(open(rotated, seal(ring, 'old', context), context))).toBe('old');
    expect(sealedKeyId(seal(rotated, 'new', context))).toBe('k2');
  });

  it('hide the plaintext and never make the same envelope twice', () => {
    const [one, other] = [seal(ring, 'secret-text', context), seal(ring, 'secret-text', context)];
    expect(Buffer.from(one).includes('secret-text')).toBe(false);
    expect(Buffer.compare(one, other)).not.toBe(0);
  });

  it('hand out buffers of their own, not slices of shared memory', () => {
    const sealed = seal(ring, 'x', context);
    expect(sealed.buffer.byteLength).toBe(sealed.byteLength);
    expect(open(ring, sealed, context).buffer.byteLength).toBe(1);
  });
});

describe('an envelope that was changed', () => {
  it('C4: does not open with any single bit flipped', () => {
    const sealed = seal(ring, 'twenty bytes of text', context);
    let refused = 0;
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const altered = Buffer.from(sealed);
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      // A flipped key id may name another key, which is simply not there.
      expect(() => open(ring, altered, context)).toThrow(
        expect.toSatisfy(
          (error) => error instanceof IntegrityError || error instanceof KeyUnavailableError,
        ) as Error,
      );
      refused++;
    }
    expect(refused).toBe(sealed.length * 8);
  });

  it('C4: does not open when cut anywhere, or with bytes added', () => {
    const sealed = seal(ring, 'twenty bytes of text', context);
    for (let length = 0; length < sealed.length; length++) {
      expect(() => open(ring, sealed.subarray(0, length), context)).toThrow(IntegrityError);
    }
    expect(() => open(ring, Buffer.concat([sealed, Buffer.of(0)]), context)).toThrow(IntegrityError);
  });

  it('C2: does not open with a tag shorter than 16 bytes, however true its beginning', () => {
    const sealed = seal(ring, '', context);
    for (const tagBytes of [4, 8, 12, 13, 14, 15]) {
      expect(() => open(ring, sealed.subarray(0, sealed.length - 16 + tagBytes), context)).toThrow(
        IntegrityError,
      );
    }
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    [
      'JSON',
      Buffer.from(
        '{"access_token":"plain","refresh_token":"text","expires_in":1209599,"pad":"............"}',
      ),
    ],
    ['zeros', Buffer.alloc(200)],
    ['another version', Buffer.concat([Buffer.from('wxs'), Buffer.of(2, 1, 2), Buffer.alloc(100, 'k')])],
    ['another algorithm', Buffer.concat([Buffer.from('wxs'), Buffer.of(1, 2, 2), Buffer.alloc(100, 'k')])],
    ['no key id', Buffer.concat([Buffer.from('wxs'), Buffer.of(1, 1, 0), Buffer.alloc(100, 'k')])],
    [
      'a key id of odd bytes',
      Buffer.concat([Buffer.from('wxs'), Buffer.of(1, 1, 2, 10, 27), Buffer.alloc(100)]),
    ],
    [
      'a key id past its end',
      Buffer.concat([Buffer.from('wxs'), Buffer.of(1, 1, 255), Buffer.alloc(100, 'k')]),
    ],
    ['a string', 'wxs' as unknown as Uint8Array],
    ['null', null as unknown as Uint8Array],
  ])('C10: is refused when it is %s', (_, value) => {
    expect(() => open(ring, value, context)).toThrow(IntegrityError);
    expect(() => sealedKeyId(value)).toThrow(IntegrityError);
  });

  it('does not open with another key of the same id', () => {
    const other = KeyRing.of([{ id: 'k1', key: key(9) }]);
    expect(() => open(other, seal(ring, 'x', context), context)).toThrow(IntegrityError);
  });

  it('says which key is missing when the ring lacks it', () => {
    const other = KeyRing.of([{ id: 'k9', key: key(1) }]);
    expect(() => open(other, seal(ring, 'x', context), context)).toThrow(KeyUnavailableError);
    expect(() => open(other, seal(ring, 'x', context), context)).toThrow(/'k1'/);
  });
});

describe('an envelope that was moved', () => {
  const moves: [string, Partial<SealContext>][] = [
    ['tenant', { tenant: 'other' }],
    ['client', { clientId: 'C2' }],
    ['row', { subject: 'user-43' }],
    ['column', { column: 'details' }],
    ['newer generation', { generation: 4 }],
    ['older generation', { generation: 2 }],
    ['a generation 2^32 later', { generation: 3 + 2 ** 32 }],
  ];
  it.each(moves)('C5, C6: does not open in another place: %s', (_, move) => {
    const sealed = seal(ring, 'x', context);
    expect(() => open(ring, sealed, { ...context, ...move })).toThrow(IntegrityError);
    expect(text(open(ring, sealed, context))).toBe('x');
  });

  const pairs = cases({ commit: 10_000, nightly: 100_000 });
  it('C5: opens only in its own context, among 10,000 pairs made to be confused', pairs.options, () => {
    let different = 0;
    const pair = fc.oneof(fc.tuple(contexts, contexts), joinedAlike);
    fc.assert(
      fc.property(pair, ([one, other]) => {
        if (!one || !other) return;
        const same = JSON.stringify(one) === JSON.stringify(other);
        const header = Buffer.from('header');
        expect(Buffer.compare(associatedData(header, one), associatedData(header, other)) === 0).toBe(same);
        const sealed = seal(ring, 'x', one);
        if (same) expect(text(open(ring, sealed, other))).toBe('x');
        else expect(() => open(ring, sealed, other)).toThrow(IntegrityError);
        if (!same) different++;
      }),
      { numRuns: pairs.count },
    );
    expect(different).toBeGreaterThan(5_000);
  });
});

describe('what cannot be sealed', () => {
  it.each<[string, Partial<SealContext>]>([
    ['a lone surrogate in the tenant', { tenant: 'a\ud800' }],
    ['a lone surrogate in the client id', { clientId: '\udc00a' }],
    ['a lone surrogate in the subject', { subject: 'a\ud800b' }],
    ['a lone surrogate in the column', { column: '\ud83d' }],
    ['a negative generation', { generation: -1 }],
    ['a fraction', { generation: 1.5 }],
    ['no number', { generation: NaN }],
    ['an unsafe integer', { generation: 2 ** 53 }],
    ['infinity', { generation: Infinity }],
  ])('is refused with the name of the field: %s', (_, wrong) => {
    const [field = ''] = Object.keys(wrong);
    const sealed = seal(ring, 'x', context);
    for (const run of [
      () => seal(ring, 'x', { ...context, ...wrong }),
      () => open(ring, sealed, { ...context, ...wrong }),
    ]) {
      expect(run).toThrow(ConfigurationError);
      expect(run).toThrow(new RegExp(`^${field}: `));
    }
  });

  it('text with a lone surrogate is refused, and not shown', () => {
    let caught: unknown;
    try {
      seal(ring, 'top-secret-\ud800', context);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ConfigurationError);
    expect(inspect(caught, { depth: Infinity, showHidden: true })).not.toContain('top-secret');
  });
});
