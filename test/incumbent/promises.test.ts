// What Webex's own SDK does not keep on Node.js (docs/coming-from-webex-js-sdk.md): promises without code, and slips seen in its code.
import { describe, expect, it } from 'vitest';
import {
  InvalidClientError,
  isWebexAuthError,
  KeyRing,
  memoryStore,
  WebexAuth,
  type WebexAuthEvents,
} from '../../src/index.js';
import { tokensFrom } from '../emulator/emulator-client.js';
import { DAY, startRig } from './rig.js';

describe('seen in its code', () => {
  it('logout() leaves the lists of the caller as they are', async () => {
    const rig = await startRig();
    const onBeforeLogout = [(): string => 'first', (): string => 'second'];
    const given = [...onBeforeLogout];
    const webex = await rig.open({ config: { onBeforeLogout } });
    await rig.signIn(webex);
    await webex.logout();
    await webex.logout();
    expect(onBeforeLogout).toEqual(given);
  });

  it('client:InvalidRequestError is told when a grant has ended, and not for the trouble of the client', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    const told: WebexAuthEvents['unauthorized'][] = [];
    webex.on('client:InvalidRequestError', (payload) => told.push(payload));
    const body = { error: 'invalid_client' };
    rig.emulator.faults.add({ route: 'POST /v1/access_token', times: 1, status: 400, body });
    await expect(webex.refresh()).rejects.toBeInstanceOf(InvalidClientError);
    expect([told, webex.canAuthorize]).toEqual([[], true]);
    rig.emulator.revokeAll();
    await expect(webex.refresh()).rejects.toMatchObject({ code: 'REAUTH_REQUIRED' });
    expect(told).toEqual([{ subject: 'default', kind: 'dead', reason: 'revoked', action: 'sign_in_again' }]);
  });

  it.each([400, 401])('invalid_client with status %i is InvalidClientError', async (status) => {
    const rig = await startRig();
    const webex = await rig.open();
    const code = await rig.code(webex);
    rig.emulator.faults.add({ route: 'POST /v1/access_token', status, body: { error: 'invalid_client' } });
    await expect(webex.authorization.requestAuthorizationCodeGrant({ code })).rejects.toMatchObject({
      code: 'INVALID_CLIENT',
      action: 'fix_client_secret',
    });
  });

  it.each([undefined, '', '<html>', 'null', '[]'])(
    'a 400 with the body %j is a typed error',
    async (body) => {
      const rig = await startRig();
      const webex = await rig.open();
      const code = await rig.code(webex);
      rig.emulator.faults.add({ route: 'POST /v1/access_token', status: 400, body });
      const exchange = webex.authorization.requestAuthorizationCodeGrant({ code });
      const error: unknown = await exchange.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ status: 400 });
      expect(isWebexAuthError(error)).toBe(true);
    },
  );
});

describe('promised, and nowhere in its code', () => {
  it('state is checked before anything is exchanged, and PKCE is sent', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    const mine = await webex.authorization.initiateLogin();
    const other = await webex.authorization.initiateLogin();
    expect(new URL(mine.url).searchParams.get('code_challenge_method')).toBe('S256');
    const callback = await rig.emulator.signIn(other.url);
    await expect(webex.authorization.completeLogin(callback, mine.transaction)).rejects.toMatchObject({
      code: 'STATE_MISMATCH',
    });
    expect(rig.emulator.ledger.count('authorization_code')).toBe(0);
  });

  it('an error on the callback is a typed one', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    const { url, transaction } = await webex.authorization.initiateLogin();
    const callback = await rig.emulator.signIn(url, { deny: true });
    await expect(webex.authorization.completeLogin(callback, transaction)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    });
  });

  it('what the application adds to a token set is kept through a refresh', async () => {
    const rig = await startRig();
    const { client, endpoints, clock } = rig;
    const store = memoryStore({ clock });
    const auth = await WebexAuth.open({ client, endpoints, clock, store, keys: KeyRing.ephemeral() });
    const tokens = await tokensFrom(rig.emulator);
    await auth.grants.import('user-1', { ...tokens }, { custom: { plan: 'gold' } });
    await auth.refresh('user-1');
    const { supertoken } = (await auth.user('user-1')).credentials;
    expect(supertoken?.custom).toEqual({ plan: 'gold' });
    expect(supertoken?.access_token).not.toBe(tokens.access_token);
    await auth.close();
  });

  it('a scope can be required', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    expect(
      await webex.credentials.validate({ requireScope: ['meetings:write'], remote: false }),
    ).toMatchObject({
      valid: false,
      code: 'SCOPE_MISSING',
    });
  });

  it('the end of the refresh token counts: the grant is renewed before it', async () => {
    const rig = await startRig({ lifetimes: { accessToken: 14 * 86_400, refreshToken: 86_400 } });
    const webex = await rig.open();
    await rig.signIn(webex);
    const end = webex.credentials.supertoken?.refresh_token_expires ?? 0;
    await rig.until(webex, 'token:refresh', DAY);
    expect(rig.clock.now()).toBeLessThan(end);
  });

  it('ready comes after discovery', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    expect(rig.emulator.ledger.count('GET /u2c/api/v1/limited/catalog')).toBe(1);
    expect(webex.services.get('wdm')).toBe(`${rig.emulator.url}/wdm/api/v1`);
  });
});
