import type { Fault } from './faults.js';

/** The error shapes of webex-facts 4.1: A, B, C, D, and the two of E. */
export type ErrorBody = 'gateway' | 'oauth' | 'flat' | 'contactCenter' | 'html' | 'empty';

/**
 * Faults without a route, one for each shape in which errors come (webex-facts 4.1):
 * `faults.add({ route, ...errorBodies.flat })`, with a `status` of your own behind it if need be. Where there is a
 * tracking id, the field that mirrors it is spelled differently each time, as any spelling counts.
 */
export const errorBodies: Readonly<Record<ErrorBody, Omit<Fault, 'route'>>> = {
  gateway: answer(500, 'trackingID', 'ROUTER_5F3A9C10-01BB-4F2E-8D11-0A2B3C4D5E6F', (trackingId) => ({
    message: 'Something went wrong.',
    errors: [{ description: 'Something went wrong.' }],
    trackingId,
  })),
  oauth: {
    status: 400,
    body: { error: 'invalid_grant', error_description: 'The grant is not valid.' },
    headers: { 'Cache-Control': 'no-store', TRACKINGID: 'IDBROKER_0D5E6F70-11CC-4A3B-9E22-1B2C3D4E5F60' },
  },
  flat: answer(401, 'TrackingId', 'GTWY_7B2C4D6E-22DD-4B4C-8F33-2C3D4E5F6071', (trackingId) => ({
    code: 401,
    message: 'Unauthorized',
    trackingId,
  })),
  contactCenter: { status: 400, body: { errors: [{ key: 'bad.request' }] } },
  html: {
    status: 429,
    headers: { 'Content-Type': 'text/html' },
    body: '<html><head><title>429 Too Many Requests</title></head><body><h1>Too Many Requests</h1></body></html>',
  },
  empty: { status: 503 },
};

function answer(
  status: number,
  field: string,
  trackingId: string,
  bodyWith: (trackingId: string) => object,
): Omit<Fault, 'route'> {
  return { status, headers: { [field]: trackingId }, body: bodyWith(trackingId) };
}
