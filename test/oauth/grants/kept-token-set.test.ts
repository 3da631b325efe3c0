import { describe, expect, test } from 'vitest';
import { tokenSetFromCandidate } from '../../../src/oauth/grants/kept-token-set.js';
import { TokenSet } from '../../../src/oauth/token-set.js';

const now = 1_000_000;
const previous = new TokenSet({
  accessToken: 'AT1',
  refreshToken: 'RT1',
  refreshTokenExpiresAt: now + 5,
  scope: ['spark:kms'],
  issuedAt: 0,
});

describe('tokenSetFromCandidate', () => {
  test('makes a token set of both tokens, whatever else is odd', () => {
    const raw = { access_token: 'AT2', refresh_token: 'RT2', expires_in: '60', scope: 7, id_token: 'junk' };
    expect(tokenSetFromCandidate(raw, { previous, now })?.toData()).toEqual({
      accessToken: 'AT2',
      expiresAt: now + 60_000,
      refreshToken: 'RT2',
      refreshTokenExpiresAt: undefined,
      scope: ['spark:kms'],
      idToken: undefined,
      issuedAt: now,
    });
    expect(tokenSetFromCandidate({ ...raw, token_type: 'BEARER' }, { now })?.scope).toBeUndefined();
  });

  test.each([
    ['no access token', { refresh_token: 'RT2' }],
    ['an unusable access token', { access_token: 'A T', refresh_token: 'RT2' }],
    ['no refresh token', { access_token: 'AT2' }],
    ['an unusable refresh token', { access_token: 'AT2', refresh_token: 'RT\n' }],
    ['another kind of token', { access_token: 'AT2', refresh_token: 'RT2', token_type: 'mac' }],
    ['a token type that is none', { access_token: 'AT2', refresh_token: 'RT2', token_type: 5 }],
    ['nothing', {}],
    ['inherited members', Object.create({ access_token: 'AT2', refresh_token: 'RT2' }) as object],
  ])('makes nothing of %s', (_name, raw) => {
    expect(tokenSetFromCandidate(raw as Record<string, unknown>, { previous, now })).toBeUndefined();
  });
});
