import {
  ClosedError,
  isWebexAuthError,
  NetworkError,
  type NetworkFailure,
  ProtocolError,
  ResponseTooLargeError,
  type WebexAuthError,
} from '../errors.js';

const DNS = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  'ENODATA',
  'ESERVFAIL',
]);
const REFUSED = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EHOSTDOWN',
  'ENETDOWN',
]);
const RESET = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'UND_ERR_SOCKET',
  'ERR_STREAM_PREMATURE_CLOSE',
]);
const TLS =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH$|INVALID_(CA|PURPOSE)$|EPROTO$)/;
// Everything else under TLS is a failed handshake or certificate: the request was still to be sent.
const TLS_AFTER_HANDSHAKE =
  /BAD_RECORD_MAC|DECRYPT|CERTIFICATE_REQUIRED|ALERT_(INTERNAL_ERROR|CERTIFICATE|BAD_CERT)/;
const UNSENT = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_INVALID_ARG']);
const UNDECODABLE = /^(Z_|ERR__ERROR)/;

/**
 * What a carrier threw, as an error of this library. `maybeProcessed` is false only when it is certain that no byte of
 * the request reached the server. The original is not attached: parsers keep raw bytes of the answer in theirs.
 */
export function networkError(error: unknown, origin: string): WebexAuthError {
  if (isWebexAuthError(error)) return error;
  const { code, syscall } = innermost(error);
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED')
    return new ClosedError('The transport was closed');
  if (code === 'UND_ERR_HEADERS_OVERFLOW')
    return new ResponseTooLargeError(`${origin} sent more headers than are accepted`);
  if (UNDECODABLE.test(code)) return new ProtocolError(`${origin} sent a body that cannot be decompressed`);
  const reason = reasonOf(code, syscall);
  const unsent = reason === 'dns' || reason === 'refused' || syscall === 'connect' || UNSENT.has(code);
  const maybeProcessed = reason === 'tls' ? TLS_AFTER_HANDSHAKE.test(code) : !unsent;
  return new NetworkError(`No answer from ${origin}: ${code || 'the connection failed'}; ${ADVICE[reason]}`, {
    reason,
    maybeProcessed,
  });
}

const ADVICE: Record<NetworkFailure, string> = {
  dns: 'check the host name and the resolver',
  refused: 'check address, port and firewall',
  reset: 'try again',
  tls: 'check the certificate and the trusted authorities',
  other: 'try again',
};

function reasonOf(code: string, syscall: string): NetworkFailure {
  if (DNS.has(code) || syscall === 'getaddrinfo') return 'dns';
  if (REFUSED.has(code)) return 'refused';
  if (RESET.has(code)) return 'reset';
  return TLS.test(code) ? 'tls' : 'other';
}

// fetch wraps the error in `cause`; connecting to several addresses gives an aggregate.
function innermost(error: unknown): { code: string; syscall: string } {
  let found = { code: '', syscall: '' };
  for (let at = error, depth = 0; at instanceof Error && depth < 5; depth++) {
    const { code, syscall } = at as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(code))
      found = { code, syscall: typeof syscall === 'string' ? syscall : '' };
    at = at.cause ?? (at instanceof AggregateError ? (at.errors as unknown[])[0] : undefined);
  }
  return found;
}
