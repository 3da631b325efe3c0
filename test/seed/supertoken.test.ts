import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Fetch } from '../../src/index.js';
import { emulatedWebex, INTEGRATION, ORG, PRIVILEGED } from './emulated-webex.js';

const REDUCTION = 'urn:cisco:oauth:grant-type:scope-reduction';
const REVOKE = 'POST /idb/oauth2/v1/revoke';
const BROKER = 'POST /idb/oauth2/v1/access_token';

/** The network as it is, but that Webex grants a scope less than was asked for. */
function granting(scope: string): Fetch {
  return async (url, init) => {
    const answer = await fetch(url, init as RequestInit);
    if (!url.endsWith('/v1/access_token') || !answer.ok) return answer;
    return Response.json({ ...((await answer.json()) as object), scope });
  };
}

describe('4.2 supertoken', () => {
  const webexOf = emulatedWebex();

  async function statusWith(token: string): Promise<number> {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${webexOf().endpoints.apiBase}/people/me`, { headers })).status;
  }

  describe('holds', () => {
    it('the tokens, under the names people know', async () => {
      const { init, signIn } = webexOf();
      const webex = init();
      await signIn(webex);
      const { supertoken } = webex.credentials;
      expect(supertoken?.token_type).toBe('Bearer');
      expect(supertoken?.toHeader()).toBe(`Bearer ${supertoken?.access_token}`);
      expect(await statusWith(supertoken?.access_token ?? '')).toBe(200);
      expect(await statusWith(supertoken?.refresh_token ?? '')).toBe(401);
    });

    it('instants, computed from the lifetimes of the answer', async () => {
      const { init, signIn, clock, emulator } = webexOf();
      emulator.setLifetimes({ accessToken: 3_600, refreshToken: 7_200 });
      const webex = init({ scheduler: false });
      await webex.whenReady();
      const before = clock.now();
      await signIn(webex);
      const after = clock.now();
      const { supertoken } = webex.credentials;
      expect(supertoken).toMatchObject({
        expires_in: 3_600,
        refresh_token_expires_in: 7_200,
        isExpired: false,
      });
      expect(supertoken?.expires).toBeGreaterThanOrEqual(before + 3_600_000);
      expect(supertoken?.expires).toBeLessThanOrEqual(after + 3_600_000);
      expect((supertoken?.refresh_token_expires ?? 0) - (supertoken?.expires ?? 0)).toBe(3_600_000);
      clock.jump(3_600_000);
      expect(webex.credentials.supertoken?.isExpired).toBe(true);
      expect(supertoken?.isExpired).toBe(true);
    });

    it('who it belongs to', async () => {
      const { init, signIn, emulator } = webexOf();
      const webex = init();
      await signIn(webex, { user: 'grace@example.com' });
      const grace = emulator.users.find(({ email }) => email === 'grace@example.com');
      expect(webex.credentials.supertoken?.person).toMatchObject({
        id: grace?.personId,
        displayName: grace?.displayName,
        email: grace?.email,
        type: 'person',
      });
    });

    it('granted scopes, and the missing ones', async () => {
      const { init, signIn } = webexOf();
      const webex = init({ fetch: granting('spark:people_read spark:rooms_read') });
      await signIn(webex);
      expect(webex.credentials.supertoken?.scope).toBe('spark:people_read spark:rooms_read');
      expect(webex.credentials.supertoken?.missingScopes).toEqual([
        'spark:all',
        'spark:kms',
        'meeting:schedules_read',
      ]);
    });

    it('an ID token, when openid was asked for', async () => {
      const { init, signIn } = webexOf();
      const webex = init();
      await signIn(webex, { scope: ['openid', 'spark:people_read'] });
      expect(webex.credentials.supertoken?.id_token?.split('.')).toHaveLength(3);
      await signIn(webex);
      expect(webex.credentials.supertoken?.id_token).toBeUndefined();
    });

    it('what can be done with it: canAuthorize, canRefresh, canDownscope', async () => {
      const { init, signIn, emulator, clock } = webexOf();
      const webex = init({ scheduler: false });
      await signIn(webex);
      const can = (): unknown[] => {
        const { supertoken } = webex.credentials;
        return [supertoken?.canAuthorize, supertoken?.canRefresh, supertoken?.canDownscope];
      };
      expect(can()).toEqual([true, true, true]);
      const personal = init({ access_token: emulator.issuePersonalToken(), expires_in: 43_200 });
      await personal.whenReady();
      expect(personal.credentials.supertoken).toMatchObject({ canAuthorize: true, canRefresh: false });
      clock.jump(15 * 86_400_000);
      expect(can()).toEqual([true, true, true]);
      expect(personal.credentials.supertoken).toMatchObject({ canAuthorize: false, canDownscope: false });
    });

    it('every field of a token that is given, whatever else came with it', async () => {
      const { init, clock } = webexOf();
      const now = clock.now();
      const webex = init({
        credentials: {
          client_id: INTEGRATION.clientId,
          client_secret: INTEGRATION.clientSecret,
          authorization: {
            supertoken: {
              access_token: 'given',
              refresh_token: 'given-refresh',
              token_type: 'Bearer',
              expires: now + 3_600_000,
              refresh_token_expires: now + 7_200_000,
              scope: 'spark:people_read spark:rooms_read',
            },
          },
        },
        scheduler: false,
        discovery: false,
      });
      await webex.whenReady();
      expect(webex.credentials.supertoken).toMatchObject({
        access_token: 'given',
        refresh_token: 'given-refresh',
        token_type: 'Bearer',
        expires: now + 3_600_000,
        refresh_token_expires: now + 7_200_000,
        scope: 'spark:people_read spark:rooms_read',
      });
    });
  });

  describe('custom fields', () => {
    it('come with the login hook, change by grants.update, and survive refresh', async () => {
      const { open, signInTo } = webexOf();
      let isFirst = true;
      const auth = await open({
        login: {
          subject: () => 'user-42',
          custom: (_request, { displayName = '' }) =>
            isFirst ? { plan: 'gold', hello: displayName } : undefined,
        },
      });
      await signInTo(auth);
      const custom = async (): Promise<unknown> => {
        const webex = await auth.user('user-42');
        return webex.credentials.supertoken?.custom;
      };
      expect(await custom()).toEqual({ plan: 'gold', hello: 'Ada Example' });
      await auth.grants.update('user-42', { custom: { seats: 3, plan: undefined } });
      await auth.refresh('user-42');
      expect(await custom()).toEqual({ seats: 3, hello: 'Ada Example' });
      expect(await auth.grants.get('user-42')).toMatchObject({ generation: 2, custom: { seats: 3 } });
      isFirst = false;
      await signInTo(auth);
      expect(await custom()).toEqual({ seats: 3, hello: 'Ada Example' });
      isFirst = true;
      await signInTo(auth);
      expect(await custom()).toEqual({ plan: 'gold', hello: 'Ada Example' });
    });

    it('belong to a grant that exists', async () => {
      const auth = await webexOf().open();
      await expect(auth.grants.update('nobody', { custom: {} })).rejects.toMatchObject({
        code: 'GRANT_NOT_FOUND',
      });
      expect(await auth.grants.get('nobody')).toBeUndefined();
    });
  });

  it('never prints: inspected, stringified or as JSON', async () => {
    const { init, signIn, client } = webexOf();
    const webex = init();
    await signIn(webex);
    const { supertoken } = webex.credentials;
    const printed = [
      inspect([webex, webex.credentials, supertoken], { depth: Infinity, showHidden: true }),
      JSON.stringify([webex, webex.credentials, supertoken]),
      String(supertoken),
      `${supertoken?.toString()}`,
    ].join('\n');
    expect(printed).toContain('[redacted]');
    for (const secret of [supertoken?.access_token, supertoken?.refresh_token, client.clientSecret]) {
      expect(secret?.length).toBeGreaterThan(10);
      expect(printed).not.toContain(secret);
    }
  });

  it('is a snapshot: the old one stays what it was, the new one has the new tokens', async () => {
    const { init, signIn } = webexOf();
    const webex = init();
    await signIn(webex);
    const before = webex.credentials.supertoken;
    const { access_token: old, refresh_token: oldRefresh } = before ?? {};
    const after = await webex.credentials.refresh();
    expect(before?.access_token).toBe(old);
    expect(after.access_token).not.toBe(old);
    expect(after.refresh_token).not.toBe(oldRefresh);
    expect(after.person).toEqual(before?.person);
    expect(webex.credentials.supertoken?.access_token).toBe(after.access_token);
  });

  it.each(['omit', 'same'] as const)(
    'keeps the refresh token where Webex gives none or the same: %s',
    async (mode) => {
      const { init, signIn, emulator } = webexOf();
      emulator.setRefreshMode(mode);
      const webex = init();
      await signIn(webex);
      const before = webex.credentials.supertoken?.refresh_token;
      const after = await webex.credentials.refresh();
      expect(after.refresh_token).toBe(before);
      expect(after.scope).toBe(INTEGRATION.scopes.join(' '));
    },
  );

  describe('getUserToken', () => {
    it('gives the full token, renewed first where needed', async () => {
      const { init, signIn, clock } = webexOf();
      const webex = init({ scheduler: false });
      await signIn(webex);
      const full = webex.credentials.supertoken?.access_token;
      expect((await webex.credentials.getUserToken()).access_token).toBe(full);
      clock.jump(15 * 86_400_000);
      const renewed = await webex.credentials.getUserToken();
      expect(renewed.access_token).not.toBe(full);
      expect(renewed.isExpired).toBe(false);
    });

    it('gives a token with just these scopes, made once for each set of them', async () => {
      const { init, signIn, emulator } = webexOf();
      const webex = init();
      await signIn(webex);
      const full = webex.credentials.supertoken?.access_token;
      const ask = (scope: string | string[]): ReturnType<typeof webex.credentials.getUserToken> =>
        webex.credentials.getUserToken(scope);
      const [one, two] = await Promise.all([
        ask('spark:people_read spark:rooms_read'),
        ask(['spark:rooms_read', 'spark:people_read']),
      ]);
      expect(one.access_token).not.toBe(full);
      expect(two.access_token).toBe(one.access_token);
      expect(one.scope?.split(' ').sort()).toEqual(['spark:people_read', 'spark:rooms_read']);
      expect([one.canRefresh, one.refresh_token]).toEqual([false, undefined]);
      expect((await ask('spark:rooms_read spark:people_read')).access_token).toBe(one.access_token);
      expect(emulator.ledger.count(REDUCTION)).toBe(1);
      expect((await ask('spark:people_read')).access_token).not.toBe(one.access_token);
      expect(emulator.ledger.count(REDUCTION)).toBe(2);
      expect(await statusWith(one.access_token)).toBe(200);
      expect(webex.credentials.supertoken?.access_token).toBe(full);
    });

    it('gives the full token for all of its scopes, without asking Webex', async () => {
      const { init, signIn, emulator } = webexOf();
      const webex = init();
      await signIn(webex);
      const all = [...INTEGRATION.scopes].reverse().join(' ');
      const { access_token } = await webex.credentials.getUserToken(all);
      expect(access_token).toBe(webex.credentials.supertoken?.access_token);
      expect(emulator.ledger.count(REDUCTION)).toBe(0);
    });

    it('makes a new one after a refresh', async () => {
      const { init, signIn } = webexOf();
      const webex = init();
      await signIn(webex);
      const before = await webex.credentials.getUserToken('spark:people_read');
      await webex.credentials.refresh();
      const after = await webex.credentials.getUserToken('spark:people_read');
      expect(after.access_token).not.toBe(before.access_token);
      expect(await statusWith(after.access_token)).toBe(200);
    });

    it.each([
      { how: 'is refused', fault: { status: 400, body: { error: 'invalid_request' } } },
      { how: 'is refused as invalid_scope', fault: { status: 400, body: { error: 'invalid_scope' } } },
      { how: 'cannot be read', fault: { status: 200, body: '<html>' } },
      {
        how: 'gives more than was asked for',
        fault: {
          status: 200,
          body: { access_token: 'wide', token_type: 'Bearer', expires_in: 60, scope: 'spark:all' },
        },
      },
    ])('a reduction that $how is SCOPE_REDUCTION_FAILED, and never the full token', async ({ fault }) => {
      const { init, signIn, emulator } = webexOf();
      const webex = init();
      await signIn(webex);
      const broken = emulator.faults.add({ route: BROKER, ...fault });
      await expect(webex.credentials.getUserToken('spark:people_read')).rejects.toMatchObject({
        code: 'SCOPE_REDUCTION_FAILED',
      });
      expect(webex.canAuthorize).toBe(true);
      broken.remove();
      expect((await webex.credentials.getUserToken('spark:people_read')).scope).toBe('spark:people_read');
    });

    it('names the scopes that were not granted, and asks Webex nothing', async () => {
      const { init, signIn, emulator } = webexOf();
      const webex = init();
      await signIn(webex);
      const asked = webex.credentials.getUserToken('spark:people_read spark-admin:people_write');
      await expect(asked).rejects.toMatchObject({
        code: 'SCOPE_MISSING',
        missingScopes: ['spark-admin:people_write'],
        action: 'sign_in_again',
      });
      expect(emulator.ledger.count(REDUCTION)).toBe(0);
    });

    it('without a grant says so', async () => {
      const webex = webexOf().init();
      await webex.whenReady();
      for (const scope of [undefined, 'spark:people_read']) {
        await expect(webex.credentials.getUserToken(scope)).rejects.toMatchObject({
          code: 'GRANT_NOT_FOUND',
        });
      }
    });
  });

  it("getClientToken is the client's own, kept and not the supertoken", async () => {
    const { init, emulator } = webexOf();
    const webex = init({}, PRIVILEGED);
    await webex.whenReady();
    const token = await webex.credentials.getClientToken();
    expect(token.scope).toBe('webexsquare:admin');
    expect((await webex.credentials.getClientToken()).access_token).toBe(token.access_token);
    expect(emulator.ledger.count('client_credentials')).toBe(1);
    expect(webex.credentials.supertoken).toBeUndefined();
  });

  describe('getOrgId', () => {
    it.each(['opaque', 'jwt'] as const)('reads the organisation out of an %s token', async (tokenFormat) => {
      const { init, signIn } = webexOf();
      const webex = init(tokenFormat === 'jwt' ? { fetch: selfContained } : {});
      await signIn(webex);
      expect(webex.credentials.supertoken?.access_token.split('.')).toHaveLength(
        tokenFormat === 'jwt' ? 3 : 1,
      );
      expect(webex.credentials.getOrgId()).toBe(ORG);
    });

    it('says so where nothing tells it', async () => {
      const webex = webexOf().init();
      await webex.whenReady();
      expect(() => webex.credentials.getOrgId()).toThrow(
        expect.objectContaining({ code: 'GRANT_NOT_FOUND' }),
      );
    });
  });

  it('isUnverifiedGuest tells guests from people', async () => {
    const { init, signIn, emulator } = webexOf();
    const [guestIssuer] = emulator.guestIssuers;
    const person = init();
    await signIn(person);
    const guest = init();
    await guest.whenReady();
    const { jwt } = await guest.authorization.createJwt({
      issuer: guestIssuer?.issuer,
      secretId: guestIssuer?.secret,
      displayName: 'Guest',
    });
    await guest.authorization.requestAccessTokenFromJwt({ jwt });
    expect([person.credentials.isUnverifiedGuest, guest.credentials.isUnverifiedGuest]).toEqual([
      false,
      true,
    ]);
  });

  it('invalidate forgets it here and revokes nothing', async () => {
    const { init, signIn, emulator } = webexOf();
    const webex = init();
    await signIn(webex);
    const token = webex.credentials.supertoken?.access_token ?? '';
    await webex.credentials.invalidate();
    expect([webex.credentials.supertoken, webex.canAuthorize]).toEqual([undefined, false]);
    expect(emulator.ledger.count(REVOKE)).toBe(0);
    expect(await statusWith(token)).toBe(200);
  });

  it('logout revokes it at Webex, awaited, the reduced tokens too, and then forgets', async () => {
    const { init, signIn } = webexOf();
    const webex = init();
    await signIn(webex);
    const full = webex.credentials.supertoken?.access_token ?? '';
    const { access_token: reduced } = await webex.credentials.getUserToken('spark:people_read');
    expect(await webex.logout()).toEqual({ existed: true, revoked: true });
    expect([await statusWith(full), await statusWith(reduced)]).toEqual([401, 401]);
    expect([webex.credentials.supertoken, webex.canAuthorize]).toEqual([undefined, false]);
    expect(await webex.logout()).toEqual({ existed: false, revoked: false });
  });

  it('logout is honest when Webex does not confirm', async () => {
    const { init, signIn, emulator } = webexOf();
    const webex = init();
    await signIn(webex);
    emulator.faults.add({ route: REVOKE, status: 503 });
    expect(await webex.logout()).toEqual({ existed: true, revoked: false, error: 'SERVICE_UNAVAILABLE' });
    expect(webex.credentials.supertoken).toBeUndefined();
  });
});

/** The network as it is, but that every token is asked for in its self-contained form. */
const selfContained: Fetch = (url, init) => {
  const form = typeof init.body === 'string' && url.endsWith('/access_token');
  const body = form ? `${String(init.body)}&self_contained_token=true` : init.body;
  return fetch(url, { ...init, body } as RequestInit);
};
