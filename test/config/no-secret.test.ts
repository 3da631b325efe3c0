import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PLACES, read } from './credential-cases.js';
import { ConfigurationError } from '../../src/errors.js';

describe('no secret', () => {
  // Each half of a secret carries the mark, so that half of one is found, too.
  const MARK = 'QZ7x';
  const secret = fc
    .tuple(
      fc.stringMatching(/^[A-Za-z0-9]{0,20}$/),
      fc.constantFrom('', ' ', '\n', '"', 'é', '%', '#', '?', '='),
    )
    .map(([text, odd]) => `${MARK}${text}${odd}${MARK}${text}`);

  const shape = fc.record({
    place: fc.constantFrom(...PLACES.map(([, place]) => place)),
    token: secret,
    other: secret,
    env: fc.dictionary(
      fc.constantFrom(
        'WEBEX_ACCESS_TOKEN',
        'WEBEX_CLIENT_ID',
        'WEBEX_CLIENT_SECRET',
        'CLIENT_SECRET',
        'AUTHORIZATION_STRING',
        'WEBEX_AUTHORIZATION_STRING',
        'WEBEX_REDIRECT_URI',
        'IDENTITY_BASE_URL',
      ),
      secret,
    ),
    credentials: fc.dictionary(
      fc.constantFrom(
        'access_token',
        'refresh_token',
        'client_secret',
        'clientSecret',
        'authorizationString',
        'redirect_uri',
        'guestIssuer',
        'scope',
        'cisService',
        'expires_in',
        'token_type',
        'jwtRefreshCallback',
      ),
      fc.oneof(secret, fc.array(secret, { maxLength: 2 }), fc.record({ issuer: secret, secret })),
    ),
  });

  it('is ever in an error, whatever was given', () => {
    let refused = 0;
    fc.assert(
      fc.property(shape, ({ place, token, other, env, credentials }) => {
        const placed = place(token);
        const source =
          typeof placed === 'string' ? placed : { supertoken: other, credentials, ...(placed as object) };
        try {
          read(source, env);
        } catch (error) {
          refused += 1;
          if (!(error instanceof ConfigurationError)) throw error;
          const told = inspect(error, { depth: 10 }) + JSON.stringify(error) + String(error);
          expect(told).not.toContain(MARK);
        }
      }),
      { numRuns: 200 },
    );
    expect(refused).toBeGreaterThan(50);
  });
});
