import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as errors from '../../src/errors.js';
import { isWebexAuthError } from '../../src/errors.js';
import { clientSecretPost } from '../../src/oauth/client-authentication.js';
import { presentRefreshToken } from '../../src/oauth/grants/refresh-token.js';
import { outcomeOf } from '../../src/oauth/outcome.js';
import { TokenEndpoint } from '../../src/oauth/token-endpoint.js';
import { TokenSet } from '../../src/oauth/token-set.js';
import { webexNormaliser } from '../../src/platform/quirks.js';
import { fakeClock } from '../support/fake-clock.js';
import { fakeFetch, json } from '../support/fake-fetch.js';
import { cases } from '../support/cases.js';

const SECRET = 'canary-client-secret-0123456789';
const PRESENTED = 'canary-refresh-token-0123456789';
const TRACKING = 'ROUTER_6A1F-01BB';
const SENT = 'webex-auth_6f0c2a8e-53f4-4f0e-8f59-1c2b7a9d0e11_8';
const clock = fakeClock();
const server = {
  issuer: 'https://idp.example',
  authorizationEndpoint: 'https://idp.example/authorize',
  tokenEndpoint: 'https://idp.example/token',
};
const presented = new TokenSet({ accessToken: 'AT1', refreshToken: PRESENTED, issuedAt: 0 });

function failure(
  answer: () => Response | Promise<Response>,
  { signal, quirks = false }: { signal?: AbortSignal; quirks?: boolean } = {},
): Promise<unknown> {
  const { fetch } = fakeFetch(answer);
  const endpoint = new TokenEndpoint({
    server,
    clientId: 'C1',
    authenticate: clientSecretPost(SECRET),
    fetch,
    clock,
    ...(quirks && { normalise: webexNormaliser }),
  });
  return presentRefreshToken(endpoint, presented, { signal }).catch((error: unknown) => error);
}
const printed = (value: unknown): string =>
  `${inspect(value, { showHidden: true, depth: Infinity })} ${String(value)} ${JSON.stringify(value)}`;
const text = (body: string | null, status: number, headers: Record<string, string> = {}): Response =>
  new Response(body, { status, headers });
const html = '<html><body>Sign in to the guest network</body></html>';

// F7: status and shape (webex-facts 4.1, A–E) → error → what it says of the presented token.
const table: [name: string, answer: () => Response, code: string, outcome: string][] = [
  ['400 invalid_grant', () => json({ error: 'invalid_grant' }, 400), 'INVALID_GRANT', 'verdict'],
  ['401 invalid_grant', () => json({ error: 'invalid_grant' }, 401), 'INVALID_GRANT', 'verdict'],
  ['400 invalid_client', () => json({ error: 'invalid_client' }, 400), 'INVALID_CLIENT', 'client'],
  ['401 invalid_client', () => json({ error: 'invalid_client' }, 401), 'INVALID_CLIENT', 'client'],
  ['400 invalid_request', () => json({ error: 'invalid_request' }, 400), 'INVALID_REQUEST', 'refused'],
  ['400 invalid_scope', () => json({ error: 'invalid_scope' }, 400), 'INVALID_SCOPE', 'refused'],
  [
    '400 unauthorized_client',
    () => json({ error: 'unauthorized_client' }, 400),
    'UNAUTHORIZED_CLIENT',
    'refused',
  ],
  [
    '400 unsupported_grant_type',
    () => json({ error: 'unsupported_grant_type' }, 400),
    'UNSUPPORTED_GRANT_TYPE',
    'refused',
  ],
  ['400 unknown code', () => json({ error: 'constructor' }, 400), 'PROTOCOL_ERROR', 'refused'],
  ['400 code of a wrong type', () => json({ error: ['invalid_grant'] }, 400), 'PROTOCOL_ERROR', 'refused'],
  [
    '400 shape A',
    () => json({ message: 'No.', errors: [{ description: 'No.' }] }, 400),
    'PROTOCOL_ERROR',
    'refused',
  ],
  ['400 shape C', () => json({ code: 400, message: 'No.' }, 400), 'PROTOCOL_ERROR', 'refused'],
  ['400 shape D', () => json({ errors: [{ key: 'x' }] }, 400), 'PROTOCOL_ERROR', 'refused'],
  ['400 HTML', () => text(html, 400), 'PROTOCOL_ERROR', 'refused'],
  ['400 empty', () => text(null, 400), 'PROTOCOL_ERROR', 'refused'],
  ['401 empty', () => text(null, 401), 'UNAUTHORIZED', 'client'],
  [
    '401 shape A',
    () => json({ message: 'The request requires a valid access token.' }, 401),
    'UNAUTHORIZED',
    'client',
  ],
  ['403 anything', () => json({ error: 'invalid_grant' }, 403), 'FORBIDDEN', 'refused'],
  ['404', () => json({ error: 'invalid_grant' }, 404), 'PROTOCOL_ERROR', 'refused'],
  ['405', () => text(null, 405), 'PROTOCOL_ERROR', 'refused'],
  ['408', () => text(null, 408), 'PROTOCOL_ERROR', 'refused'],
  ['428', () => json({ message: 'pending' }, 428), 'PROTOCOL_ERROR', 'refused'],
  ['429 empty', () => text(null, 429), 'RATE_LIMITED', 'refused'],
  ['429 with invalid_grant', () => json({ error: 'invalid_grant' }, 429), 'RATE_LIMITED', 'refused'],
  ['500', () => json({ error: 'invalid_grant' }, 500), 'SERVICE_UNAVAILABLE', 'refused'],
  ['502 HTML', () => text(html, 502), 'SERVICE_UNAVAILABLE', 'unknown'],
  ['503', () => text(null, 503), 'SERVICE_UNAVAILABLE', 'refused'],
  ['504', () => text(null, 504), 'SERVICE_UNAVAILABLE', 'unknown'],
  ['302', () => text(null, 302, { location: 'https://evil.example/' }), 'PROTOCOL_ERROR', 'refused'],
  ['307', () => text(null, 307, { location: 'https://evil.example/' }), 'PROTOCOL_ERROR', 'refused'],
  ['200 HTML', () => text(html, 200), 'PROTOCOL_ERROR', 'unknown'],
  ['200 empty', () => text('', 200), 'PROTOCOL_ERROR', 'unknown'],
  ['204', () => text(null, 204), 'PROTOCOL_ERROR', 'unknown'],
  ['200 truncated', () => text('{"access_token":"AT2","refresh_tok', 200), 'PROTOCOL_ERROR', 'unknown'],
  [
    '200 trailing garbage',
    () => text('{"access_token":"A","token_type":"bearer"}x', 200),
    'PROTOCOL_ERROR',
    'unknown',
  ],
  ['200 null', () => text('null', 200), 'PROTOCOL_ERROR', 'unknown'],
  ['200 array', () => text('[{"access_token":"A"}]', 200), 'PROTOCOL_ERROR', 'unknown'],
  ['200 string', () => text('"AT2"', 200), 'PROTOCOL_ERROR', 'unknown'],
  ['200 deep', () => text('['.repeat(1e5) + ']'.repeat(1e5), 200), 'PROTOCOL_ERROR', 'unknown'],
  [
    '200 deep member',
    () => text(`{"access_token":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, 200),
    'PROTOCOL_ERROR',
    'unknown',
  ],
  ['200 error', () => json({ error: 'invalid_grant' }), 'PROTOCOL_ERROR', 'unknown'],
  [
    '200 inherited member',
    () => text('{"__proto__":{"access_token":"A","token_type":"bearer"}}', 200),
    'PROTOCOL_ERROR',
    'unknown',
  ],
];

describe('errors of the token endpoint', () => {
  test.each(table)('F3, F7: %s', async (_name, answer, code, outcome) => {
    const error = await failure(() => {
      const response = answer();
      response.headers.set('TrackingID', TRACKING);
      return Object.assign(response, { trackingId: SENT });
    });
    const { status } = answer();
    // What a 2xx answer holds may be a token that was just issued.
    expect(error).toMatchObject({ code, status, trackingId: status < 300 ? SENT : TRACKING });
    expect(outcomeOf(error)).toBe(outcome);
    expect((error as Error).cause).toBeUndefined();
  });

  test.each([
    [{ 'retry-after': '60' }, 60_000],
    [{ 'retry-after': 'Thu, 01 Jan 2026 01:00:30 GMT', date: 'Thu, 01 Jan 2026 01:00:00 GMT' }, 30_000],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': '3, 7' }, undefined],
    [{}, undefined],
  ])('G1, G2: retryAt from %j', async (headers, ms) => {
    for (const status of [429, 503]) {
      const error = await failure(() => text(null, status, headers));
      expect(error).toMatchObject({ status, retryAt: ms === undefined ? undefined : clock.now() + ms });
    }
  });

  test.each([
    ['of the header', json({ trackingId: 'BODY_1' }, 400, { trackingid: 'HEAD_1' }), 'HEAD_1'],
    ['of the body', json({ trackingId: 'BODY_1' }, 400), 'BODY_1'],
    ['with control characters', json({ trackingId: 'A\u001b[31m' }, 400), undefined],
    ['of great length', json({ trackingId: 'x'.repeat(129) }, 400), undefined],
    ['that is no string', json({ trackingId: { a: 1 } }, 400), undefined],
  ])('the tracking id %s', async (_name, response, trackingId) => {
    expect(await failure(() => response)).toMatchObject({ trackingId });
  });

  test('of the wire pass through when they are ours, and lose their cause when they are not', async () => {
    const ours = new errors.TimeoutError('too late');
    expect(await failure(() => Promise.reject(ours))).toBe(ours);
    const foreign = Object.assign(new Error(`POST client_secret=${SECRET}`), { request: PRESENTED });
    const error = await failure(() => Promise.reject(foreign));
    expect(error).toMatchObject({ code: 'NETWORK_ERROR', reason: 'other', maybeProcessed: true });
    expect(printed(error)).not.toContain('canary');
    const broken = new Response(new ReadableStream({ pull: (body) => body.error(foreign) }));
    const cut = await failure(() => broken);
    expect(cut).toMatchObject({ code: 'NETWORK_ERROR', maybeProcessed: true });
    expect(printed(cut)).not.toContain('canary');
  });

  test('an abort gives the reason of the one who aborted', async () => {
    const reason = new errors.TimeoutError('deadline');
    let called = 0;
    const before = AbortSignal.abort(reason);
    expect(await failure(() => (called++, json({})), { signal: before })).toBe(reason);
    expect(called).toBe(0);
    const during = new AbortController();
    const hang = (): Promise<Response> => {
      during.abort(reason);
      return Promise.reject(new DOMException('This operation was aborted', 'AbortError'));
    };
    expect(await failure(hang, { signal: during.signal })).toBe(reason);
  });

  test('B2: a server that echoes secrets everywhere does not get them into an error', async () => {
    const echo = `${PRESENTED} ${SECRET}`;
    for (const status of [200, 302, 400, 401, 403, 404, 429, 500, 502]) {
      const body = {
        error: echo,
        error_description: echo,
        error_uri: echo,
        message: echo,
        trackingId: `ROUTER_${SECRET}`,
      };
      for (const answer of [body, { ...body, error: 'invalid_grant' }]) {
        const error = await failure(() => json(answer, status, { trackingid: PRESENTED }));
        expect(isWebexAuthError(error)).toBe(true);
        expect(printed(error)).not.toContain('canary');
      }
    }
  });

  const answers = cases({ commit: 3_000, nightly: 50_000 });
  test(
    'F8: any answer gives a token set or a typed error, and no secret in it',
    answers.options,
    async () => {
      const name = fc.oneof(
        fc.constantFrom('access_token', 'token_type', 'expires_in', 'refresh_token', 'scope', 'id_token'),
        fc.constantFrom('error', 'message', 'errors', 'trackingId', '__proto__', 'constructor', 'toString'),
        fc.string(),
      );
      const value = fc.oneof(
        fc.constantFrom('AT2', 'Bearer', 3600, PRESENTED, SECRET, 'invalid_grant', 'invalid_request', 1e999),
        fc.jsonValue(),
      );
      const body = fc.oneof(
        fc.array(fc.tuple(name, value), { maxLength: 10 }).map(
          // Written by hand: duplicate keys and __proto__ as a server may send them.
          (members) =>
            `{${members.map(([key, one]) => `${JSON.stringify(key)}:${JSON.stringify(one)}`).join(',')}}`,
        ),
        fc.json(),
        fc.string(),
      );
      const status = fc.constantFrom(200, 200, 200, 201, 302, 400, 400, 401, 403, 404, 429, 500, 502);
      const retryAfter = fc.oneof(fc.constant('5'), fc.stringMatching(/^[ -~]{0,20}$/));
      const before = Object.getOwnPropertyNames(Object.prototype);
      await fc.assert(
        fc.asyncProperty(body, status, retryAfter, fc.boolean(), async (sent, code, wait, quirks) => {
          const result = await failure(() => text(sent, code, { 'retry-after': wait }), { quirks });
          if (result instanceof TokenSet) {
            expect(result.accessToken).toMatch(/^[A-Za-z0-9._~+/-]+=*$/);
            expect(code).toBeLessThan(300);
            expect(result.expiresAt ?? 0).toBeLessThan(clock.now() + 4e11);
          } else {
            expect(isWebexAuthError(result)).toBe(true);
            expect((result as Error).cause).toBeUndefined();
            expect(printed(result)).not.toContain('canary');
          }
        }),
        { numRuns: answers.count },
      );
      expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
    },
  );
});
