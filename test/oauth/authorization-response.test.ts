import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AccessDeniedError,
  AuthorizationResponseError,
  AuthorizationServerError,
  InvalidClientError,
  InvalidRequestError,
  InvalidScopeError,
  IssuerMismatchError,
  isWebexAuthError,
  LoginRequiredError,
  StateMismatchError,
  UnauthorizedClientError,
} from '../../src/errors.js';
import { readAuthorizationResponse } from '../../src/oauth/authorization-response.js';
import type { AuthorizationServer } from '../../src/oauth/authorization-server.js';

const server: AuthorizationServer = {
  issuer: 'https://idp.example',
  authorizationEndpoint: 'https://idp.example/authorize',
  tokenEndpoint: 'https://idp.example/token',
};
const announcing: AuthorizationServer = { ...server, issParameterSupported: true };
const transaction = {
  state: 'S'.repeat(43),
  codeVerifier: 'V'.repeat(43),
  redirectUri: 'https://app.example/callback',
  scope: ['spark:kms'],
  issuer: server.issuer,
  createdAt: 0,
};
const s = `state=${transaction.state}`;
const iss = `iss=${encodeURIComponent(server.issuer)}`;
const read = (query: string, asked = server): { code: string } =>
  readAuthorizationResponse(new URLSearchParams(query), { server: asked, clientId: 'C1', transaction });

const good: [query: string, code: string][] = [
  [`code=abc&${s}`, 'abc'],
  [`${s}&code=abc`, 'abc'],
  [`?code=abc&${s}`, 'abc'],
  [`code=abc&${s}&${iss}`, 'abc'],
  [`code=a%2Bb%2Fc%3D&${s}`, 'a+b/c='],
  [`code=${'x'.repeat(4096)}&${s}`, 'x'.repeat(4096)],
  [`code=abc&${s}&session_state=1&session_state=2`, 'abc'],
  [`code=abc&${s}&scope=spark%3Akms`, 'abc'],
  [`code=abc&${s}&__proto__=x&constructor=y`, 'abc'],
];

type ErrorClass = new (...options: never[]) => Error;
const refused: [query: string, error: ErrorClass, asked?: AuthorizationServer][] = [
  // repeated
  [`code=a&code=b&${s}`, AuthorizationResponseError],
  [`code=a&code=a&${s}`, AuthorizationResponseError],
  [`code=a&${s}&${s}`, AuthorizationResponseError],
  [`code=a&${s}&state=other`, AuthorizationResponseError],
  [`code=a&state=other&${s}`, AuthorizationResponseError],
  [`code=a&state=&${s}`, AuthorizationResponseError],
  [`code=a&${s}&${iss}&${iss}`, AuthorizationResponseError],
  [`code=a&${s}&${iss}&iss=https://evil.example`, AuthorizationResponseError],
  [`error=access_denied&error=server_error&${s}`, AuthorizationResponseError],
  [`error=access_denied&error_description=a&error_description=b&${s}`, AuthorizationResponseError],
  [`error=access_denied&error_uri=a&error_uri=b&${s}`, AuthorizationResponseError],
  [`code=&code=a&${s}`, AuthorizationResponseError],
  [`code=a&code&${s}`, AuthorizationResponseError],
  // structured names
  [`code[]=a&${s}`, AuthorizationResponseError],
  [`code[]=a&code[]=b&${s}`, AuthorizationResponseError],
  [`code[0]=a&${s}`, AuthorizationResponseError],
  [`code%5B%5D=a&${s}`, AuthorizationResponseError],
  [`code=a&code[]=b&${s}`, AuthorizationResponseError],
  [`code=a&code.x=b&${s}`, AuthorizationResponseError],
  [`code=a&${s}&state[]=x`, AuthorizationResponseError],
  [`code=a&state[]=${transaction.state}`, AuthorizationResponseError],
  [`code=a&state[x]=${transaction.state}`, AuthorizationResponseError],
  [`code=a&${s}&iss[]=https://idp.example`, AuthorizationResponseError],
  [`error[]=access_denied&${s}`, AuthorizationResponseError],
  // mixed
  [`code=a&error=access_denied&${s}`, AuthorizationResponseError],
  [`code=a&error=&${s}`, AuthorizationResponseError],
  [`code=&error=access_denied&${s}`, AuthorizationResponseError],
  [`code=a&access_token=t&${s}`, AuthorizationResponseError],
  [`access_token=t&token_type=bearer&${s}`, AuthorizationResponseError],
  [`code=a&id_token=t&${s}`, AuthorizationResponseError],
  [`code=a&token=t&${s}`, AuthorizationResponseError],
  [`response=eyJ.e30.x&${s}`, AuthorizationResponseError],
  // state
  [`code=a`, StateMismatchError],
  [`code=a&state=`, StateMismatchError],
  [`code=a&state=${'S'.repeat(42)}`, StateMismatchError],
  [`code=a&state=${'S'.repeat(44)}`, StateMismatchError],
  [`code=a&state=${'s'.repeat(43)}`, StateMismatchError],
  [`code=a&${s}%20`, StateMismatchError],
  [`code=a&%20${s}`, StateMismatchError],
  [`code=a&${s}%00`, StateMismatchError],
  [`code=a&STATE=${transaction.state}`, StateMismatchError],
  [`code=a&state=${'%F0%9F%98%80'.repeat(20)}`, StateMismatchError],
  [`code=a&state=%FF`, StateMismatchError],
  [`error=access_denied`, StateMismatchError],
  [`error=access_denied&state=other`, StateMismatchError],
  [`code=a&state=other&iss=https://evil.example`, StateMismatchError],
  [``, StateMismatchError],
  // issuer
  [`code=a&${s}&iss=https://evil.example`, IssuerMismatchError],
  [`code=a&${s}&iss=`, IssuerMismatchError],
  [`code=a&${s}&${iss}%2F`, IssuerMismatchError],
  [`code=a&${s}&iss=HTTPS://idp.example`, IssuerMismatchError],
  [`code=a&${s}`, IssuerMismatchError, announcing],
  [`error=access_denied&${s}`, IssuerMismatchError, announcing],
  [`code=a&${s}&${iss}`, IssuerMismatchError, { ...server, issuer: 'https://other.example' }],
  [`code=a&${s}`, IssuerMismatchError, { ...server, issuer: 'https://other.example' }],
  // errors
  [`error=access_denied&${s}`, AccessDeniedError],
  [`error=access_denied&error_description=x&error_uri=y&${s}&${iss}`, AccessDeniedError],
  [`error=invalid_scope&${s}`, InvalidScopeError],
  [`error=login_required&${s}`, LoginRequiredError],
  [`error=interaction_required&${s}`, LoginRequiredError],
  [`error=consent_required&${s}`, LoginRequiredError],
  [`error=unauthorized_client&${s}`, UnauthorizedClientError],
  [`error=invalid_client&${s}`, InvalidClientError],
  [`error=invalid_request&${s}`, InvalidRequestError],
  [`error=unsupported_response_type&${s}`, InvalidRequestError],
  [`error=server_error&${s}`, AuthorizationServerError],
  [`error=temporarily_unavailable&${s}`, AuthorizationServerError],
  [`error=never_heard_of&${s}`, AuthorizationServerError],
  [`error=&${s}`, AuthorizationServerError],
  [`error=constructor&${s}`, AuthorizationServerError],
  // no code
  [s, AuthorizationResponseError],
  [`code=&${s}`, AuthorizationResponseError],
  [`code&${s}`, AuthorizationResponseError],
  [`Code=a&${s}`, AuthorizationResponseError],
  [`code=${'x'.repeat(4097)}&${s}`, AuthorizationResponseError],
];

describe('readAuthorizationResponse', () => {
  test.each(good)('reads %s', (query, code) => expect(read(query)).toEqual({ code }));

  test('takes the announced issuer', () => {
    expect(read(`code=a&${s}&${iss}`, announcing)).toEqual({ code: 'a' });
  });

  test.each(refused)('A5, A6: refuses %s', (query, error, asked) => {
    expect(() => read(query, asked)).toThrow(error);
  });

  test('repeats nothing that the redirect said', () => {
    const canary = 'CANARYcanary0123456789';
    for (const [query, , asked] of refused) {
      const error = catchError(() => read(`${query}&error_description=${canary}&x=${canary}`, asked));
      expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain(canary);
      expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain(transaction.state);
    }
  });

  test('any query gives a code or a typed error, and a code only with the very state', () => {
    const name = fc.oneof(
      fc.constantFrom('code', 'state', 'iss', 'error', 'code[]', '__proto__'),
      fc.string(),
    );
    const value = fc.oneof(fc.constantFrom(transaction.state, server.issuer, 'abc', ''), fc.string());
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), (pairs) => {
        const query = new URLSearchParams(pairs);
        const result = catchError(() => read(query.toString()));
        if (isWebexAuthError(result)) return;
        expect(result).toEqual({ code: query.get('code') });
        expect(query.getAll('state')).toEqual([transaction.state]);
        expect(query.has('error')).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });
});

function catchError(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
