import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import type { Fetch } from '../../../src/base/fetch.js';
import { AccessDeniedError, InvalidGrantError, TimeoutError } from '../../../src/errors.js';
import { clientSecretBasic, clientSecretPost } from '../../../src/oauth/client-authentication.js';
import {
  requestDeviceAuthorization,
  type DeviceAuthorization,
} from '../../../src/oauth/device-authorization.js';
import { pollDeviceToken } from '../../../src/oauth/grants/device-code.js';
import { TokenEndpoint } from '../../../src/oauth/token-endpoint.js';
import type { TokenSet } from '../../../src/oauth/token-set.js';
import { startOidcServer, type OidcServer } from '../../support/oidc-server.js';

const overHttp: Fetch = (url, { body, signal, ...init }) =>
  fetch(url, { ...init, body: String(body), ...(signal && { signal }) });

/** The machine's time, with sleeps that pass at once. */
function skippingClock() {
  let skipped = 0;
  return {
    now: () => systemClock.now() + skipped,
    monotonic: () => systemClock.monotonic() + skipped,
    sleep: async (ms: number) => void (skipped += ms),
  };
}

describe.each([
  { clientAuthentication: 'client_secret_basic', authenticate: clientSecretBasic },
  { clientAuthentication: 'client_secret_post', authenticate: clientSecretPost },
] as const)('device grant against oidc-provider, $clientAuthentication', (mode) => {
  const scope = ['spark:people_read', 'spark:kms'];
  let oidc: OidcServer;
  beforeAll(async () => void (oidc = await startOidcServer({ ...mode, rotate: false })));
  afterAll(() => oidc.close());

  const ask = (): Promise<DeviceAuthorization> =>
    requestDeviceAuthorization({
      endpoint: oidc.deviceAuthorizationEndpoint,
      clientId: oidc.clientId,
      authenticate: mode.authenticate(oidc.clientSecret),
      scope,
      fetch: overHttp,
      clock: systemClock,
    });
  const poll = (
    authorization: DeviceAuthorization,
    { onPoll, fetch = overHttp }: { onPoll?: () => void; fetch?: Fetch } = {},
  ): Promise<TokenSet> => {
    const endpoint = new TokenEndpoint({
      server: oidc.server,
      clientId: oidc.clientId,
      authenticate: mode.authenticate(oidc.clientSecret),
      fetch,
      clock: systemClock,
    });
    return pollDeviceToken(endpoint, authorization, { clock: skippingClock(), onPoll });
  };
  const completeUri = ({ verificationUriComplete }: DeviceAuthorization): string => {
    if (verificationUriComplete === undefined) throw new Error('no complete address');
    return verificationUriComplete;
  };

  test('pending until the person allows it', async () => {
    const authorization = await ask();
    expect(authorization).toMatchObject({
      intervalMs: 5_000,
      userCode: expect.stringMatching(/^\d{6}$/) as string,
    });
    let decided: Promise<void> | undefined;
    let polls = 0;
    const waiting = poll(authorization, {
      onPoll: () => {
        if (++polls === 2) decided = oidc.decideDevice(completeUri(authorization), { login: 'ann' });
      },
      // The person is quicker than the third poll.
      fetch: async (url, init) => {
        await decided;
        return overHttp(url, init);
      },
    });
    const tokens = await waiting;
    expect(polls).toBe(2);
    expect(tokens.scope).toEqual(scope);
    expect(tokens.refreshToken).toBeTypeOf('string');
    expect(await oidc.isActive(tokens.accessToken)).toBe(true);
    await expect(poll(authorization)).rejects.toBeInstanceOf(InvalidGrantError);
  });

  test('the person says no', async () => {
    const authorization = await ask();
    await oidc.decideDevice(completeUri(authorization), { login: 'ann', abort: true });
    await expect(poll(authorization)).rejects.toBeInstanceOf(AccessDeniedError);
  });

  test('tokens that were lost on the way: the second poll gets none, and the server ends the first', async () => {
    const authorization = await ask();
    await oidc.decideDevice(completeUri(authorization), { login: 'ann' });
    const lost: string[] = [];
    const losing: Fetch = async (url, init) => {
      const response = await overHttp(url, init);
      if (!response.ok) return response;
      lost.push(((await response.json()) as { access_token: string }).access_token);
      throw new TimeoutError('too late');
    };
    await expect(poll(authorization, { fetch: losing })).rejects.toBeInstanceOf(InvalidGrantError);
    expect(lost).toHaveLength(1);
    expect(await oidc.isActive(lost[0] ?? '')).toBe(false);
  });
});
