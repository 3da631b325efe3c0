import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  ClosedError,
  NetworkError,
  ProtocolError,
  ResponseTooLargeError,
  TimeoutError,
} from '../../src/errors.js';
import { networkError } from '../../src/http/network-error.js';

const origin = 'https://webexapis.com';
const failed = (code: string, syscall?: string): Error =>
  Object.assign(new Error('canary'), { code, syscall });

describe('networkError', () => {
  it.each([
    ['ENOTFOUND', 'getaddrinfo', 'dns', false],
    ['EAI_AGAIN', 'getaddrinfo', 'dns', false],
    ['ECONNREFUSED', 'connect', 'refused', false],
    ['EHOSTUNREACH', 'connect', 'refused', false],
    ['ETIMEDOUT', 'connect', 'other', false],
    ['ECONNRESET', 'connect', 'reset', false],
    ['UND_ERR_CONNECT_TIMEOUT', undefined, 'other', false],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', undefined, 'tls', false],
    ['CERT_HAS_EXPIRED', undefined, 'tls', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', undefined, 'tls', false],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', undefined, 'tls', false],
    ['ERR_SSL_WRONG_VERSION_NUMBER', undefined, 'tls', false],
    ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', undefined, 'tls', true],
    ['ECONNRESET', 'read', 'reset', true],
    ['EPIPE', 'write', 'reset', true],
    ['ETIMEDOUT', 'read', 'other', true],
    ['UND_ERR_SOCKET', undefined, 'reset', true],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', undefined, 'other', true],
    ['HPE_INVALID_CONSTANT', undefined, 'other', true],
    ['something odd', undefined, 'other', true],
  ] as const)('%s at %s is %s, maybe processed: %s', (code, syscall, reason, maybeProcessed) => {
    for (const error of [
      failed(code, syscall),
      new TypeError('fetch failed', { cause: failed(code, syscall) }),
    ])
      expect(networkError(error, origin)).toMatchObject({ code: 'NETWORK_ERROR', reason, maybeProcessed });
  });

  it('reads the first of several failed addresses', () => {
    const both = new AggregateError([failed('ECONNREFUSED', 'connect'), failed('ECONNREFUSED', 'connect')]);
    expect(networkError(both, origin)).toMatchObject({ reason: 'refused', maybeProcessed: false });
  });

  it.each([
    ['UND_ERR_DESTROYED', ClosedError],
    ['UND_ERR_HEADERS_OVERFLOW', ResponseTooLargeError],
    ['Z_DATA_ERROR', ProtocolError],
    ['ERR__ERROR_FORMAT_PADDING_1', ProtocolError],
  ])('%s has a class of its own', (code, type) => {
    expect(networkError(failed(code), origin)).toBeInstanceOf(type);
  });

  it('lets our own errors pass and shows nothing of anything else', () => {
    const own = new TimeoutError('x');
    expect(networkError(own, origin)).toBe(own);
    for (const thrown of [
      failed('ECONNRESET'),
      Object.assign(failed('HPE_X'), { data: 'canary' }),
      'canary',
      null,
    ])
      expect(inspect(networkError(thrown, origin), { depth: Infinity, showHidden: true })).not.toContain(
        'canary',
      );
    expect(networkError(undefined, origin)).toBeInstanceOf(NetworkError);
  });
});
