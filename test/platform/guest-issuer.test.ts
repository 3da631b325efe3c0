import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { ConfigurationError } from '../../src/errors.js';
import { createGuestJwt } from '../../src/platform/guest-issuer.js';
import type { GuestJwtOptions } from '../../src/platform/guest-issuer.js';

const now = Date.UTC(2026, 0, 1, 0, 0, 0, 999);
const iat = Date.UTC(2026, 0, 1) / 1000;
const key = Buffer.alloc(32, 7);
const good: GuestJwtOptions = { issuer: 'Y2lzY29z-issuer', secret: key.toString('base64'), now };
const claims = async (jwt: string, secret: Uint8Array = key): Promise<unknown> =>
  (await jwtVerify(jwt, secret, { algorithms: ['HS256'], currentDate: new Date(now) })).payload;
// As a caller without types would.
const failure = (wrong: Record<string, unknown>): unknown => {
  try {
    return createGuestJwt({ ...good, ...wrong });
  } catch (error) {
    return error;
  }
};

describe('createGuestJwt', () => {
  test('is signed with the decoded secret, and says what Webex wants to know', async () => {
    const jwt = createGuestJwt({ ...good, subject: 'visitor-42', displayName: 'Zoë 😀' });
    expect(decodeProtectedHeader(jwt)).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(await claims(jwt)).toEqual({
      sub: 'visitor-42',
      iss: 'Y2lzY29z-issuer',
      name: 'Zoë 😀',
      iat,
      exp: iat + 3600,
    });
    await expect(claims(jwt, Buffer.from(key.toString('base64')))).rejects.toThrow();
  });

  test('makes up a new guest each time when none is named', async () => {
    const made = await Promise.all([createGuestJwt(good), createGuestJwt(good)].map((jwt) => claims(jwt)));
    const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.source;
    for (const one of made) {
      expect(one).toMatchObject({
        sub: expect.stringMatching(new RegExp(`^guest-user-${uuid}$`)) as string,
        name: expect.stringMatching(new RegExp(`^Guest User - ${uuid}$`)) as string,
      });
    }
    expect(new Set(made.map((one) => (one as { sub: string }).sub)).size).toBe(2);
  });

  test('any key of 16 bytes or more, in either alphabet, padded or not, or as a Secret', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 16, maxLength: 80 }), async (bytes) => {
        const padded = Buffer.from(bytes).toString('base64');
        const spellings = [
          padded,
          padded.replace(/=+$/, ''),
          Buffer.from(bytes).toString('base64url'),
          new Secret(padded),
        ];
        for (const secret of spellings) {
          expect(await claims(createGuestJwt({ ...good, secret }), bytes)).toMatchObject({ iat });
        }
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    [1, 1],
    [3600, 3600],
    ['3600', 3600],
    ['45s', 45],
    ['45 sec', 45],
    ['90m', 5400],
    ['90 minutes', 5400],
    ['1h', 3600],
    ['1.5h', 5400],
    ['1.1h', 3960],
    ['2H', 7200],
    ['2 hours', 7200],
    ['2d', 172_800],
    ['1 day', 86_400],
    ['1w', 604_800],
    [undefined, 3600],
  ])('expiresIn %j is %i seconds', async (expiresIn, seconds) => {
    expect(await claims(createGuestJwt({ ...good, expiresIn }))).toMatchObject({ exp: iat + seconds });
  });

  test.each([
    ['issuer', ''],
    ['issuer', undefined],
    ['issuer', 'a b'],
    ['issuer', 'x\n'],
    ['secret', ''],
    ['secret', undefined],
    ['secret', 'canary not base64 at all'],
    ['secret', `${key.toString('base64')}\n`],
    ['secret', 'canarycanarycanarycanary='],
    ['secret', 'canarycanarycanarycanaryx'],
    ['secret', Buffer.alloc(15).toString('base64')],
    ['secret', key],
    ['secret', new Secret('canary!')],
    ['subject', ''],
    ['subject', 'ann@example.com'],
    ['subject', 'a_b'],
    ['subject', 'é'],
    ['subject', 'a\n'],
    ['subject', 'x'.repeat(257)],
    ['subject', 5],
    ['subject', null],
    ['displayName', ''],
    ['displayName', 'a\nb'],
    ['displayName', 'x'.repeat(257)],
    ['expiresIn', 0],
    ['expiresIn', -1],
    ['expiresIn', 1.5],
    ['expiresIn', Number.NaN],
    ['expiresIn', Number.POSITIVE_INFINITY],
    ['expiresIn', iat],
    ['expiresIn', null],
    ['expiresIn', ''],
    ['expiresIn', 'soon'],
    ['expiresIn', '-1h'],
    ['expiresIn', '0'],
    ['expiresIn', '500ms'],
    ['expiresIn', '1 month'],
    ['expiresIn', '11y'],
    ['expiresIn', '1e3'],
    ['expiresIn', '999999999999w'],
  ])('%s %j is refused by name', (setting, value) => {
    const error = failure({ [setting]: value });
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as ConfigurationError).problems.map((one) => one.setting)).toEqual([
      `guestIssuer.${setting}`,
    ]);
  });

  test('tells all that is wrong at once, and never the secret', () => {
    const error = failure({ issuer: '', secret: 'canary?', subject: '?', displayName: '', expiresIn: 0 });
    expect((error as ConfigurationError).problems).toHaveLength(5);
    expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
  });

  test('holds no key in what it makes', () => {
    const secret = randomBytes(32);
    const jwt = createGuestJwt({ ...good, secret: secret.toString('base64') });
    expect(Buffer.from(jwt, 'base64').includes(secret)).toBe(false);
    expect(jwt).not.toContain(secret.toString('base64url'));
  });
});
