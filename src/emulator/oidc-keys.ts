import { generateKeyPair, randomBytes, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

/** A key pair that signs ID tokens. */
export interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** One key of a JWKS document (webex-facts 7). */
export interface PublishedKey {
  kty: 'RSA';
  use: 'sig';
  e: string;
  kid: string;
  n: string;
}

async function newSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength: 2048 });
  return { kid: randomUUID(), privateKey, publicKey };
}

let unpublished: Promise<SigningKey> | undefined;

/** A key that no JWKS ever shows, the same for the whole process. */
export function unpublishedKey(): Promise<SigningKey> {
  return (unpublished ??= newSigningKey());
}

/** The keys of one region, RSA of 2048 bits: the one that signs, and the one before it. Made when they are first asked for. */
export class OidcKeys {
  #current: Promise<SigningKey> | undefined;
  #older: Promise<PublishedKey> | undefined;

  /** The key that signs now. */
  current(): Promise<SigningKey> {
    return (this.#current ??= newSigningKey());
  }

  /** What JWKS shows. The older key comes first: a client that takes any key in place of the one named fails here. */
  async published(): Promise<PublishedKey[]> {
    this.#older ??= Promise.resolve(retiredKey());
    return Promise.all([this.#older, this.current().then(published)]);
  }

  /** From now on a new key signs. JWKS goes on showing the one before it, and no older one. */
  rotate(): void {
    this.#older = this.current().then(published);
    this.#current = undefined;
  }
}

// It has signed nothing and never will, so that any number of its size does for a modulus: making a key is slow.
function retiredKey(): PublishedKey {
  const modulus = randomBytes(256);
  modulus.writeUInt8(modulus.readUInt8(0) | 0x80, 0);
  modulus.writeUInt8(modulus.readUInt8(255) | 1, 255);
  return { kty: 'RSA', use: 'sig', e: 'AQAB', kid: randomUUID(), n: modulus.toString('base64url') };
}

function published({ kid, publicKey }: SigningKey): PublishedKey {
  const { e = '', n = '' } = publicKey.export({ format: 'jwk' });
  return { kty: 'RSA', use: 'sig', e, kid, n };
}
