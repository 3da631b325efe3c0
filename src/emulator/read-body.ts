import type { MiddlewareHandler } from 'hono';
import { apiError } from './error-answer.js';
import type { EmulatorContext, EmulatorEnv } from './route.js';

const LONGEST_BODY = 1024 * 1024;

/** Reads the body of every request once, up to 1 MiB, for all who come later. */
export const readBody: MiddlewareHandler<EmulatorEnv> = async (context, next) => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const stream: ReadableStream<Uint8Array> | null = context.req.raw.body;
  for await (const chunk of stream ?? []) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length > LONGEST_BODY) return apiError(context, 413, 'The body is too long.');
  }
  context.set('body', Buffer.concat(chunks).toString());
  return next();
};

/** The body as JSON; undefined where it is none. */
export function jsonBody(context: EmulatorContext): unknown {
  try {
    return JSON.parse(context.get('body')) as unknown;
  } catch {
    return undefined;
  }
}
