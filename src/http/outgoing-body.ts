import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { ConfigurationError } from '../errors.js';
import type { RequestBody } from './transport.js';

/** A body as callers give it. */
export type BodyInput = RequestBody | ArrayBuffer | URLSearchParams | FormData | Blob;

/** A body ready to be sent. */
export interface OutgoingBody {
  body: RequestBody;
  /** The media type that the kind of body implies. */
  contentType: string | undefined;
  /** Whether the very same bytes can be sent again. */
  replayable: boolean;
}

/** Whether a value is one of the kinds of body that HTTP knows, rather than data to be written as JSON. */
export function isBodyInput(value: unknown): value is BodyInput {
  return (
    typeof value === 'string' ||
    value instanceof Uint8Array ||
    value instanceof ArrayBuffer ||
    value instanceof Readable ||
    value instanceof ReadableStream ||
    value instanceof URLSearchParams ||
    value instanceof FormData ||
    value instanceof Blob
  );
}

/** Readies a body for the transport. Errors: `ConfigurationError` for what is none. */
export function outgoingBody(input: BodyInput): OutgoingBody {
  if (typeof input === 'string')
    return { body: input, contentType: 'text/plain;charset=UTF-8', replayable: true };
  if (input instanceof Uint8Array) return { body: input, contentType: undefined, replayable: true };
  if (input instanceof ArrayBuffer)
    return { body: new Uint8Array(input), contentType: undefined, replayable: true };
  if (input instanceof Readable || input instanceof ReadableStream)
    return { body: input, contentType: undefined, replayable: false };
  if (!isBodyInput(input))
    throw new ConfigurationError([
      {
        setting: 'body',
        problem:
          'is no text, bytes, stream, form or blob; write JSON yourself, or call request, post, put or patch',
      },
    ]);
  // Response does what fetch would do with forms and blobs: boundary, media type, stream.
  const encoded = new Response(input);
  const contentType = encoded.headers.get('content-type') ?? undefined;
  if (input instanceof URLSearchParams) return { body: input.toString(), contentType, replayable: true };
  return { body: encoded.body as ReadableStream<Uint8Array>, contentType, replayable: false };
}
