import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { inspect } from 'node:util';

import { randomToken } from '../base/random.js';
import { ConfigurationError, KeyUnavailableError } from '../errors.js';
import { createKeyFile, readKeyFile } from './key-file.js';
import { formatKey, isKeyId, parseKeys } from './key-syntax.js';
import type { RingKey } from './key-syntax.js';
import { strictUtf8 } from './strict-utf8.js';

export type { RingKey } from './key-syntax.js';

// What a ring key may be used for. No label is the beginning of another, so no two uses ever hash the same bytes.
const MESSAGE_KEY = Buffer.from('webex-auth/message-key/1\0');
const KEY_CHECK = Buffer.from('webex-auth/key-check/1\0');
const MAC = Buffer.from('webex-auth/mac/1\0');
const KEY_BYTES = 32;
const KEY_CHECK_BYTES = 16;

/** The keys of a vault: the current one seals, all of them open. The keys themselves never come out, nor print. */
export class KeyRing {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #currentId: string;

  private constructor(keys: readonly RingKey[], setting: string) {
    const first = keys[0];
    if (!first) throw refusal(setting, 'holds no key', 'k1:<base64 of 32 random bytes>');
    this.#currentId = first.id;
    this.#keys = new Map(keys.map(({ id, key }) => [id, createSecretKey(key)]));
    if (this.#keys.size < keys.length) throw refusal(setting, 'gives the same id to two keys');
  }

  /** Reads `WEBEX_AUTH_KEYS="id:base64 of 32 bytes[,older…]"`, current first, or the variable called `name`. */
  static fromEnvironment({
    env = process.env,
    name = 'WEBEX_AUTH_KEYS',
  }: { env?: NodeJS.ProcessEnv; name?: string } = {}): KeyRing {
    return new KeyRing(parseKeys(env[name] ?? '', name), name);
  }

  /** Reads a key file: the same syntax, one key a line or between commas; a plain file of mode 0600. */
  static fromFile(path: string): KeyRing {
    const setting = `key file ${JSON.stringify(path)}`;
    return new KeyRing(parseKeys(readKeyFile(path), setting), setting);
  }

  /** Makes a key file with one fresh key, or reads the one that is there. Processes that race end with the same key. */
  static createFile(path: string): KeyRing {
    createKeyFile(path, formatKey(freshKey()));
    return KeyRing.fromFile(path);
  }

  /** One random key that lives as long as the process does. */
  static ephemeral(): KeyRing {
    return new KeyRing([freshKey()], 'keys');
  }

  /** A ring of these keys, current first; their bytes are copied. */
  static of(keys: readonly RingKey[]): KeyRing {
    for (const [index, { id, key }] of keys.entries()) {
      if (!isKeyId(id)) throw refusal('keys', `key ${index + 1} has a bad id: 1 to 64 of A-Z a-z 0-9 . _ -`);
      if (key.byteLength !== KEY_BYTES) throw refusal('keys', `key ${index + 1} must be exactly 32 bytes`);
    }
    return new KeyRing(keys, 'keys');
  }

  /** Id of the key that seals. */
  get currentId(): string {
    return this.#currentId;
  }

  /** Ids of all keys, current first. */
  get ids(): readonly string[] {
    return [...this.#keys.keys()];
  }

  /** Whether a key of this id is in the ring. */
  has(id: string): boolean {
    return this.#keys.has(id);
  }

  /** Tells the right key of this id from a wrong one and nothing else: 32 hex digits. `KeyUnavailableError` without it. */
  keyCheck(id: string): string {
    return this.#hmac(id, [KEY_CHECK, id]).subarray(0, KEY_CHECK_BYTES).toString('hex');
  }

  /** HMAC-SHA256 of `data` with the current key, 32 bytes; one purpose's values mean nothing for another. */
  mac(purpose: string, data: string | Uint8Array): Uint8Array {
    const name = strictUtf8(purpose, 'purpose');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(name.length);
    const bytes = typeof data === 'string' ? strictUtf8(data, 'data') : data;
    return this.#hmac(this.#currentId, [MAC, length, name, bytes]);
  }

  /** The key of one message, 32 bytes, for the envelope alone: HMAC-SHA256(ring key, label ‖ salt). */
  messageKey(id: string, salt: Uint8Array): Uint8Array {
    return this.#hmac(id, [MESSAGE_KEY, salt]);
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return `KeyRing [redacted] (${this.ids.join(', ')})`;
  }

  #hmac(id: string, parts: readonly (string | Uint8Array)[]): Buffer {
    const key = this.#keys.get(id);
    if (!key) {
      throw new KeyUnavailableError(
        `The key '${isKeyId(id) ? id : '?'}' is not in the key ring; add it after the current one and start again`,
      );
    }
    const hmac = createHmac('sha256', key);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  }
}

function freshKey(): RingKey {
  return { id: `k-${randomToken(6)}`, key: randomBytes(KEY_BYTES) };
}

function refusal(setting: string, problem: string, example?: string): ConfigurationError {
  return new ConfigurationError([{ setting, problem, ...(example && { example }) }]);
}
