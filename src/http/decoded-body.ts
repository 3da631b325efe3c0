import { pipeline, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { TransportResponse } from './transport.js';

const DECODERS = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/**
 * Undoes the content coding (RFC 9110, 8.4.1), so that caps count what a reader would hold in memory. Unknown codings
 * stay as they are, with their header.
 */
export function decodedBody(response: TransportResponse): TransportResponse {
  const coding = response.headers['content-encoding'];
  if (coding === undefined) return response;
  const decoder = typeof coding === 'string' ? DECODERS.get(coding.trim().toLowerCase())?.() : undefined;
  if (!decoder) return response;
  const headers = { ...response.headers };
  delete headers['content-encoding'];
  delete headers['content-length'];
  // A failure on either side destroys both; whoever reads the decoder sees it.
  return { ...response, headers, body: pipeline(response.body, decoder, () => undefined) };
}
