import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { IntegrityError, KeyUnavailableError } from '../../src/errors.js';
import { seal } from '../../src/sealing/envelope.js';
import { KeyRing } from '../../src/sealing/key-ring.js';
import { openText, sealText } from '../../src/sealing/sealed-text.js';

const ring = KeyRing.ephemeral();
const context = { tenant: 't', clientId: 'c', subject: '', column: 'transaction', generation: 0 };

describe('sealed text', () => {
  it('is made of cookie-safe characters and opens to the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const sealed = sealText(ring, text, context);
        expect(sealed).toMatch(/^d3hz[A-Za-z0-9_-]+$/);
        expect(openText(ring, sealed, context)).toBe(text);
      }),
    );
  });

  it('keeps a byte order mark', () => {
    expect(openText(ring, sealText(ring, '\ufeffx', context), context)).toBe('\ufeffx');
  });

  it.each<[string, (sealed: string) => string]>([
    ['empty', () => ''],
    ['padded', (sealed) => `${sealed}==`],
    ['with a space', (sealed) => ` ${sealed}`],
    ['with a line break inside', (sealed) => `${sealed.slice(0, 9)}\n${sealed.slice(9)}`],
    ['cut', (sealed) => sealed.slice(0, -4)],
    ['twice', (sealed) => sealed + sealed],
    ['junk', () => '%00<script>'],
    ['junk that is base64url', () => 'A'.repeat(200)],
    ['plain text', () => '{"state":"plain"}'],
  ])('is refused when it is %s', (_, spoil) => {
    const sealed = sealText(ring, 'state', context);
    expect(() => openText(ring, spoil(sealed), context)).toThrow(IntegrityError);
  });

  it('is refused in any other spelling of the same bytes', () => {
    const sealed = sealText(ring, 'xyz', context); // its last character carries unused bits
    expect(Buffer.from(sealed, 'base64url').length % 3).not.toBe(0);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const others = Array.from(alphabet)
      .map((last) => sealed.slice(0, -1) + last)
      .filter((other) => other !== sealed);
    for (const other of others) expect(() => openText(ring, other, context)).toThrow(IntegrityError);
  });

  it('is refused when bytes were sealed that are no text', () => {
    const sealed = Buffer.from(seal(ring, Buffer.of(0xff, 0xfe), context)).toString('base64url');
    expect(() => openText(ring, sealed, context)).toThrow(IntegrityError);
  });

  it('names the missing key', () => {
    const other = KeyRing.ephemeral();
    expect(() => openText(other, sealText(ring, 'x', context), context)).toThrow(KeyUnavailableError);
  });
});
