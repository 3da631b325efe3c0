import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { orgIdFromToken, userTypeFromToken } from '../../src/platform/token-anatomy.js';

const org = '8d2c4e1a-0000-4000-8000-123456789abc';
const jwt = (claims: unknown): string =>
  ['{"alg":"RS256"}', JSON.stringify(claims), 'sig']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

describe('orgIdFromToken', () => {
  test.each([
    [`${'A'.repeat(64)}_P0A1_${org}`, org],
    [`${'A_'.repeat(32)}_PF84_${org}`, org],
    [`${'A'.repeat(64)}_P0A1_${org.toUpperCase()}`, org],
    [jwt({ realm: org, expiry_time: 1 }), org],
    [jwt({ realm: 'not an organisation' }), undefined],
    [jwt({}), undefined],
    [jwt(null), undefined],
    [jwt('realm'), undefined],
    [jwt({ realm: org.toUpperCase() }), org],
    [jwt({ realm: [org] }), undefined],
    [jwt(JSON.parse(`{"__proto__":{"realm":"${org}"}}`)), undefined],
    [`${jwt({ realm: org })}.x`, undefined],
    [jwt({ realm: org }).split('.').slice(0, 2).join('.'), undefined],
    [`eyJ.${'['.repeat(100_000)}.x`, undefined],
    ['eyJhbGciOiJub25lIn0.%%%.x', undefined],
    [`eyJhbGciOiJub25lIn0_P0A1_${org}`, undefined],
    ['A'.repeat(64), undefined],
    [`${'A'.repeat(64)}_P0A1_${org}x`, undefined],
    [`${'A'.repeat(64)}${org}`, undefined],
    ['', undefined],
  ])('%s', (token, expected) => expect(orgIdFromToken(token)).toBe(expected));

  test('finds the organisation of any token in three parts, and survives anything else', () => {
    const first = fc.stringMatching(/^[A-Za-df-z0-9_-]{1,80}$/);
    fc.assert(
      fc.property(first, fc.stringMatching(/^[A-Z0-9]{4}$/), fc.uuid(), (start, cluster, uuid) => {
        expect(orgIdFromToken(`${start}_${cluster}_${uuid}`)).toBe(uuid);
      }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `eyJ.${text}.x`),
        ),
        (token) => {
          expect(orgIdFromToken(token) ?? org).toHaveLength(36);
        },
      ),
    );
  });
});

describe('userTypeFromToken', () => {
  test.each([
    [jwt({ user_type: 'guest', realm: org }), 'guest'],
    [jwt({ user_type: 'machine' }), 'machine'],
    [jwt({ user_type: '' }), undefined],
    [jwt({ user_type: 'a b' }), undefined],
    [jwt({ user_type: 'x'.repeat(65) }), undefined],
    [jwt({ user_type: 5 }), undefined],
    [jwt({ user_type: ['guest'] }), undefined],
    [jwt(['guest']), undefined],
    [jwt({}), undefined],
    [jwt(null), undefined],
    [`${'A'.repeat(64)}_P0A1_${org}`, undefined],
    ['eyJhbGciOiJub25lIn0.%%%.x', undefined],
    ['eyJ', undefined],
    ['', undefined],
  ])('%s', (token, expected) => expect(userTypeFromToken(token)).toBe(expected));

  test('any text gives a short word or nothing', () => {
    const text = fc.oneof(
      fc.string(),
      fc.jsonValue().map((claims) => jwt(claims)),
      fc.jsonValue().map((user_type) => jwt({ user_type })),
    );
    fc.assert(
      fc.property(text, (token) => {
        expect(userTypeFromToken(token) ?? 'none').toMatch(/^[\w-]{1,64}$/);
      }),
    );
  });
});
