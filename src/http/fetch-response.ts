import type { ReadableStream } from 'node:stream/web';
import type { Answer } from './answer.js';

/** A standard `Response` with the status and headers of an answer and the body given. */
export function fetchResponse(
  { status, headers, hasBody }: Pick<Answer, 'status' | 'headers' | 'hasBody'>,
  body: Uint8Array | ReadableStream<Uint8Array> | null,
): Response {
  const pairs: [string, string][] = [];
  for (const [name, value] of Object.entries(headers))
    if (typeof value === 'string') pairs.push([name, value]);
    else for (const one of value ?? []) pairs.push([name, one]);
  return new Response(hasBody ? body : null, { status, headers: pairs });
}
