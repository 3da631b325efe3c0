import type { Readable } from 'node:stream';
import { NetworkError, ResponseTooLargeError } from '../errors.js';

/** Reads a body to its end. Stops, and closes the connection, at the first byte beyond `maxBytes`. */
export function limitedBody(body: Readable, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (body.destroyed && !body.readableEnded) return reject(body.errored ?? brokenOff());
    if (body.readableEnded) return resolve(Buffer.alloc(0));
    const chunks: Buffer[] = [];
    let size = 0;
    body.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) return void chunks.push(chunk);
      reject(bodyTooLarge(maxBytes));
      body.destroy();
    });
    body.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    body.on('error', reject);
    body.on('close', () => {
      if (!body.readableEnded) reject(brokenOff());
    });
  });
}

/** The error for a body beyond its cap. */
export function bodyTooLarge(maxBytes: number): ResponseTooLargeError {
  return new ResponseTooLargeError(
    `The body is larger than ${maxBytes} bytes; raise maxBodyBytes if that is right`,
  );
}

function brokenOff(): NetworkError {
  return new NetworkError('The body broke off; try again', { reason: 'reset', maybeProcessed: true });
}
