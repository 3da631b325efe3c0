import { describe, expect, test } from 'vitest';
import * as errors from '../../src/errors.js';
import { outcomeOf } from '../../src/oauth/outcome.js';

const network = (maybeProcessed: boolean) =>
  new errors.NetworkError('x', { reason: 'reset', maybeProcessed });

describe('outcomeOf', () => {
  test.each([
    ['verdict', new errors.InvalidGrantError('x', { status: 400 })],
    ['client', new errors.InvalidClientError('x', { status: 401 })],
    ['client', new errors.UnauthorizedError('x', { status: 401 })],
    ['not-sent', network(false)],
    ['not-sent', new errors.OriginNotAllowedError('x')],
    ['not-sent', new errors.ConfigurationError([])],
    ['unknown', network(true)],
    ['unknown', new errors.TimeoutError('x')],
    ['unknown', new errors.ResponseTooLargeError('x')],
    ['unknown', new errors.ServiceUnavailableError('x', { status: 502 })],
    ['unknown', new errors.ServiceUnavailableError('x', { status: 504 })],
    ['refused', new errors.ServiceUnavailableError('x', { status: 500 })],
    ['refused', new errors.ServiceUnavailableError('x', { status: 503 })],
    ['unknown', new errors.ProtocolError('x', { status: 200 })],
    ['unknown', new errors.ProtocolError('x', { status: 204 })],
    ['unknown', new errors.ProtocolError('x')],
    ['refused', new errors.ProtocolError('x', { status: 302 })],
    ['refused', new errors.ProtocolError('x', { status: 400 })],
    ['refused', new errors.ProtocolError('x', { status: 404 })],
    ['refused', new errors.ForbiddenError('x', { status: 403 })],
    ['refused', new errors.RateLimitError('x', { status: 429 })],
    ['refused', new errors.InvalidRequestError('x', { status: 400 })],
    ['refused', new errors.InvalidScopeError('x', { status: 400 })],
    ['refused', new errors.UnauthorizedClientError('x', { status: 400 })],
    ['refused', new errors.UnsupportedGrantTypeError('x', { status: 400 })],
    ['refused', new errors.AuthorizationPendingError('x', { status: 428 })],
    ['refused', new errors.SlowDownError('x', { status: 400 })],
    ['refused', new errors.DeviceCodeExpiredError('x', { status: 400 })],
    ['refused', new errors.AccessDeniedError('x', { status: 400 })],
    ['refused', new errors.TokenLimitError('x', { status: 400 })],
    ['unknown', new errors.StoreUnavailableError('x')],
    ['unknown', new Error('of someone else')],
    ['unknown', new DOMException('stop', 'AbortError')],
    ['unknown', undefined],
    ['unknown', null],
  ] as const)('%s: %s', (outcome, error) => expect(outcomeOf(error)).toBe(outcome));
});
