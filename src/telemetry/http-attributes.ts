import type { Attributes } from '@opentelemetry/api';
import type { RequestMessage } from '../base/tracing.js';
import { isKnownMethod } from './methods.js';

/** Where a request goes, in OpenTelemetry's words (HTTP semantic conventions): few values only, no path. */
export function requestAttributes({ method, origin }: RequestMessage): Attributes {
  return {
    'http.request.method': isKnownMethod(method) ? method : '_OTHER',
    ...serverAttributes(origin),
  };
}

function serverAttributes(origin: string): Attributes {
  const { hostname, port, protocol } = new URL(origin);
  return {
    'server.address': hostname.replace(/^\[|\]$/g, ''),
    'server.port': port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}

/** What came of it: `error.type` is the status from 400 on, else the code of the error. */
export function outcomeAttributes({ status, code }: RequestMessage): Attributes {
  const errorType = code ?? (status !== undefined && status >= 400 ? String(status) : undefined);
  return {
    ...(status !== undefined && { 'http.response.status_code': status }),
    ...(errorType !== undefined && { 'error.type': errorType }),
  };
}
