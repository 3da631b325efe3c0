import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { open, sealedKeyId, sealFreshly } from '../../src/sealing/envelope.js';
import { KeyRing } from '../../src/sealing/key-ring.js';
import type { SealContext } from '../../src/sealing/seal-context.js';

// Frozen, and made by a program in another language from docs/sealing.md alone. A value sealed by any release must open
// in every later one: these files may get longer, never different.
interface EnvelopeVector {
  description: string;
  keyId: string;
  key: string;
  salt: string;
  nonce: string;
  context: SealContext;
  plaintext: string;
  sealed: string;
}
interface RingVector {
  keyId: string;
  key: string;
  keyCheck: string;
  purpose: string;
  data: string;
  mac: string;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8'));
const envelopes = read('envelope-v1.json') as EnvelopeVector[];
const rings = read('key-ring-v1.json') as RingVector[];
const bytes = (hex: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

describe.each(envelopes)('C10: golden envelope: $description', (vector) => {
  const ring = KeyRing.of([{ id: vector.keyId, key: bytes(vector.key) }]);

  it('is what sealing makes with that salt and nonce', () => {
    const freshness = { salt: bytes(vector.salt), nonce: bytes(vector.nonce) };
    const sealed = sealFreshly(ring, bytes(vector.plaintext), { context: vector.context, freshness });
    expect(hex(sealed)).toBe(vector.sealed);
  });

  it('opens', () => {
    expect(hex(open(ring, bytes(vector.sealed), vector.context))).toBe(vector.plaintext);
    expect(sealedKeyId(bytes(vector.sealed))).toBe(vector.keyId);
  });

  it('opens with WebCrypto alone', async () => {
    const opened = await openElsewhere(bytes(vector.key), bytes(vector.sealed), vector.context);
    expect(hex(opened)).toBe(vector.plaintext);
  });
});

describe.each(rings)('C10: golden key ring: $keyId, purpose "$purpose"', (vector) => {
  const ring = KeyRing.of([{ id: vector.keyId, key: bytes(vector.key) }]);

  it('gives this key check and this mac', () => {
    expect(ring.keyCheck(vector.keyId)).toBe(vector.keyCheck);
    expect(hex(ring.mac(vector.purpose, vector.data))).toBe(vector.mac);
  });
});

/** Opens an envelope from its description in docs/sealing.md, sharing no code with src/. */
async function openElsewhere(
  ringKey: Uint8Array<ArrayBuffer>,
  sealed: Uint8Array<ArrayBuffer>,
  context: SealContext,
): Promise<Uint8Array> {
  const { subtle } = webcrypto;
  const text = new TextEncoder();
  const saltAt = 6 + (sealed[5] ?? 0);
  const [nonceAt, bodyAt] = [saltAt + 32, saltAt + 44];
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const ring = await subtle.importKey('raw', ringKey, hmac, false, ['sign']);
  const label = text.encode('webex-auth/message-key/1\0');
  const raw = await subtle.sign('HMAC', ring, join(label, sealed.slice(saltAt, nonceAt)));
  const key = await subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);
  const fields = [context.tenant, context.clientId, context.subject, context.column].map((field) =>
    text.encode(field),
  );
  const generation = new DataView(new ArrayBuffer(8));
  generation.setBigUint64(0, BigInt(context.generation));
  const additionalData = join(
    sealed.slice(0, bodyAt),
    ...fields.flatMap((field) => {
      const length = new DataView(new ArrayBuffer(4));
      length.setUint32(0, field.length);
      return [new Uint8Array(length.buffer), field];
    }),
    new Uint8Array(generation.buffer),
  );
  const algorithm = { name: 'AES-GCM', iv: sealed.slice(nonceAt, bodyAt), additionalData, tagLength: 128 };
  return new Uint8Array(await subtle.decrypt(algorithm, key, sealed.slice(bodyAt)));
}

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
