import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { EmulatorClient, EmulatorOptions, IdTokenFault } from '../../src/emulator/emulator.js';
import {
  AccessDeniedError,
  KeyRing,
  memoryStore,
  PersonMismatchError,
  StateMismatchError,
  type Webex,
  type WebexAuth,
} from '../../src/index.js';
import type { Emulated } from '../support/emulated.js';
import { movableClock } from '../support/movable-clock.js';
import { clientOf, onTheWire } from './on-the-wire.js';
import { credentialsOf, emulatedForTest, openAuth, readyWebex, signIn, webexOf, whoHas } from './started.js';

const EXCHANGE = 'authorization_code';

/** An authorization URL of the caller's own making, as for `requestAuthorizationCodeGrant`. */
function authorizeUrl({ client, endpoints }: Emulated, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    scope: 'spark:people_read',
    state: 'checked-by-the-caller',
    ...more,
  });
  return `${endpoints.authorizationEndpoint}?${String(query)}`;
}

async function codeOf(emulated: Emulated, user?: string, more?: Record<string, string>): Promise<string> {
  const callback = await emulated.emulator.signIn(authorizeUrl(emulated, more), { ...(user && { user }) });
  return new URL(callback).searchParams.get('code') ?? '';
}

/** A login of WebexAuth up to the callback: what the browser would ask for next. */
async function callbackOf(auth: WebexAuth, { emulator }: Emulated, user: string): Promise<Request> {
  const begun = await auth.handler(new Request('http://localhost/login'));
  const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const callback = await emulator.signIn(begun.headers.get('location') ?? '', { user });
  return new Request(callback, { headers: { cookie } });
}

function nothingStored(webex: Webex): void {
  expect([webex.canAuthorize, webex.credentials.supertoken]).toEqual([false, undefined]);
}

describe('2.1, 3.1–3.3 code grant', () => {
  describe('state', () => {
    it('is made: another one for each login, too long to be guessed', async () => {
      const webex = await webexOf(await emulatedForTest());
      const logins = await Promise.all(Array.from({ length: 50 }, () => webex.authorization.initiateLogin()));
      const states = logins.map(({ url }) => new URL(url).searchParams.get('state') ?? '');
      expect(new Set(states).size).toBe(50);
      for (const state of states) expect(Buffer.from(state, 'base64url').length).toBeGreaterThanOrEqual(16);
    });

    it.each([
      ['is another one', (callback: URL) => callback.searchParams.set('state', 'x'), 'STATE_MISMATCH'],
      ['is missing', (callback: URL) => callback.searchParams.delete('state'), 'STATE_MISMATCH'],
      [
        'is there twice',
        (callback: URL) => callback.searchParams.append('state', 'x'),
        'AUTHORIZATION_RESPONSE_INVALID',
      ],
    ])('is checked: when it %s, nothing is exchanged', async (_, spoil, code) => {
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated);
      const { url, transaction } = await webex.authorization.initiateLogin();
      const callback = new URL(await emulated.emulator.signIn(url));
      spoil(callback);
      await expect(webex.authorization.completeLogin(callback, transaction)).rejects.toMatchObject({ code });
      expect(emulated.emulator.ledger.count(EXCHANGE)).toBe(0);
      nothingStored(webex);
    });

    it("is checked: another login's callback does not fit", async () => {
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated);
      const mine = await webex.authorization.initiateLogin();
      const theirs = await webex.authorization.initiateLogin();
      const callback = await emulated.emulator.signIn(theirs.url);
      await expect(webex.authorization.completeLogin(callback, mine.transaction)).rejects.toBeInstanceOf(
        StateMismatchError,
      );
      await webex.authorization.completeLogin(callback, theirs.transaction);
      expect(webex.canAuthorize).toBe(true);
    });

    it('serves once, and not for longer than the login may take', async () => {
      const clock = movableClock();
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated, { clock });
      const login = await webex.authorization.initiateLogin();
      const callback = await emulated.emulator.signIn(login.url);
      await webex.authorization.completeLogin(callback, login.transaction);
      await expect(webex.authorization.completeLogin(callback, login.transaction)).rejects.toMatchObject({
        code: 'STATE_USED',
      });
      const late = await webex.authorization.initiateLogin();
      const lateCallback = await emulated.emulator.signIn(late.url);
      clock.jump(600_001);
      await expect(webex.authorization.completeLogin(lateCallback, late.transaction)).rejects.toMatchObject({
        code: 'STATE_EXPIRED',
      });
      expect(emulated.emulator.ledger.count(EXCHANGE)).toBe(1);
    });
  });

  describe('PKCE', () => {
    it('is made: S256 of a verifier that goes to the token endpoint alone', async () => {
      const emulated = await emulatedForTest();
      const { fetch, exchanges } = onTheWire();
      const webex = await webexOf(emulated, { fetch });
      const { url, transaction } = await webex.authorization.initiateLogin();
      const asked = new URL(url).searchParams;
      expect(asked.get('code_challenge_method')).toBe('S256');
      const callback = await emulated.emulator.signIn(url);
      await webex.authorization.completeLogin(callback, transaction);
      const verifier = exchanges()[0]?.form.get('code_verifier') ?? '';
      expect(verifier).toMatch(/^[\w.~-]{43,128}$/);
      expect(createHash('sha256').update(verifier).digest('base64url')).toBe(asked.get('code_challenge'));
      for (const public_ of [url, callback, transaction]) expect(public_).not.toContain(verifier);
    });

    it.each([
      ['a wrong verifier', 'w'.repeat(43)],
      ['no verifier', undefined],
    ])('is checked: %s gets nothing for the code', async (_, codeVerifier) => {
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated);
      const code = await codeOf(emulated, undefined, {
        code_challenge: createHash('sha256').update('v'.repeat(43)).digest('base64url'),
        code_challenge_method: 'S256',
      });
      const exchange = webex.authorization.requestAuthorizationCodeGrant({
        code,
        ...(codeVerifier && { codeVerifier }),
      });
      await expect(exchange).rejects.toMatchObject({ code: 'INVALID_GRANT', action: 'sign_in_again' });
      nothingStored(webex);
    });
  });

  describe('error callbacks are typed', () => {
    it('a person who declines', async () => {
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated);
      await expect(signIn(webex, emulated, { deny: true })).rejects.toBeInstanceOf(AccessDeniedError);
      nothingStored(webex);
    });

    it('a scope that is not registered, as Webex sends it back', async () => {
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated);
      await expect(signIn(webex, emulated, { scope: ['spark:unheard_of'] })).rejects.toMatchObject({
        code: 'INVALID_SCOPE',
        action: 'fix_configuration',
      });
    });

    it.each([
      ['access_denied', 'ACCESS_DENIED'],
      ['login_required', 'LOGIN_REQUIRED'],
      ['invalid_scope', 'INVALID_SCOPE'],
      ['invalid_request', 'INVALID_REQUEST'],
      ['invalid_client', 'INVALID_CLIENT'],
      ['unauthorized_client', 'UNAUTHORIZED_CLIENT'],
      ['unsupported_response_type', 'INVALID_REQUEST'],
      ['server_error', 'AUTHORIZATION_SERVER_ERROR'],
      ['temporarily_unavailable', 'AUTHORIZATION_SERVER_ERROR'],
      ['something_new', 'AUTHORIZATION_SERVER_ERROR'],
    ])('%s is %s, without a word of what the redirect says', async (error, code) => {
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated);
      const { state, transaction } = await webex.authorization.initiateLogin();
      const callback = new URL(emulated.client.redirectUri);
      callback.search = String(new URLSearchParams({ error, error_description: 'canary-text', state }));
      const failure: unknown = await webex.authorization
        .completeLogin(callback, transaction)
        .catch((reason: unknown) => reason);
      expect(failure).toMatchObject({ code });
      expect(String((failure as Error).stack)).not.toContain('canary-text');
      expect(emulated.emulator.ledger.count(EXCHANGE)).toBe(0);
    });

    it('an error with a state of nobody is not believed', async () => {
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated);
      const { transaction } = await webex.authorization.initiateLogin();
      const callback = `${emulated.client.redirectUri}?error=access_denied&state=x`;
      await expect(webex.authorization.completeLogin(callback, transaction)).rejects.toMatchObject({
        code: 'STATE_MISMATCH',
      });
    });
  });

  describe('exchange', () => {
    it('requestAuthorizationCodeGrant({ code }) stores the grant; Webex takes a code once', async () => {
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated);
      const code = await codeOf(emulated);
      const supertoken = await webex.authorization.requestAuthorizationCodeGrant({ code });
      expect(webex.credentials.supertoken?.access_token).toBe(supertoken.access_token);
      expect((await webex.fetch('/people/me')).status).toBe(200);
      await expect(webex.authorization.requestAuthorizationCodeGrant({ code })).rejects.toMatchObject({
        code: 'INVALID_GRANT',
      });
    });

    it('says what is missing when it is given no code', async () => {
      const webex = await webexOf(await emulatedForTest());
      for (const options of [{ code: '' }, {} as { code: string }]) {
        await expect(webex.authorization.requestAuthorizationCodeGrant(options)).rejects.toMatchObject({
          code: 'CONFIGURATION_INVALID',
          problems: [{ setting: 'code' }],
        });
      }
    });

    it('parallel exchanges of different codes on one Webex never mix', async () => {
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated);
      const users = [...emulated.emulator.users, ...emulated.emulator.users];
      const codes = await Promise.all(users.map(({ email }) => codeOf(emulated, email)));
      const supertokens = await Promise.all(
        codes.map((code) => webex.authorization.requestAuthorizationCodeGrant({ code })),
      );
      const people = await Promise.all(
        supertokens.map(async ({ access_token }) => (await whoHas(access_token, emulated)).emails[0]),
      );
      expect(people).toEqual(users.map(({ email }) => email));
      expect(emulated.emulator.ledger.count(EXCHANGE)).toBe(users.length);
      expect(supertokens.map(({ access_token }) => access_token)).toContain(
        webex.credentials.supertoken?.access_token,
      );
    });

    it('parallel logins of different people stay apart, and one subject never changes hands', async () => {
      const emulated = await emulatedForTest();
      const auth = await openAuth(emulated);
      const { users } = emulated.emulator;
      const callbacks = await Promise.all(users.map(({ email }) => callbackOf(auth, emulated, email)));
      const answers = await Promise.all(callbacks.map((request) => auth.handler(request)));
      expect(answers.map(({ status }) => status)).toEqual(users.map(() => 303));
      for (const { subject } of await auth.grants.list()) {
        const { accessToken } = await auth.token(subject);
        const { id } = await whoHas(accessToken, emulated);
        expect((await auth.grants.get(subject))?.person?.id).toBe(id);
      }
      expect(await auth.grants.list()).toHaveLength(users.length);

      const webex = await webexOf(emulated);
      const [ada, grace] = users;
      await signIn(webex, emulated, { user: ada?.email ?? '' });
      await expect(signIn(webex, emulated, { user: grace?.email ?? '' })).rejects.toBeInstanceOf(
        PersonMismatchError,
      );
      const { access_token = '' } = webex.credentials.supertoken ?? {};
      expect((await whoHas(access_token, emulated)).emails).toEqual([ada?.email]);
    });

    it('two instances with different clients share nothing', async () => {
      const clients: EmulatorClient[] = ['aa', 'bb'].map((pair) => ({
        clientId: `C${pair.repeat(32)}`,
        clientSecret: `5ec2${pair}`.repeat(8),
        redirectUris: [`http://127.0.0.1:8787/${pair}`],
        scopes: ['spark:people_read'],
      }));
      const emulated = await emulatedForTest({ clients });
      const { ledger } = emulated.emulator;
      const wires = clients.map(() => onTheWire());
      const instances = await Promise.all(
        clients.map(({ clientId, clientSecret, redirectUris }, at) =>
          readyWebex({
            credentials: {
              client_id: clientId,
              client_secret: clientSecret,
              redirect_uri: redirectUris[0],
              scope: 'spark:people_read',
            },
            endpoints: emulated.endpoints,
            fetch: wires[at]?.fetch,
          }),
        ),
      );
      const [first, second] = instances;
      // Begun in one order and finished in the other, side by side.
      const logins = await Promise.all(instances.map((webex) => webex.authorization.initiateLogin()));
      const finished = logins.map(async ({ url, transaction }, at) =>
        instances[at]?.authorization.completeLogin(await emulated.emulator.signIn(url), transaction),
      );
      await Promise.all(finished.reverse());
      await Promise.all(instances.map((webex) => webex.refresh()));
      const seen = (grantType: string): unknown[] =>
        ledger.find(grantType).map(({ clientId, status }) => `${clientId ?? ''} ${String(status)}`);
      const both = clients.map(({ clientId }) => `${clientId} 200`);
      expect(seen(EXCHANGE).sort()).toEqual(both);
      expect(seen('refresh_token').sort()).toEqual(both);
      for (const [at, { exchanges }] of wires.entries()) {
        const { clientId: id, clientSecret: secret, redirectUris } = clients[at] ?? {};
        expect(exchanges().map(clientOf)).toEqual([1, 2].map(() => ({ by: 'form', id, secret })));
        expect(exchanges()[0]?.form.get('redirect_uri')).toBe(redirectUris?.[0]);
      }
      await first?.logout();
      expect([first?.canAuthorize, second?.canAuthorize]).toEqual([false, true]);
      expect((await second?.fetch('/people/me'))?.status).toBe(200);
    });
  });

  describe('the response is validated', () => {
    const good = { access_token: 'abc', expires_in: 60, token_type: 'Bearer' };
    const bodies: [string, object, string][] = [
      ['no access token', { body: { ...good, access_token: undefined } }, 'PROTOCOL_ERROR'],
      ['a token that no header can carry', { body: { ...good, access_token: 'a b' } }, 'PROTOCOL_ERROR'],
      ['a token that is a number', { body: { ...good, access_token: 7 } }, 'PROTOCOL_ERROR'],
      ['tokens of another kind', { body: { ...good, token_type: 'MAC' } }, 'PROTOCOL_ERROR'],
      ['a page', { body: '<html></html>', headers: { 'content-type': 'text/html' } }, 'PROTOCOL_ERROR'],
      ['half an answer', { malformed: true }, 'PROTOCOL_ERROR'],
      ['a list', { body: [good] }, 'PROTOCOL_ERROR'],
      ['a redirect', { status: 302, body: '', headers: { location: '/elsewhere' } }, 'PROTOCOL_ERROR'],
      ['too much', { body: { ...good, more: 'x'.repeat(2 ** 20) } }, 'RESPONSE_TOO_LARGE'],
      ['an outage', { status: 503 }, 'SERVICE_UNAVAILABLE'],
      ['a limit', { retryAfter: 7 }, 'RATE_LIMITED'],
      ['nothing', { resetBefore: true }, 'NETWORK_ERROR'],
    ];

    it.each(bodies)('%s: nothing is stored, and the error says so', async (_, fault, code) => {
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated);
      emulated.emulator.faults.add({
        route: 'POST /v1/access_token',
        ...('body' in fault && !('status' in fault) && { status: 200 }),
        ...fault,
      });
      await expect(signIn(webex, emulated)).rejects.toMatchObject({ code });
      nothingStored(webex);
    });

    it('a missing token_type means Bearer, and unknown members are nothing to worry about', async () => {
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated);
      const body = { access_token: 'abc', expires_in: 60, new_at_webex: { nested: true } };
      emulated.emulator.faults.add({ route: 'POST /v1/access_token', status: 200, body });
      expect(await signIn(webex, emulated)).toMatchObject({ token_type: 'Bearer', expires_in: 60 });
    });
  });

  describe('the client shows itself', () => {
    const broker = ({ endpoints }: Emulated): object => ({
      ...endpoints,
      authorizationEndpoint: endpoints.idbrokerAuthorizationEndpoint,
      tokenEndpoint: endpoints.idbrokerTokenEndpoint,
    });
    const PUBLIC = '/v1/access_token';
    const BROKER = '/idb/oauth2/v1/access_token';

    it.each([
      ['with id and secret in the form at the public endpoint', PUBLIC, undefined, 'form'],
      ["with Basic at the identity broker's", BROKER, undefined, 'basic'],
      ['with Basic where clientAuthentication says so', PUBLIC, 'client_secret_basic', 'basic'],
      ['in the form where clientAuthentication says so', BROKER, 'client_secret_post', 'form'],
    ] as const)('%s', async (_, path, clientAuthentication, by) => {
      const emulated = await emulatedForTest();
      const { fetch, exchanges } = onTheWire();
      const webex = await webexOf(emulated, {
        fetch,
        credentials: { ...credentialsOf(emulated), clientAuthentication },
        ...(path === BROKER && { endpoints: broker(emulated) }),
      });
      await signIn(webex, emulated);
      await webex.refresh();
      const { clientId: id, clientSecret: secret } = emulated.client;
      expect(exchanges().map((sent) => [sent.path, clientOf(sent)])).toEqual(
        [1, 2].map(() => [path, { by, id, secret }]),
      );
      expect(exchanges().map(({ form }) => form.get('grant_type'))).toEqual([EXCHANGE, 'refresh_token']);
    });

    it('with the older secret while a new one is being put in place', async () => {
      const emulated = await emulatedForTest();
      const { client_secret, ...client } = credentialsOf(emulated);
      const webex = await webexOf(emulated, {
        credentials: { ...client, client_secret: ['not-known-at-webex-yet', client_secret] },
      });
      await signIn(webex, emulated);
      expect((await webex.refresh()).isExpired).toBe(false);
    });

    it('and where Webex does not know its secret, nothing is stored', async () => {
      const emulated = await emulatedForTest();
      const credentials = { ...credentialsOf(emulated), client_secret: 'of-yesterday' };
      const webex = await webexOf(emulated, { credentials });
      const failure: unknown = await signIn(webex, emulated).catch((reason: unknown) => reason);
      expect(failure).toMatchObject({ code: 'INVALID_CLIENT', action: 'fix_client_secret' });
      expect(String((failure as Error).stack)).not.toContain('of-yesterday');
      nothingStored(webex);
    });
  });

  describe('signing in with openid', () => {
    const OPENID = ['openid', 'email', 'profile', 'spark:people_read'];
    const REGIONS: EmulatorOptions = {
      regions: ['us', 'eu'],
      users: [
        { email: 'ada@example.com', displayName: 'Ada Example' },
        { email: 'eva@example.com', displayName: 'Eva Elsewhere', region: 'eu' },
      ],
    };
    const claimsOf = (idToken = ''): Record<string, unknown> =>
      JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

    it.each([
      ['home', 'us', 'ada@example.com'],
      ['another region', 'eu', 'eva@example.com'],
    ])('checks and keeps the ID token of a person of %s', async (_, region, user) => {
      const emulated = await emulatedForTest(REGIONS);
      const webex = await webexOf(emulated);
      const { url, transaction } = await webex.authorization.initiateLogin({ scope: OPENID });
      const nonce = new URL(url).searchParams.get('nonce');
      const callback = await emulated.emulator.signIn(url, { user });
      const { supertoken } = await webex.authorization.completeLogin(callback, transaction);
      const claims = claimsOf(supertoken.id_token);
      expect(claims).toMatchObject({
        iss: emulated.emulator.regions[region]?.issuer,
        aud: emulated.client.clientId,
        nonce,
      });
      expect(nonce?.length).toBeGreaterThan(20);
      const { id } = await whoHas(supertoken.access_token, emulated);
      expect(supertoken.person?.id).toBe(id);
    });

    it('knows the person where the scopes do not reach people/me', async () => {
      const emulated = await emulatedForTest(REGIONS);
      const webex = await webexOf(emulated);
      const scope = ['openid', 'email', 'profile'];
      const { person } = await signIn(webex, emulated, { scope, user: 'eva@example.com' });
      expect(person?.displayName).toBe('Eva Elsewhere');
      expect(emulated.emulator.ledger.count('GET /v1/people/me')).toBe(0);
    });

    it('refuses a token of somebody else than the ID token names; nothing is stored', async () => {
      const emulated = await emulatedForTest(REGIONS);
      const webex = await webexOf(emulated);
      const [, eva] = emulated.emulator.users;
      emulated.emulator.faults.add({ route: 'GET /v1/userinfo', status: 200, body: { sub: eva?.id } });
      await expect(
        signIn(webex, emulated, { scope: ['openid', 'email'], user: 'ada@example.com' }),
      ).rejects.toMatchObject({ code: 'ID_TOKEN_INVALID', action: 'sign_in_again' });
      expect(webex.credentials.supertoken).toBeUndefined();
    });

    it.each<[IdTokenFault]>([
      ['wrong-issuer'],
      ['wrong-audience'],
      ['expired'],
      ['wrong-nonce'],
      ['bad-signature'],
      ['unknown-key'],
      ['alg-none'],
      ['missing'],
      ['hs256'],
    ])('refuses an ID token that is wrong in one way: %s; nothing is stored', async (fault) => {
      const emulated = await emulatedForTest(REGIONS);
      const webex = await webexOf(emulated);
      emulated.emulator.setIdTokenFault(fault);
      await expect(signIn(webex, emulated, { scope: OPENID })).rejects.toMatchObject({
        code: 'ID_TOKEN_INVALID',
        action: 'sign_in_again',
      });
      nothingStored(webex);
      emulated.emulator.setIdTokenFault(undefined);
      expect((await signIn(webex, emulated, { scope: OPENID })).id_token).toBeDefined();
    });

    it('refuses it in the login handler, too', async () => {
      const emulated = await emulatedForTest(REGIONS);
      const client = { ...emulated.client, scope: OPENID };
      const auth = await openAuth(emulated, { client, store: memoryStore(), keys: KeyRing.ephemeral() });
      emulated.emulator.setIdTokenFault('wrong-nonce');
      const refused = await auth.handler(await callbackOf(auth, emulated, 'ada@example.com'));
      expect(await refused.text()).toContain('ID_TOKEN_INVALID');
      expect(await auth.grants.list()).toEqual([]);
    });

    it('checks the one of a code that is exchanged by itself; a wrong one stores nothing', async () => {
      const emulated = await emulatedForTest(REGIONS);
      const webex = await webexOf(emulated);
      const code = async (): Promise<string> => {
        const back = await emulated.emulator.signIn(
          webex.credentials.buildLoginUrl({ scope: OPENID, state: { to: '/' }, nonce: 'n-1' }),
        );
        return new URL(back).searchParams.get('code') ?? '';
      };
      emulated.emulator.setIdTokenFault('bad-signature');
      const exchange = webex.authorization.requestAuthorizationCodeGrant({ code: await code() });
      await expect(exchange).rejects.toMatchObject({ code: 'ID_TOKEN_INVALID', action: 'sign_in_again' });
      expect(webex.credentials.supertoken).toBeUndefined();
      emulated.emulator.setIdTokenFault(undefined);
      const { id_token } = await webex.authorization.requestAuthorizationCodeGrant({ code: await code() });
      expect(claimsOf(id_token)).toHaveProperty('sub');
    });

    it('keeps the one that was checked when a refresh brings another', async () => {
      const emulated = await emulatedForTest(REGIONS);
      const webex = await webexOf(emulated);
      const { id_token, access_token, scope } = await signIn(webex, emulated, { scope: OPENID });
      emulated.emulator.faults.add({
        route: 'POST /v1/access_token',
        status: 200,
        body: {
          access_token: `${access_token}x`,
          token_type: 'Bearer',
          expires_in: 9_000,
          scope,
          id_token: 'e30.e30.eA',
        },
      });
      const renewed = await webex.refresh();
      expect([renewed.access_token, renewed.id_token]).toEqual([`${access_token}x`, id_token]);
      expect(id_token).toBeDefined();
    });

    it('asks for none without openid, and minds none', async () => {
      const emulated = await emulatedForTest(REGIONS);
      const webex = await webexOf(emulated);
      emulated.emulator.setIdTokenFault('bad-signature');
      expect((await signIn(webex, emulated)).id_token).toBeUndefined();
    });
  });
});
