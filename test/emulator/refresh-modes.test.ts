import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Emulator, RefreshMode } from '../../src/emulator/emulator.js';
import {
  CLIENT,
  MACHINE,
  askToken,
  emulatorForTest,
  probe,
  refreshWith,
  tokensFrom,
} from './emulator-client.js';

const DAY = 86_400;
const lifetimes = { accessToken: 14 * DAY, refreshToken: 90 * DAY };

async function signedIn(refreshMode: RefreshMode) {
  const emulator = await emulatorForTest({ refreshMode, lifetimes, graceSeconds: 30 });
  return { emulator, first: await tokensFrom(emulator) };
}

const isGood = async (emulator: Emulator, token: string | undefined): Promise<boolean> =>
  (await refreshWith(emulator, token)).status === 200;

describe.each<RefreshMode>(['same', 'rotate-grace', 'rotate-strict', 'omit', 'not-renewed'])('%s', (mode) => {
  test('gives a new access token and leaves the old one valid', async () => {
    const { emulator, first } = await signedIn(mode);
    const { status, body } = await refreshWith(emulator, first.refresh_token);
    expect(status).toBe(200);
    expect(body.access_token).not.toBe(first.access_token);
    expect(await probe(emulator, first.access_token)).toBe(200);
    expect(await probe(emulator, body.access_token)).toBe(200);
  });
});

describe.each<RefreshMode>(['same', 'rotate-grace', 'rotate-strict', 'omit', 'same-access', 'not-renewed'])(
  '%s',
  (mode) => {
    test('refuses a refresh token that is expired, revoked, or of another client', async () => {
      const { emulator, first } = await signedIn(mode);
      const other = await askToken(emulator, {
        grant_type: 'refresh_token',
        refresh_token: first.refresh_token,
        client_id: MACHINE.clientId,
        client_secret: MACHINE.clientSecret,
      });
      expect(other.status).toBe(400);
      const revoked = await tokensFrom(emulator, {}, 'grace@example.com');
      emulator.revokeAll('grace@example.com');
      expect(await isGood(emulator, revoked.refresh_token)).toBe(false);
      emulator.clock.advance(90 * DAY * 1000);
      expect(await isGood(emulator, first.refresh_token)).toBe(false);
    });
  },
);

test('same: the refresh token stays and its life begins anew', async () => {
  const { emulator, first } = await signedIn('same');
  emulator.clock.advance(80 * DAY * 1000);
  const { body } = await refreshWith(emulator, first.refresh_token);
  expect(body.refresh_token).toBe(first.refresh_token);
  expect(body.refresh_token_expires_in).toBe(90 * DAY);
  emulator.clock.advance(80 * DAY * 1000);
  expect(await isGood(emulator, first.refresh_token)).toBe(true);
});

test('not-renewed: the refresh token stays and goes on ageing', async () => {
  const { emulator, first } = await signedIn('not-renewed');
  emulator.clock.advance(80 * DAY * 1000);
  const { body } = await refreshWith(emulator, first.refresh_token);
  expect(body.refresh_token).toBe(first.refresh_token);
  expect(body.refresh_token_expires_in).toBeLessThanOrEqual(10 * DAY);
  emulator.clock.advance(10 * DAY * 1000);
  expect(await isGood(emulator, first.refresh_token)).toBe(false);
});

test('omit: the answer names no refresh token and the old one goes on', async () => {
  const { emulator, first } = await signedIn('omit');
  const { body } = await refreshWith(emulator, first.refresh_token);
  expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type']);
  expect(await isGood(emulator, first.refresh_token)).toBe(true);
});

test('same-access: within 24 hours the same access token and end, then a new one', async () => {
  const { emulator, first } = await signedIn('same-access');
  emulator.clock.advance(23 * 3_600_000);
  const again = await refreshWith(emulator, first.refresh_token);
  expect(again.body).toMatchObject({ access_token: first.access_token, refresh_token: first.refresh_token });
  expect(again.body.expires_in).toBeLessThanOrEqual(14 * DAY - 23 * 3600);
  expect(again.body.expires_in).toBeGreaterThan(14 * DAY - 23 * 3600 - 20);
  emulator.clock.advance(3_600_000);
  const next = await refreshWith(emulator, first.refresh_token);
  expect(next.body.access_token).not.toBe(first.access_token);
});

test('same-access: an expired or revoked access token is not given again', async () => {
  const { emulator } = await signedIn('same-access');
  emulator.setLifetimes({ accessToken: 60 });
  const short = await tokensFrom(emulator);
  emulator.clock.advance(60_000);
  const renewed = await refreshWith(emulator, short.refresh_token);
  expect(renewed.body.access_token).not.toBe(short.access_token);
  const { clientId: client_id, clientSecret: client_secret } = CLIENT;
  const body = new URLSearchParams({ client_id, client_secret, token: renewed.body.access_token });
  expect((await fetch(emulator.endpoints.revocationEndpoint, { method: 'POST', body })).status).toBe(200);
  const after = await refreshWith(emulator, short.refresh_token);
  expect(after.body.access_token).not.toBe(renewed.body.access_token);
});

test('rotate-grace: the previous token gives the same successor for a while, then nothing', async () => {
  const { emulator, first } = await signedIn('rotate-grace');
  const second = await refreshWith(emulator, first.refresh_token);
  expect(second.body.refresh_token).not.toBe(first.refresh_token);
  emulator.clock.advance(25_000);
  const graced = await refreshWith(emulator, first.refresh_token);
  expect(graced.body.refresh_token).toBe(second.body.refresh_token);
  emulator.clock.advance(5_000);
  expect(await isGood(emulator, first.refresh_token)).toBe(false);
  const third = await refreshWith(emulator, second.body.refresh_token);
  expect(third.status).toBe(200);
  const fourth = await refreshWith(emulator, third.body.refresh_token);
  expect(await isGood(emulator, second.body.refresh_token)).toBe(false);
  expect(await isGood(emulator, fourth.body.refresh_token)).toBe(true);
});

test('rotate-strict: reuse revokes the whole family, access tokens too, and nobody else', async () => {
  const { emulator, first } = await signedIn('rotate-strict');
  const other = await tokensFrom(emulator);
  const second = await refreshWith(emulator, first.refresh_token);
  expect(await isGood(emulator, first.refresh_token)).toBe(false);
  expect(await isGood(emulator, second.body.refresh_token)).toBe(false);
  expect(await probe(emulator, first.access_token)).toBe(401);
  expect(await probe(emulator, second.body.access_token)).toBe(401);
  expect(await isGood(emulator, other.refresh_token)).toBe(true);
});

test('a scope may be narrowed but not widened', async () => {
  const { emulator, first } = await signedIn('rotate-strict');
  const ask = (scope: string, refresh_token = first.refresh_token) =>
    askToken(emulator, { grant_type: 'refresh_token', refresh_token, scope });
  expect((await ask('spark:people_read spark:kms')).status).toBe(400);
  const narrow = await ask('spark:rooms_read');
  expect(narrow.body.scope).toBe('spark:rooms_read');
  expect(await probe(emulator, narrow.body.access_token)).toBe(403);
  expect((await refreshWith(emulator, narrow.body.refresh_token)).body.scope).toBe(CLIENT.scopes.join(' '));
});

test('whatever the modes and the waits, the newest refresh token is good while it is young', async () => {
  const mode = fc.constantFrom<RefreshMode>(
    'same',
    'rotate-grace',
    'rotate-strict',
    'omit',
    'same-access',
    'not-renewed',
  );
  const emulator = await emulatorForTest({ lifetimes });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(mode, fc.nat(4 * DAY)), { maxLength: 12 }), async (steps) => {
      emulator.setRefreshMode('same');
      let newest = (await tokensFrom(emulator)).refresh_token;
      for (const [next, seconds] of steps) {
        emulator.setRefreshMode(next);
        emulator.clock.advance(seconds * 1000);
        const { status, body } = await refreshWith(emulator, newest);
        expect(status).toBe(200);
        newest = body.refresh_token ?? newest;
      }
    }),
    { numRuns: 15 },
  );
});
