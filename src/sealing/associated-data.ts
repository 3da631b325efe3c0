import { ConfigurationError } from '../errors.js';
import type { SealContext } from './seal-context.js';
import { utf8Length } from './strict-utf8.js';

const TEXTS = ['tenant', 'clientId', 'subject', 'column'] as const;
const TWO_TO_THE_32 = 2 ** 32;

/**
 * What GCM authenticates beside the ciphertext: the envelope's header, then tenant, client id, subject and column, each
 * with its length before it (u32, big endian), then the generation (u64, big endian). Different contexts, different bytes.
 */
export function associatedData(header: Uint8Array, context: SealContext): Uint8Array {
  const { generation } = context;
  if (!Number.isSafeInteger(generation) || generation < 0) {
    throw new ConfigurationError([{ setting: 'generation', problem: 'must be a whole number from 0 on' }]);
  }
  let size = header.length + 8;
  for (const name of TEXTS) size += 4 + utf8Length(context[name], name);
  const data = Buffer.allocUnsafe(size);
  data.set(header);
  let at = header.length;
  for (const name of TEXTS) {
    const length = data.write(context[name], at + 4);
    data.writeUInt32BE(length, at);
    at += 4 + length;
  }
  at = data.writeUInt32BE(Math.floor(generation / TWO_TO_THE_32), at);
  data.writeUInt32BE(generation % TWO_TO_THE_32, at);
  return data;
}
