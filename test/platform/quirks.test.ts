import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EndpointAnswer } from '../../src/oauth/endpoint-answer.js';
import { errorOfAnswer } from '../../src/oauth/endpoint-error.js';
import { outcomeOf } from '../../src/oauth/outcome.js';
import { webexNormaliser } from '../../src/platform/quirks.js';

type Body = EndpointAnswer['body'];
const answer = (status: number, body: Body): EndpointAnswer => ({
  status,
  body,
  trackingId: 'ROUTER_1',
  retryAt: undefined,
  receivedAt: 0,
});
const refresh = { grantType: 'refresh_token', purpose: 'refresh' } as const;
const exchange = { grantType: 'authorization_code', purpose: 'sign-in' } as const;
const device = {
  grantType: 'urn:ietf:params:oauth:grant-type:device_code',
  purpose: 'sign-in',
} as const;
const gateway = (text: string): Body => ({
  message: text,
  errors: [{ description: text }],
  trackingId: 'ROUTER_1',
});
const DEAD = 'The refresh token provided is expired, revoked, malformed, or invalid.';

describe('webexNormaliser', () => {
  test.each([
    // [what came, status, body, code on a refresh, code at a code exchange]
    ['broker, dead refresh token', 400, { error: 'invalid_request' }, 'INVALID_GRANT', 'INVALID_REQUEST'],
    ['broker, by the book', 400, { error: 'invalid_grant' }, 'INVALID_GRANT', 'INVALID_GRANT'],
    ['broker, wrong secret', 401, { error: 'invalid_client' }, 'INVALID_CLIENT', 'INVALID_CLIENT'],
    ['broker, wrong scope', 400, { error: 'invalid_scope' }, 'INVALID_SCOPE', 'INVALID_SCOPE'],
    ['gateway, dead refresh token', 400, gateway(DEAD), 'INVALID_GRANT', 'INVALID_GRANT'],
    ['gateway, dead refresh token at 401', 401, gateway(DEAD), 'INVALID_GRANT', 'INVALID_GRANT'],
    [
      'the text in the errors only',
      400,
      { errors: [{ description: DEAD.slice(0, -1) }] },
      'INVALID_GRANT',
      'INVALID_GRANT',
    ],
    ['the code as text', 400, gateway('invalid_client'), 'INVALID_CLIENT', 'INVALID_CLIENT'],
    ['the code as text, dead token', 400, gateway('invalid_request'), 'INVALID_GRANT', 'INVALID_REQUEST'],
    [
      'unauthorized_client as text',
      400,
      gateway('unauthorized_client'),
      'UNAUTHORIZED_CLIENT',
      'UNAUTHORIZED_CLIENT',
    ],
    ['gateway, wrong secret', 401, gateway('Invalid client credentials'), 'INVALID_CLIENT', 'INVALID_CLIENT'],
    [
      'gateway, wrong secret, second text',
      401,
      gateway('The provided clientSecret is invalid'),
      'INVALID_CLIENT',
      'INVALID_CLIENT',
    ],
    ['gateway, wrong client id', 400, gateway('Client Id is invalid'), 'INVALID_CLIENT', 'INVALID_CLIENT'],
    ['too many tokens', 400, gateway('tokenlimit_reached'), 'TOKEN_LIMIT_REACHED', 'TOKEN_LIMIT_REACHED'],
    ['access denied', 400, { error: 'access_denied' }, 'ACCESS_DENIED', 'ACCESS_DENIED'],
    ['428 is no answer here', 428, { error: 'invalid_grant' }, 'PROTOCOL_ERROR', 'PROTOCOL_ERROR'],
    ['gateway, a text not listed', 400, gateway('Something else'), 'PROTOCOL_ERROR', 'INVALID_GRANT'],
    ['gateway, a lone 401', 401, gateway('Something else'), 'UNAUTHORIZED', 'UNAUTHORIZED'],
    ['a sentence around a listed text', 400, gateway(`Not: ${DEAD}`), 'PROTOCOL_ERROR', 'INVALID_GRANT'],
    ['shape D', 400, { errors: [{ key: 'x' }] }, 'PROTOCOL_ERROR', 'PROTOCOL_ERROR'],
    ['no object', 400, undefined, 'PROTOCOL_ERROR', 'PROTOCOL_ERROR'],
    ['invalid_request at 401', 401, { error: 'invalid_request' }, 'INVALID_REQUEST', 'INVALID_REQUEST'],
    ['403 with a listed text', 403, gateway(DEAD), 'FORBIDDEN', 'FORBIDDEN'],
    ['429 with a listed text', 429, gateway(DEAD), 'RATE_LIMITED', 'RATE_LIMITED'],
    ['503 with a listed text', 503, gateway(DEAD), 'SERVICE_UNAVAILABLE', 'SERVICE_UNAVAILABLE'],
  ] as const)('%s', (_name, status, body, onRefresh, onExchange) => {
    const refreshed = errorOfAnswer(webexNormaliser(answer(status, body), refresh));
    expect(refreshed).toMatchObject({ code: onRefresh, status, trackingId: 'ROUTER_1' });
    expect(outcomeOf(refreshed) === 'verdict').toBe(onRefresh === 'INVALID_GRANT');
    expect(errorOfAnswer(webexNormaliser(answer(status, body), exchange)).code).toBe(onExchange);
  });

  test.each([
    // [what came to a device, status, body, code]
    ['pending, shape A', 428, gateway('Precondition Required'), 'AUTHORIZATION_PENDING'],
    ['pending, the code as text', 428, gateway('authorization_pending'), 'AUTHORIZATION_PENDING'],
    ['pending, another code beside it', 428, { error: 'invalid_grant' }, 'AUTHORIZATION_PENDING'],
    ['pending, no object', 428, undefined, 'AUTHORIZATION_PENDING'],
    ['pending by the book', 400, { error: 'authorization_pending' }, 'AUTHORIZATION_PENDING'],
    [
      'pending, in the errors',
      400,
      { errors: [{ description: 'authorization_pending' }] },
      'AUTHORIZATION_PENDING',
    ],
    ['pending, in the message', 400, { message: 'authorization_pending' }, 'AUTHORIZATION_PENDING'],
    ['slow down by the book', 400, { error: 'slow_down' }, 'SLOW_DOWN'],
    ['slow down, in the errors', 400, { errors: [{ description: 'slow_down' }] }, 'SLOW_DOWN'],
    ['slow down, in the message', 400, { message: 'Slow_Down.' }, 'SLOW_DOWN'],
    ['429 stays 429', 429, { error: 'slow_down' }, 'RATE_LIMITED'],
    ['expired', 400, { error: 'expired_token' }, 'DEVICE_CODE_EXPIRED'],
    ['expired, in the message', 400, gateway('expired_token'), 'DEVICE_CODE_EXPIRED'],
    ['denied', 400, { errors: [{ description: 'access_denied' }] }, 'ACCESS_DENIED'],
    ['too many tokens', 400, { errors: [{ description: 'tokenlimit_reached' }] }, 'TOKEN_LIMIT_REACHED'],
    ['used up', 400, gateway('invalid_grant'), 'INVALID_GRANT'],
    ['malformed stays malformed', 400, gateway('invalid_request'), 'INVALID_REQUEST'],
    ['wrong client id', 400, gateway('Client Id is invalid'), 'INVALID_CLIENT'],
    ['helper addresses missing', 400, gateway('The redirect_uri is not registered'), 'UNAUTHORIZED_CLIENT'],
    [
      'helper addresses missing, broker',
      400,
      { error: 'invalid_request', error_description: 'redirect_uri missing' },
      'UNAUTHORIZED_CLIENT',
    ],
    ['a text not listed', 400, gateway('Something else'), 'PROTOCOL_ERROR'],
  ] as const)('device: %s', (_name, status, body, code) => {
    const error = errorOfAnswer(webexNormaliser(answer(status, body), device));
    expect(error).toMatchObject({ code, status, trackingId: 'ROUTER_1' });
  });

  test.each([
    [200, { access_token: 'A' }, 'Bearer'],
    [200, { access_token: 'A', token_type: null }, 'Bearer'],
    [201, { access_token: 'A', token_type: '' }, 'Bearer'],
    [200, { access_token: 'A', token_type: 'mac' }, 'mac'],
    [400, { message: 'x' }, undefined],
  ])('%i %j: token_type %s', (status, body, type) => {
    expect(webexNormaliser(answer(status, body), refresh).body?.['token_type']).toBe(type);
  });

  test('changes nothing but the body, never its argument, and never throws', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    fc.assert(
      fc.property(
        fc.constantFrom(200, 302, 400, 401, 403, 428, 429, 500),
        fc.option(
          fc.dictionary(
            fc.oneof(
              fc.constantFrom('message', 'errors', 'error', 'error_description', '__proto__'),
              fc.string(),
            ),
            fc.jsonValue(),
          ),
          {
            nil: undefined,
          },
        ),
        fc.constantFrom(refresh, exchange, device),
        (status, body, context) => {
          const given = answer(status, body);
          const copy = structuredClone(given);
          expect({ ...webexNormaliser(given, context), body: undefined }).toEqual({
            ...given,
            body: undefined,
          });
          expect(given).toEqual(copy);
          // Twice is the same as once.
          const once = webexNormaliser(given, context);
          expect(webexNormaliser(once, context)).toEqual(once);
        },
      ),
      { numRuns: 1_000 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });
});
