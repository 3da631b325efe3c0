import { describe, expect, it } from 'vitest';
import { isWebexAuthError, type Validation, type Webex } from '../../src/index.js';
import { fakeClock } from '../support/fake-clock.js';
import { emulatedWebex } from './emulated-webex.js';

const PROBE = 'GET /v1/authorizations/tokenExpiry';
const DAY_MS = 86_400_000;

describe('4.3 validation', () => {
  const webexOf = emulatedWebex();

  async function signedIn(): Promise<Webex> {
    const { init, signIn } = webexOf();
    const webex = init({ scheduler: false });
    await signIn(webex);
    return webex;
  }

  function expectInvalid(outcome: Validation, code: string): void {
    expect([outcome.valid, outcome.code]).toEqual([false, code]);
    expect(isWebexAuthError(outcome.error) && outcome.error.code).toBe(code);
  }

  it('VALID: good here and at Webex, with what is left of its life', async () => {
    const webex = await signedIn();
    const { emulator } = webexOf();
    const outcome = await webex.credentials.validate({ requireScope: ['spark:rooms_read'], minTtl: 3_600 });
    expect(outcome).toMatchObject({ valid: true, code: 'VALID', error: undefined, missingScopes: [] });
    expect(outcome.remaining).toBeGreaterThan(13 * 86_400);
    expect(outcome.expiresAt).toBeGreaterThan(0);
    expect(emulator.ledger.count(PROBE)).toBe(1);
  });

  it('GRANT_NOT_FOUND: nothing is stored', async () => {
    const { init, open } = webexOf();
    const webex = init();
    await webex.whenReady();
    expectInvalid(await webex.credentials.validate(), 'GRANT_NOT_FOUND');
    expectInvalid(await (await open()).validate('nobody'), 'GRANT_NOT_FOUND');
  });

  it('REAUTH_REQUIRED: the grant has ended', async () => {
    const webex = await signedIn();
    webexOf().emulator.revokeAll();
    await expect(webex.credentials.refresh()).rejects.toThrow();
    const outcome = await webex.credentials.validate();
    expectInvalid(outcome, 'REAUTH_REQUIRED');
    expect(outcome.error?.action).toBe('sign_in_again');
  });

  it('TOKEN_EXPIRED: past its end, and nothing is sent to learn that', async () => {
    const webex = await signedIn();
    const { clock, emulator } = webexOf();
    clock.jump(15 * DAY_MS);
    const outcome = await webex.credentials.validate();
    expectInvalid(outcome, 'TOKEN_EXPIRED');
    expect(outcome.remaining).toBeLessThan(0);
    expect(emulator.ledger.count(PROBE)).toBe(0);
  });

  it('TOKEN_EXPIRED: Webex knows an earlier end than its answer told', async () => {
    const webex = await signedIn();
    const { clock, emulator } = webexOf();
    emulator.faults.add({ route: PROBE, status: 200, body: { exp: clock.now() - 1 } });
    expectInvalid(await webex.credentials.validate(), 'TOKEN_EXPIRED');
    expect((await webex.credentials.validate({ remote: false })).code).toBe('VALID');
  });

  it('TOKEN_EXPIRING: valid, but not for as long as was asked for', async () => {
    const webex = await signedIn();
    const { clock } = webexOf();
    clock.jump(13.5 * DAY_MS);
    expect((await webex.credentials.validate({ minTtl: 3_600 })).code).toBe('VALID');
    const outcome = await webex.credentials.validate({ minTtl: 86_400 });
    expectInvalid(outcome, 'TOKEN_EXPIRING');
    expect(outcome.remaining).toBeLessThan(86_400);
    expect(outcome.remaining).toBeGreaterThan(3_600);
  });

  it('SCOPE_MISSING: names what is not granted', async () => {
    const webex = await signedIn();
    const outcome = await webex.credentials.validate({
      requireScope: ['spark:rooms_read', 'spark-admin:people_write', 'identity:tokens_read'],
    });
    expectInvalid(outcome, 'SCOPE_MISSING');
    expect(outcome.missingScopes).toEqual(['spark-admin:people_write', 'identity:tokens_read']);
  });

  it('TOKEN_REVOKED: Webex refuses it before its end', async () => {
    const webex = await signedIn();
    const { emulator } = webexOf();
    emulator.revokeToken(webex.credentials.supertoken?.access_token ?? '');
    const outcome = await webex.credentials.validate();
    expectInvalid(outcome, 'TOKEN_REVOKED');
    expect(outcome.error).toMatchObject({ status: 401, action: 'sign_in_again' });
  });

  it('TOKEN_REVOKED: says who helps, by kind', async () => {
    const { open, emulator } = webexOf();
    const auth = await open();
    const token = emulator.issueBotToken();
    const { subject } = await auth.bot(token);
    expect((await auth.validate(subject)).code).toBe('VALID');
    emulator.revokeToken(token);
    const outcome = await auth.validate(subject);
    expectInvalid(outcome, 'TOKEN_REVOKED');
    expect(outcome.error?.action).toBe('replace_token');
  });

  it('remote: false asks nobody', async () => {
    const webex = await signedIn();
    const { emulator } = webexOf();
    emulator.revokeToken(webex.credentials.supertoken?.access_token ?? '');
    const requests = emulator.ledger.count();
    expect((await webex.credentials.validate({ remote: false })).code).toBe('VALID');
    expect(emulator.ledger.count()).toBe(requests);
  });

  it('a token that may not ask is not at fault, and Webex being away is no verdict', async () => {
    const webex = await signedIn();
    const { emulator } = webexOf();
    emulator.faults.add({ route: PROBE, status: 403, times: 1 });
    expect((await webex.credentials.validate()).code).toBe('VALID');
    emulator.faults.add({ route: PROBE, status: 503, times: 1 });
    await expect(webex.credentials.validate()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  it('changes nothing: no refresh, whatever the outcome', async () => {
    const webex = await signedIn();
    const { clock, emulator } = webexOf();
    const before = webex.credentials.supertoken?.access_token;
    clock.jump(13.9 * DAY_MS);
    await webex.credentials.validate({ minTtl: 86_400 });
    clock.jump(DAY_MS);
    await webex.credentials.validate();
    expect(emulator.ledger.count('refresh_token')).toBe(0);
    expect(webex.credentials.supertoken?.access_token).toBe(before);
  });

  describe('near expiry', () => {
    it('minTtl is a trigger: the token is renewed first', async () => {
      const { open, signInTo, clock, emulator } = webexOf();
      const auth = await open({ scheduler: false });
      const { subject } = await signInTo(auth);
      clock.jump(13.9 * DAY_MS);
      const { accessToken, expiresAt, stale } = await auth.token(subject, { minTtl: 86_400 });
      expect(stale).toBe(false);
      expect(expiresAt).toBeGreaterThan(clock.now() + 86_400_000);
      expect(emulator.ledger.count('refresh_token')).toBe(1);
      expect((await auth.token(subject)).accessToken).toBe(accessToken);
    });

    it('requireScope refuses a token that lacks a scope', async () => {
      const { open, signInTo } = webexOf();
      const auth = await open();
      const { subject } = await signInTo(auth);
      await auth.token(subject, { requireScope: ['spark:rooms_read'] });
      await expect(auth.token(subject, { requireScope: ['identity:tokens_read'] })).rejects.toMatchObject({
        code: 'SCOPE_MISSING',
        missingScopes: ['identity:tokens_read'],
      });
    });
  });

  describe('tokens without a known end', () => {
    const ticking = emulatedWebex({ newClock: () => fakeClock() });

    it('are checked at Webex once a day; one that is refused ends, and says who helps', async () => {
      const { open, emulator, clock } = ticking();
      const fake = clock as ReturnType<typeof fakeClock>;
      const auth = await open();
      const token = emulator.issueBotToken();
      const { subject } = await auth.bot(token);
      const probes = (): number => emulator.ledger.count('GET /v1/people/me');
      const before = probes();
      clock.jump(0.8 * DAY_MS);
      await fake.advance(5_000);
      expect(probes()).toBe(before);
      clock.jump(0.3 * DAY_MS);
      await fake.advance(5_000);
      while (probes() === before) await new Promise((resolve) => setImmediate(resolve));
      expect(await auth.token(subject)).toMatchObject({ accessToken: token, stale: false });

      emulator.revokeToken(token);
      const ended = new Promise((resolve) => auth.once('unauthorized', resolve));
      // The next look is planned when the answer of the last one is stored.
      while ((await auth.grants.get(subject))?.dueAt === undefined) await fake.advance(0);
      clock.jump(1.1 * DAY_MS);
      await fake.advance(5_000);
      expect(await ended).toMatchObject({ subject, kind: 'dead', action: 'replace_token' });
    });

    it('verifyEvery: 0 leaves them alone', async () => {
      const { open, emulator } = ticking();
      const auth = await open({ verifyEvery: 0 });
      const { subject } = await auth.bot(emulator.issueBotToken());
      expect((await auth.grants.get(subject))?.dueAt).toBeUndefined();
      const daily = await open();
      const other = await daily.bot(emulator.issueBotToken({ displayName: 'Other' }));
      expect((await daily.grants.get(other.subject))?.dueAt).toBeGreaterThan(0);
    });
  });
});
