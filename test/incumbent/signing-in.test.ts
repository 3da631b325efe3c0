// The defects of Webex's own SDK on Node.js, one by one (docs/coming-from-webex-js-sdk.md): signing in and out.
import { describe, expect, it } from 'vitest';
import { Webex, type Fetch, type Supertoken, type WebexOptions } from '../../src/index.js';
import { CLIENT, MACHINE, probe } from '../emulator/emulator-client.js';
import { startRig, unhandledDuring, type Rig } from './rig.js';

const REVOKE = 'POST /idb/oauth2/v1/revoke';

/** A fetch that keeps the forms that went out. */
function recordingFetch(): { fetch: Fetch; forms: (Record<string, string> & { url: string })[] } {
  const forms: (Record<string, string> & { url: string })[] = [];
  const fetch: Fetch = (url, init) => {
    const text = init.body instanceof Uint8Array ? Buffer.from(init.body).toString() : init.body;
    if (typeof text === 'string') forms.push({ ...Object.fromEntries(new URLSearchParams(text)), url });
    return globalThis.fetch(url, init as RequestInit);
  };
  return { fetch, forms };
}

describe('defect 4: logout() tells Webex, and the process lives', () => {
  it('revokes, awaited, then knows nothing more', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    const { access_token = '' } = webex.credentials.supertoken ?? {};
    expect(await probe(rig.emulator, access_token)).toBe(200);
    const unhandled = await unhandledDuring(async () => {
      expect(await webex.logout()).toEqual({ existed: true, revoked: true });
    });
    expect(unhandled).toEqual([]);
    expect(rig.emulator.ledger.find(REVOKE).map(({ status }) => status)).toEqual([200]);
    expect(await probe(rig.emulator, access_token)).toBe(401);
    expect(webex.canAuthorize).toBe(false);
  });

  it.each([
    ['answers 500', { status: 500 }, 'SERVICE_UNAVAILABLE'],
    ['resets', { resetBefore: true as const }, 'NETWORK_ERROR'],
  ])('forgets the grant and says so honestly where Webex %s', async (_, fault, error) => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    rig.emulator.faults.add({ route: REVOKE, ...fault });
    const unhandled = await unhandledDuring(async () => {
      expect(await webex.logout()).toEqual({ existed: true, revoked: false, error });
    });
    expect(unhandled).toEqual([]);
    expect([webex.canAuthorize, webex.credentials.supertoken]).toEqual([false, undefined]);
  });
});

describe('defect 5: two instances share nothing', () => {
  const other = (rig: Rig): Partial<WebexOptions> => ({
    credentials: {
      client_id: MACHINE.clientId,
      client_secret: MACHINE.clientSecret,
      redirect_uri: MACHINE.redirectUris[0],
      scope: MACHINE.scopes,
    },
    endpoints: { ...rig.endpoints, apiBase: `${rig.emulator.url}/other` },
  });

  it('each posts its own client, secret and redirect URI', async () => {
    const rig = await startRig();
    const [ofA, ofB] = [recordingFetch(), recordingFetch()];
    const a = await rig.open({ fetch: ofA.fetch });
    const b = await rig.open({ ...other(rig), endpoints: rig.endpoints, fetch: ofB.fetch });
    await Promise.all([rig.signIn(b), rig.signIn(a)]);
    await Promise.all([a.refresh(), b.refresh()]);
    const clients = ({ forms }: typeof ofA): unknown =>
      forms.map(({ grant_type, client_id, client_secret, redirect_uri }) => [
        grant_type,
        client_id,
        client_secret,
        redirect_uri,
      ]);
    expect(clients(ofA)).toEqual([
      ['authorization_code', CLIENT.clientId, CLIENT.clientSecret, CLIENT.redirectUris[0]],
      ['refresh_token', CLIENT.clientId, CLIENT.clientSecret, undefined],
    ]);
    expect(clients(ofB)).toEqual([
      ['authorization_code', MACHINE.clientId, MACHINE.clientSecret, MACHINE.redirectUris[0]],
      ['refresh_token', MACHINE.clientId, MACHINE.clientSecret, undefined],
    ]);
  });

  it('nor do their configuration, services and tokens', async () => {
    const rig = await startRig();
    const a = await rig.open();
    const before = [a.config, a.services.list(), a.credentials.buildLoginUrl()];
    const b = await rig.open(other(rig));
    await rig.signIn(b);
    b.setConfig({ credentials: { redirect_uri: 'http://127.0.0.1:5001/callback', scope: 'spark:all' } });
    await b.whenReady();
    expect([a.config, a.services.list(), a.credentials.buildLoginUrl()]).toEqual(before);
    expect([a.canAuthorize, a.credentials.supertoken]).toEqual([false, undefined]);
    expect(b.config.credentials.client_id).toBe(MACHINE.clientId);
  });

  it('and the options of the caller stay as they were', async () => {
    const rig = await startRig();
    const options = { credentials: { ...rig.credentials }, endpoints: rig.endpoints, clock: rig.clock };
    const frozen = JSON.stringify(options);
    const webex = rig.init(options);
    const parameters = Object.freeze({ state: { from: '/here' }, prompt: 'select_account' });
    webex.credentials.buildLoginUrl(parameters);
    expect(JSON.stringify(options)).toBe(frozen);
    expect(parameters).toEqual({ state: { from: '/here' }, prompt: 'select_account' });
  });
});

describe('defect 9: exchanges at once do not mix', () => {
  it('every code is presented, and every caller gets the token of its own', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    const people = rig.emulator.users.map(({ email }) => email);
    const codes: string[] = [];
    for (const email of people) codes.push(await rig.code(webex, email));
    const supertokens = await Promise.all(
      codes.map((code) => webex.authorization.requestAuthorizationCodeGrant({ code })),
    );
    expect(rig.emulator.ledger.count('authorization_code')).toBe(people.length);
    const emailOf = async ({ access_token }: Supertoken): Promise<unknown> => {
      const headers = { authorization: `Bearer ${access_token}` };
      const response = await fetch(`${rig.endpoints.apiBase}/people/me`, { headers });
      return ((await response.json()) as { emails?: string[] }).emails?.[0];
    };
    expect(await Promise.all(supertokens.map(emailOf))).toEqual(people);
  });
});

describe('defect 21: what is passed is checked, by the types and at run time', () => {
  it.each<[string, (webex: Webex) => unknown]>([
    [
      'requestAuthorizationCodeGrant',
      (webex) => call(webex.authorization, 'requestAuthorizationCodeGrant', {}),
    ],
    ['requestAccessTokenFromJwt', (webex) => call(webex.authorization, 'requestAccessTokenFromJwt', {})],
    ['createJwt', (webex) => call(webex.authorization, 'createJwt', { secretId: 7 })],
    ['buildLoginUrl', (webex) => call(webex.credentials, 'buildLoginUrl', { state: 'text' })],
    ['getUserToken', (webex) => call(webex.credentials, 'getUserToken', '')],
    ['request', (webex) => call(webex, 'request', {})],
  ])('%s says what is wrong', async (_, wrong) => {
    const webex = await (await startRig()).open();
    const run = async (): Promise<unknown> => wrong(webex);
    await expect(run()).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  });

  it('createJwt makes a JWT that lives an hour where nothing is said', async () => {
    const rig = await startRig();
    const [guestIssuer = { issuer: '', secret: '' }] = rig.emulator.guestIssuers;
    const webex = await rig.open();
    const { jwt } = await webex.authorization.createJwt({
      issuer: guestIssuer.issuer,
      secretId: guestIssuer.secret,
    });
    const { exp } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as {
      exp: number;
    };
    expect(exp).toBe(Math.floor(rig.clock.now() / 1000) + 3_600);
  });

  it('a misspelled setting is an error that names it', () => {
    const options = { credentials: { client_id: 'C', client_secert: 's' } };
    expect(() => Webex.init(options)).toThrow(/credentials\.client_secert/);
  });

  // As callers without TypeScript would.
  function call(target: object, method: string, argument: unknown): unknown {
    return (target as Record<string, (argument: unknown) => unknown>)[method]?.(argument);
  }
});
