import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { GuestIssuer } from '../../src/emulator/emulator.js';
import type { Webex, WebexAuthEvents, WebexOptions } from '../../src/index.js';
import type { Emulated } from '../support/emulated.js';
import { fakeClock, type FakeClock } from '../support/fake-clock.js';
import { movableClock } from '../support/movable-clock.js';
import { emulatedForTest, openAuth, readyWebex, webexOf, whoHas } from './started.js';

const LOGIN = 'POST /v1/jwt/login';
const LIFE_S = 21_600;
const LIFE_MS = LIFE_S * 1000;

function issuerOf({ emulator }: Emulated): GuestIssuer {
  const [issuer] = emulator.guestIssuers;
  if (!issuer) throw new Error('the emulator has no guest issuer');
  return issuer;
}

/** A guest's JWT, made without the library. */
function jwtOf({ issuer, secret }: GuestIssuer, claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = part({ alg: 'HS256', typ: 'JWT' });
  const signed = `${head}.${part({ iss: issuer, sub: 'guest-1', name: 'Guest One', ...claims })}`;
  const signature = createHmac('sha256', Buffer.from(secret, 'base64')).update(signed).digest('base64url');
  return `${signed}.${signature}`;
}

const nowIn = (seconds: number, clock: { now(): number }): number => Math.floor(clock.now() / 1000) + seconds;

/** A guest with nothing but a callback that gives JWTs, and how often it was called. */
async function guestByCallback(
  emulated: Emulated,
  options: WebexOptions = {},
): Promise<{ webex: Webex; calls: Webex[] }> {
  const calls: Webex[] = [];
  const webex = await readyWebex({
    credentials: {
      jwtRefreshCallback: async (self: Webex) => {
        calls.push(self);
        const { issuer, secret } = issuerOf(emulated);
        const { jwt } = await self.authorization.createJwt({ issuer, secretId: secret, subject: 'guest-1' });
        return jwt;
      },
    },
    endpoints: emulated.endpoints,
    ...options,
  });
  return { webex, calls };
}

function next<Name extends keyof WebexAuthEvents>(webex: Webex, name: Name): Promise<WebexAuthEvents[Name]> {
  return new Promise((resolve) => webex.once(name, resolve));
}

describe('2.2, 5.4 guest JWT', () => {
  describe('createJwt', () => {
    it('signs who the guest is with the decoded secret of the issuer, for an hour', async () => {
      const clock = fakeClock();
      const emulated = await emulatedForTest({ clock });
      const { issuer, secret } = issuerOf(emulated);
      const webex = await webexOf(emulated, { clock });
      const options = { issuer, secretId: secret, subject: 'visitor-7', displayName: 'Visitor Seven' };
      const { jwt } = await webex.authorization.createJwt(options);
      const [head = '', payload = '', signature] = jwt.split('.');
      const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
      expect(read(head)).toEqual({ alg: 'HS256', typ: 'JWT' });
      expect(read(payload)).toEqual({
        iss: issuer,
        sub: 'visitor-7',
        name: 'Visitor Seven',
        iat: nowIn(0, clock),
        exp: nowIn(3600, clock),
      });
      const key = Buffer.from(secret, 'base64');
      expect(createHmac('sha256', key).update(`${head}.${payload}`).digest('base64url')).toBe(signature);
    });

    it('makes a new guest when no subject is given', async () => {
      const emulated = await emulatedForTest();
      const { issuer, secret: secretId } = issuerOf(emulated);
      const ids: string[] = [];
      for (const webex of [await webexOf(emulated), await webexOf(emulated)]) {
        const { jwt } = await webex.authorization.createJwt({ issuer, secretId });
        const { access_token } = await webex.authorization.requestAccessTokenFromJwt({ jwt });
        ids.push((await whoHas(access_token, emulated)).id);
      }
      expect(new Set(ids).size).toBe(2);
    });

    it('stays with the guest that is signed in, so that a callback renews and never replaces them', async () => {
      const emulated = await emulatedForTest();
      const { issuer, secret: secretId } = issuerOf(emulated);
      const webex = await webexOf(emulated);
      const ids: string[] = [];
      for (let turn = 0; turn < 2; turn++) {
        const { jwt } = await webex.authorization.createJwt({ issuer, secretId });
        const { access_token } = await webex.authorization.requestAccessTokenFromJwt({ jwt });
        ids.push((await whoHas(access_token, emulated)).id);
      }
      expect(new Set(ids).size).toBe(1);
    });

    it.each([
      [90, 90],
      ['90m', 5_400],
      ['2d', 172_800],
    ])('takes expiresIn %s', async (expiresIn, seconds) => {
      const clock = fakeClock();
      const emulated = await emulatedForTest({ clock });
      const { issuer, secret: secretId } = issuerOf(emulated);
      const webex = await webexOf(emulated, { clock });
      const { jwt } = await webex.authorization.createJwt({ issuer, secretId, expiresIn });
      const claims = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as object;
      expect(claims).toMatchObject({ exp: nowIn(seconds, clock) });
    });

    it.each([
      ['no issuer', { issuer: '' }, 'guestIssuer.issuer'],
      ['a secret that is not base64', { secretId: 'not base64: canary' }, 'guestIssuer.secret'],
      ['a subject with spaces', { subject: 'a b' }, 'guestIssuer.subject'],
      ['an instant for a lifetime', { expiresIn: Date.now() }, 'guestIssuer.expiresIn'],
    ])('names what is wrong before Webex could say 401: %s', async (_, wrong, setting) => {
      const emulated = await emulatedForTest();
      const { issuer, secret: secretId } = issuerOf(emulated);
      const webex = await webexOf(emulated);
      const failure: unknown = await webex.authorization
        .createJwt({ issuer, secretId, ...wrong })
        .catch((reason: unknown) => reason);
      expect(failure).toMatchObject({ code: 'CONFIGURATION_INVALID', problems: [{ setting }] });
      expect(String((failure as Error).stack)).not.toMatch(/canary/);
      expect(emulated.emulator.ledger.count(LOGIN)).toBe(0);
    });
  });

  describe('requestAccessTokenFromJwt', () => {
    it("signs the guest in; the token is a guest's, ends when Webex says, and calls Webex", async () => {
      const clock = fakeClock();
      const emulated = await emulatedForTest({ clock });
      const webex = await webexOf(emulated, { clock });
      const jwt = jwtOf(issuerOf(emulated), { exp: nowIn(3600, clock) });
      const supertoken = await webex.authorization.requestAccessTokenFromJwt({ jwt });
      expect(supertoken).toMatchObject({ expires: clock.now() + LIFE_MS, expires_in: LIFE_S });
      expect(supertoken.refresh_token).toBeUndefined();
      expect([webex.canAuthorize, webex.credentials.isUnverifiedGuest]).toEqual([true, true]);
      const { body } = await webex.request<{ type: string; displayName: string }>({ resource: 'people/me' });
      expect(body).toMatchObject({ type: 'appuser', displayName: 'Guest One' });
    });

    it('needs neither client nor redirect URI', async () => {
      const emulated = await emulatedForTest();
      const { issuer, secret } = issuerOf(emulated);
      const webex = await readyWebex({
        credentials: { guestIssuer: { issuer, secret } },
        endpoints: emulated.endpoints,
      });
      await webex.authorization.requestAccessTokenFromJwt(await webex.authorization.createJwt());
      expect((await webex.fetch('/people/me')).status).toBe(200);
    });

    it.each([
      ['past its end', { exp: 1 }, {}],
      ['signed with another secret', {}, { secret: Buffer.alloc(32, 1).toString('base64') }],
      ['of an issuer that Webex does not know', {}, { issuer: 'nobody' }],
    ])('one that is %s is refused, and nothing is stored', async (_, claims, change) => {
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated);
      const issuer = { ...issuerOf(emulated), ...change };
      const jwt = jwtOf(issuer, { exp: nowIn(3600, Date), ...claims });
      await expect(webex.authorization.requestAccessTokenFromJwt({ jwt })).rejects.toMatchObject({
        code: 'INVALID_GRANT',
      });
      expect([webex.canAuthorize, webex.credentials.supertoken]).toEqual([false, undefined]);
    });
  });

  describe('the expiry is watched', () => {
    it('a guest that nothing renews ends when the token does, and is told so', async () => {
      const clock = movableClock();
      const emulated = await emulatedForTest({ clock });
      const webex = await webexOf(emulated, { clock });
      const jwt = jwtOf(issuerOf(emulated), { exp: nowIn(3600, clock) });
      await webex.authorization.requestAccessTokenFromJwt({ jwt });
      expect(webex.credentials.canRefresh).toBe(false);
      clock.jump(LIFE_MS);
      expect([webex.canAuthorize, webex.credentials.supertoken?.isExpired]).toEqual([false, true]);
      expect(await webex.credentials.validate()).toMatchObject({ valid: false, code: 'TOKEN_EXPIRED' });
      await expect(webex.fetch('/people/me')).rejects.toMatchObject({ code: 'REAUTH_REQUIRED' });
    });

    it('the scheduler renews before the end, without anybody asking', async () => {
      const clock: FakeClock = fakeClock();
      const emulated = await emulatedForTest({ clock });
      const { webex } = await guestByCallback(emulated, { clock });
      const before = webex.credentials.supertoken;
      const renewed = next(webex, 'token:refresh');
      // An hour before the end at the earliest, five minutes before it at the latest.
      await clock.advance(LIFE_MS - 5 * 60_000);
      expect(await renewed).toMatchObject({ subject: 'default', cause: 'scheduled' });
      const after = webex.credentials.supertoken;
      expect(after?.access_token).not.toBe(before?.access_token);
      expect(after?.expires).toBeGreaterThan(before?.expires ?? Infinity);
    });
  });

  describe('renewed through jwtRefreshCallback', () => {
    it('the first token, too: nobody signs in', async () => {
      const emulated = await emulatedForTest();
      const { webex, calls } = await guestByCallback(emulated);
      expect([webex.canAuthorize, webex.credentials.canRefresh]).toEqual([true, true]);
      expect(calls).toEqual([webex]);
      expect((await webex.fetch('/people/me')).status).toBe(200);
    });

    it('without deadlock: whoever waits is answered, by one JWT login, with the catalog in between', async () => {
      const clock = movableClock();
      const emulated = await emulatedForTest({ clock });
      const { ledger } = emulated.emulator;
      const { webex, calls } = await guestByCallback(emulated, { clock, discovery: true, scheduler: false });
      const guest = (await whoHas(webex.credentials.supertoken?.access_token ?? '', emulated)).id;
      clock.jump(LIFE_MS);
      ledger.clear();
      const [refreshed, , ...answers] = await Promise.all([
        webex.credentials.refresh(),
        webex.services.discover(),
        ...Array.from({ length: 25 }, () => webex.fetch('/people/me')),
      ]);
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      expect([calls.length, ledger.count(LOGIN)]).toEqual([2, 1]);
      expect((await whoHas(refreshed.access_token, emulated)).id).toBe(guest);
    });

    it('a callback that fails is an error for now, and not the end of the guest', async () => {
      const clock = movableClock();
      const emulated = await emulatedForTest({ clock });
      const { issuer, secret: secretId } = issuerOf(emulated);
      let answer: (webex: Webex) => string | Promise<string> = async (webex) =>
        (await webex.authorization.createJwt({ issuer, secretId })).jwt;
      const webex = await readyWebex({
        credentials: { jwtRefreshCallback: (self: Webex) => answer(self) },
        endpoints: emulated.endpoints,
        scheduler: false,
        clock,
      });
      const good = answer;
      const failures: [typeof answer, string][] = [
        [() => Promise.reject(new Error('canary')), 'SERVICE_UNAVAILABLE'],
        [() => undefined as unknown as string, 'SERVICE_UNAVAILABLE'],
        [() => 'no.jwt.canary', 'UNAUTHORIZED'],
      ];
      for (const [failing, code] of failures) {
        answer = failing;
        const failure: unknown = await webex.credentials.refresh().catch((reason: unknown) => reason);
        expect(failure).toMatchObject({ code });
        expect(String((failure as Error).stack)).not.toContain('canary');
        // What is valid is still served.
        expect((await webex.fetch('/people/me')).status).toBe(200);
      }
      answer = good;
      expect((await webex.credentials.refresh()).isExpired).toBe(false);
    });

    it('a callback that waits for the very token that it is to renew ends, and so does its caller', async () => {
      const clock: FakeClock = fakeClock();
      const emulated = await emulatedForTest({ clock });
      const { issuer, secret: secretId } = issuerOf(emulated);
      let entered = (): void => undefined;
      let waits = false;
      const webex = await readyWebex({
        credentials: {
          jwtRefreshCallback: async (self: Webex) => {
            if (waits) {
              entered();
              await self.fetch('/people/me');
            }
            return (await self.authorization.createJwt({ issuer, secretId })).jwt;
          },
        },
        endpoints: emulated.endpoints,
        scheduler: false,
        clock,
      });
      waits = true;
      const inside = new Promise<void>((resolve) => (entered = resolve));
      clock.jump(LIFE_MS);
      const failure = webex.fetch('/people/me').catch((reason: unknown) => reason);
      await inside;
      await clock.advance(120_000);
      expect(await failure).toMatchObject({ retryable: true });
    });
  });

  describe('renewed with the kept issuer and secret', () => {
    it('the same guest gets a new token, without callback and without a person', async () => {
      const clock = movableClock();
      const emulated = await emulatedForTest({ clock });
      const { issuer, secret } = issuerOf(emulated);
      const webex = await webexOf(emulated, { credentials: { guestIssuer: { issuer, secret } }, clock });
      const { jwt } = await webex.authorization.createJwt({ displayName: 'Visitor Seven' });
      const first = await webex.authorization.requestAccessTokenFromJwt({ jwt });
      const guest = await whoHas(first.access_token, emulated);
      clock.jump(LIFE_MS);
      expect((await webex.fetch('/people/me')).status).toBe(200);
      const renewed = webex.credentials.supertoken?.access_token ?? '';
      expect(renewed).not.toBe(first.access_token);
      expect(await whoHas(renewed, emulated)).toEqual(guest);
      expect(guest.displayName).toBe('Visitor Seven');
    });

    it('one of many: auth.guest() makes, finds and renews it', async () => {
      const clock = movableClock();
      const emulated = await emulatedForTest({ clock });
      const { issuer, secret } = issuerOf(emulated);
      const auth = await openAuth(emulated, { guestIssuer: { issuer, secret }, clock });
      const guest = { subject: 'visitor-7', displayName: 'Visitor Seven' };
      const webex = await auth.guest(guest);
      expect((await auth.guest(guest)).subject).toBe(webex.subject);
      expect(emulated.emulator.ledger.count(LOGIN)).toBe(1);
      clock.jump(LIFE_MS);
      expect((await webex.fetch('/people/me')).status).toBe(200);
      expect(emulated.emulator.ledger.count(LOGIN)).toBe(2);
    });
  });
});
