import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EmulatorClient } from '../../src/emulator/emulator.js';
import type { WebexAuth, WebexAuthEvents, WebexAuthOptions, ServiceAppEvent } from '../../src/index.js';
import type { Emulated } from '../support/emulated.js';
import { fakeClock, type FakeClock } from '../support/fake-clock.js';
import { movableClock } from '../support/movable-clock.js';
import { clientOf, onTheWire } from './on-the-wire.js';
import { credentialsOf, emulatedForTest, openAuth, readyWebex, signIn, webexOf, whoHas } from './started.js';

const OWN = 'client_credentials';
const DAY_MS = 86_400_000;
/** The organisation of Ada and Grace, and that of Linus. */
const ORG = 'fa4e0000-0000-4000-8000-000000000001';
const OTHER_ORG = 'fa4e0000-0000-4000-8000-000000000002';

/** A client to which Webex gives tokens of its own. */
const PRIVILEGED: EmulatorClient = {
  clientId: `C${'0b'.repeat(32)}`,
  clientSecret: 'decade'.repeat(10),
  redirectUris: ['http://127.0.0.1:8787/callback'],
  scopes: ['webexsquare:admin', 'spark:people_read', 'spark:rooms_read'],
  allowClientCredentials: true,
};

const SERVICE_APP: EmulatorClient = {
  clientId: `C${'0c'.repeat(32)}`,
  clientSecret: 'facade'.repeat(10),
  redirectUris: [],
  scopes: ['spark:people_read', 'spark:rooms_read', 'guest-issuer:write', 'guest-issuer:read'],
  name: 'Nightly report',
  serviceApp: true,
};

/** A service app with its owner's token, authorized in `orgs`. */
async function serviceApp({
  orgs = [ORG],
  ...options
}: {
  orgs?: string[];
} & Partial<WebexAuthOptions> = {}): Promise<{ emulated: Emulated; auth: WebexAuth }> {
  const { clock } = options;
  const emulated = await emulatedForTest({ clients: [SERVICE_APP], ...(clock && { clock }) });
  const { emulator } = emulated;
  const { clientId, clientSecret, scopes } = SERVICE_APP;
  for (const org of orgs) await emulator.authorizeServiceApp(clientId, org);
  const auth = await openAuth(emulated, {
    client: { clientId, clientSecret, scope: scopes },
    // A personal token lives 12 hours: a new one each time it is asked for.
    serviceApp: { ownerToken: () => emulator.issuePersonalToken() },
    ...options,
  });
  return { emulated, auth };
}

const publicOrg = (uuid: string): string =>
  Buffer.from(`ciscospark://us/ORGANIZATION/${uuid}`).toString('base64').replaceAll('=', '');

function next<Name extends keyof WebexAuthEvents>(
  auth: Pick<WebexAuth, 'once'>,
  name: Name,
): Promise<WebexAuthEvents[Name]> {
  return new Promise((resolve) => auth.once(name, resolve));
}

describe('2.3 client credentials', () => {
  describe('getClientToken()', () => {
    it('gives a token of the client itself, with the scope that is asked for', async () => {
      const emulated = await emulatedForTest({ clients: [PRIVILEGED] });
      const { fetch, exchanges } = onTheWire();
      const webex = await webexOf(emulated, { fetch });
      expect((await webex.credentials.getClientToken()).scope).toBe('webexsquare:admin');
      const both = await webex.credentials.getClientToken({ scope: 'spark:people_read spark:rooms_read' });
      expect(both.scope).toBe('spark:people_read spark:rooms_read');
      expect(exchanges().map(({ form }) => form.get('grant_type'))).toEqual([OWN, OWN]);
      expect(exchanges().map((sent) => clientOf(sent).id)).toEqual([1, 2].map(() => PRIVILEGED.clientId));
      // Its own token is nobody's sign-in.
      expect(webex.credentials.supertoken).toBeUndefined();
    });

    it('is cached: however often it is asked for, Webex is asked once', async () => {
      const emulated = await emulatedForTest({ clients: [PRIVILEGED] });
      const webex = await webexOf(emulated);
      const tokens = await Promise.all(Array.from({ length: 20 }, () => webex.credentials.getClientToken()));
      tokens.push(await webex.credentials.getClientToken());
      expect(new Set(tokens.map(({ access_token }) => access_token)).size).toBe(1);
      expect(emulated.emulator.ledger.count(OWN)).toBe(1);
    });

    it('is renewed when it ends, by asking again', async () => {
      const clock = movableClock();
      const emulated = await emulatedForTest({ clients: [PRIVILEGED], clock });
      const webex = await webexOf(emulated, { clock });
      const first = await webex.credentials.getClientToken();
      expect(first.canRefresh).toBe(true);
      clock.jump(15 * DAY_MS);
      const second = await webex.credentials.getClientToken();
      expect(second.access_token).not.toBe(first.access_token);
      expect([second.isExpired, emulated.emulator.ledger.count(OWN)]).toEqual([false, 2]);
      expect(emulated.emulator.ledger.count('refresh_token')).toBe(0);
    });

    it('an ordinary integration is told of service apps', async () => {
      const emulated = await emulatedForTest();
      const webex = await webexOf(emulated);
      await expect(webex.credentials.getClientToken()).rejects.toMatchObject({
        code: 'UNAUTHORIZED_CLIENT',
        action: 'fix_configuration',
        message: expect.stringContaining('service app') as string,
      });
    });

    it('one of many has it, too: auth.clientToken(scope)', async () => {
      const emulated = await emulatedForTest({ clients: [PRIVILEGED] });
      const auth = await openAuth(emulated);
      const { accessToken } = await auth.clientToken(['spark:people_read']);
      expect((await auth.clientToken(['spark:people_read'])).accessToken).toBe(accessToken);
      expect(emulated.emulator.ledger.count(OWN)).toBe(1);
    });
  });

  describe('service-app tokens', () => {
    it('are had per organisation, named by UUID or public id, once', async () => {
      const { emulated, auth } = await serviceApp({ orgs: [ORG, OTHER_ORG] });
      const one = await auth.serviceApp(ORG);
      const same = await auth.serviceApp(publicOrg(ORG));
      const other = await auth.serviceApp(OTHER_ORG);
      expect(same.subject).toBe(one.subject);
      for (const [webex, org] of [
        [one, ORG],
        [other, OTHER_ORG],
      ] as const) {
        const { body } = await webex.request<{ orgId: string }>({ resource: 'people/me' });
        expect(body.orgId).toBe(publicOrg(org));
        expect((await auth.grants.get(webex.subject))?.kind).toBe('service_app');
      }
      expect(emulated.emulator.ledger.count(({ path }) => /^\/v1\/applications\//.test(path))).toBe(2);
    });

    it('an organisation that did not authorize the app: ask its administrator', async () => {
      const { auth } = await serviceApp({ orgs: [ORG] });
      await expect(auth.serviceApp(OTHER_ORG)).rejects.toMatchObject({
        code: 'SERVICE_APP_NOT_AUTHORIZED',
        action: 'ask_admin',
      });
      expect(await auth.grants.list()).toEqual([]);
    });

    it("are renewed by their refresh token, and by the owner's where that is dead", async () => {
      const clock = movableClock();
      const { emulated, auth } = await serviceApp({ clock });
      const { ledger } = emulated.emulator;
      const webex = await auth.serviceApp(ORG);
      clock.jump(15 * DAY_MS);
      expect((await webex.fetch('/people/me')).status).toBe(200);
      expect(ledger.count('refresh_token')).toBe(1);
      const { supertoken } = webex.credentials;
      emulated.emulator.revokeToken(supertoken?.refresh_token ?? '');
      clock.jump(15 * DAY_MS);
      expect((await webex.fetch('/people/me')).status).toBe(200);
      expect(webex.credentials.supertoken?.refresh_token).not.toBe(supertoken?.refresh_token);
    });

    it('without an owner the error says what is missing', async () => {
      const { auth } = await serviceApp({ serviceApp: undefined });
      await expect(auth.serviceApp(ORG)).rejects.toMatchObject({
        problems: [{ setting: 'serviceApp.ownerToken' }],
      });
    });

    it('follow the webhooks: authorized is kept, deauthorized is forgotten, a wrong signature does nothing', async () => {
      const { emulated, auth } = await serviceApp({ orgs: [] });
      const secret = 'a secret between Webex and us';
      const events: (ServiceAppEvent | undefined | string)[] = [];
      const server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const body = Buffer.concat(chunks);
          const signature = String(request.headers['x-spark-signature']);
          const received = auth.receiveWebhook({ body, signature, secret });
          void received
            .then(
              (event) => events.push(event),
              (error: unknown) => events.push((error as { code: string }).code),
            )
            .finally(() => response.end());
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void server.close());
      const targetUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/webhook`;
      const { emulator } = emulated;
      emulator.registerWebhook({ targetUrl, secret });
      await emulator.authorizeServiceApp(SERVICE_APP.clientId, OTHER_ORG);
      expect(events).toMatchObject([{ event: 'authorized', orgId: OTHER_ORG }]);
      expect(await auth.grants.list()).toMatchObject([{ kind: 'service_app', state: 'live' }]);
      await emulator.deauthorizeServiceApp(SERVICE_APP.clientId, OTHER_ORG);
      expect(events[1]).toMatchObject({ event: 'deauthorized', orgId: OTHER_ORG });
      expect(await auth.grants.list()).toEqual([]);

      emulator.registerWebhook({ targetUrl, secret: 'of somebody else' });
      await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
      expect(events.slice(2).filter((event) => event === 'WEBHOOK_SIGNATURE_INVALID')).toHaveLength(1);
      expect(await auth.grants.list()).toHaveLength(1);
    });
  });

  describe('/guests/token', () => {
    it("makes guests with the service app's token; the same subject is the same guest, asked for once", async () => {
      const { emulated, auth } = await serviceApp();
      const guest = { subject: 'visitor 7', displayName: 'Visitor Seven', orgId: ORG };
      const webex = await auth.guest(guest);
      const again = await auth.guest(guest);
      expect(again.subject).toBe(webex.subject);
      expect(emulated.emulator.ledger.count('POST /v1/guests/token')).toBe(1);
      const me = await whoHas(webex.credentials.supertoken?.access_token ?? '', emulated);
      expect(me).toMatchObject({ displayName: 'Visitor Seven', type: 'appuser' });
      expect((await auth.grants.get(webex.subject))?.person?.id).toBe(me.id);
    });

    it("renews them without a person, and the service app's token with them", async () => {
      const clock = movableClock();
      const { emulated, auth } = await serviceApp({
        clock,
        serviceApp: { ownerToken: () => emulated.emulator.issuePersonalToken(), guestOrgId: ORG },
      });
      const webex = await auth.guest({ subject: 'visitor 7', displayName: 'Visitor Seven' });
      const first = webex.credentials.supertoken?.access_token;
      clock.jump(20 * DAY_MS);
      expect((await webex.fetch('/people/me')).status).toBe(200);
      expect(webex.credentials.supertoken?.access_token).not.toBe(first);
      expect(emulated.emulator.ledger.count('refresh_token')).toBe(1);
    });

    it('a new display name renames the guest', async () => {
      const { emulated, auth } = await serviceApp();
      const guest = { subject: 'visitor 7', orgId: ORG };
      const before = await auth.guest({ ...guest, displayName: 'Visitor Seven' });
      const id = (await auth.grants.get(before.subject))?.person?.id;
      const after = await auth.guest({ ...guest, displayName: 'Visitor 007' });
      const me = await whoHas(after.credentials.supertoken?.access_token ?? '', emulated);
      expect(me).toMatchObject({ id, displayName: 'Visitor 007' });
    });
  });

  describe('bots and personal tokens', () => {
    it('auth.bot(token) checks the token at Webex and keeps it', async () => {
      const emulated = await emulatedForTest();
      const auth = await openAuth(emulated);
      const token = emulated.emulator.issueBotToken({ displayName: 'Helper' });
      const webex = await auth.bot(`Bearer ${token}`);
      expect((await webex.request<object>({ resource: 'people/me' })).body).toMatchObject({ type: 'bot' });
      expect(await auth.grants.get(webex.subject)).toMatchObject({
        kind: 'bot',
        person: { displayName: 'Helper' },
        expiresAt: undefined,
      });
      await expect(auth.bot('nobody-knows-this-one')).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
      await expect(auth.bot('no token')).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
      expect(await auth.grants.list()).toHaveLength(1);
    });

    it('a regenerated token takes the place of the old one', async () => {
      const emulated = await emulatedForTest();
      const auth = await openAuth(emulated);
      const old = await auth.bot(emulated.emulator.issueBotToken());
      const token = emulated.emulator.issueBotToken();
      const webex = await auth.bot(token);
      expect(webex.subject).toBe(old.subject);
      expect((await auth.token(old.subject)).accessToken).toBe(token);
    });

    it('tokens without a known end are checked every day; one that Webex refuses is told once', async () => {
      const clock: FakeClock = fakeClock();
      const emulated = await emulatedForTest({ clock });
      const webex = await readyWebex({
        access_token: emulated.emulator.issueBotToken(),
        endpoints: emulated.endpoints,
        discovery: false,
        clock,
      });
      const { ledger } = emulated.emulator;
      const checks = (): (number | undefined)[] =>
        ledger.find('GET /v1/people/me').map(({ status }) => status);
      let refreshes = 0;
      webex.on('token:refresh', () => (refreshes += 1));
      await clock.advance(0.9 * DAY_MS - 60_000);
      expect(checks()).toEqual([]);
      while (checks()[0] === undefined) await clock.advance(60_000);
      expect([checks(), refreshes, webex.canAuthorize]).toEqual([[200], 0, true]);
      emulated.emulator.revokeAll();
      const refused = next(webex, 'unauthorized');
      await clock.advance(DAY_MS);
      expect(await refused).toMatchObject({ kind: 'dead', action: 'replace_token' });
      expect(webex.canAuthorize).toBe(false);
      await expect(webex.fetch('/people/me')).rejects.toMatchObject({ code: 'REAUTH_REQUIRED' });
    });

    it('verifyEvery says how often; 0 is never', async () => {
      const emulated = await emulatedForTest();
      const [often, never] = [
        await openAuth(emulated, { verifyEvery: 600 }),
        await openAuth(emulated, { verifyEvery: 0 }),
      ];
      const due = async (auth: WebexAuth): Promise<number | undefined> => {
        const { subject } = await auth.bot(emulated.emulator.issueBotToken());
        return (await auth.grants.get(subject))?.dueAt;
      };
      const before = Date.now();
      expect(await due(often)).toBeGreaterThanOrEqual(before + 540_000);
      expect(await due(never)).toBeUndefined();
    });

    it('a personal token calls Webex without a client', async () => {
      const emulated = await emulatedForTest();
      const { emulator, endpoints } = emulated;
      const webex = await readyWebex({ access_token: emulator.issuePersonalToken(), endpoints });
      expect((await webex.fetch('/people/me')).status).toBe(200);
      expect(webex.credentials.canRefresh).toBe(false);
    });
  });

  describe('a device without a browser', () => {
    const POLL = 'POST /v1/device/token';

    /** Lets time pass until the device has asked so often. */
    async function polls(count: number, { emulator }: Emulated, clock: FakeClock): Promise<void> {
      while (emulator.ledger.count(POLL) < count) await clock.advance(100);
    }

    it('shows a code, waits for the person, and has their grant', async () => {
      const clock = fakeClock();
      const emulated = await emulatedForTest({ clock });
      const { emulator } = emulated;
      const webex = await webexOf(emulated, { clock, scheduler: false });
      let userCode = '';
      const grant = webex.authorization.requestDeviceGrant({
        onPrompt: (prompt) => {
          expect(prompt.verificationUri).toContain(emulator.url);
          expect(prompt.expiresAt).toBe(clock.now() + 300_000);
          userCode = prompt.userCode;
        },
      });
      await polls(2, emulated, clock);
      const [, grace] = emulator.users;
      emulator.approveDevice(userCode, { user: grace?.email ?? '' });
      await polls(3, emulated, clock);
      const { access_token, person } = await grant;
      expect((await whoHas(access_token, emulated)).id).toBe(person?.id);
      expect(person?.displayName).toBe(grace?.displayName);
      expect(emulator.devices.map(({ earlyPolls }) => earlyPolls)).toEqual([0]);
    });

    it.each([
      ['declined', 'ACCESS_DENIED'],
      ['left alone', 'DEVICE_CODE_EXPIRED'],
    ])('that is %s gets nothing', async (fate, code) => {
      const clock = fakeClock();
      const emulated = await emulatedForTest({ clock, lifetimes: { deviceCode: 10 } });
      const { emulator } = emulated;
      const webex = await webexOf(emulated, { clock, scheduler: false });
      const outcome = webex.authorization
        .requestDeviceGrant({
          onPrompt: ({ userCode }) => {
            if (fate === 'declined') emulator.approveDevice(userCode, { deny: true });
          },
        })
        .catch((reason: unknown) => reason);
      let done = false;
      void outcome.then(() => (done = true));
      while (!done) await clock.advance(100);
      expect(await outcome).toMatchObject({ code, action: 'sign_in_again' });
      expect(webex.credentials.supertoken).toBeUndefined();
    });

    it('ends its wait when it is told to', async () => {
      const clock = fakeClock();
      const emulated = await emulatedForTest({ clock });
      const webex = await webexOf(emulated, { clock, scheduler: false });
      const stop = new AbortController();
      const reason = new Error('shut down');
      const grant = webex.authorization.requestDeviceGrant({
        onPrompt: () => stop.abort(reason),
        signal: stop.signal,
      });
      await expect(grant).rejects.toBe(reason);
      expect(emulated.emulator.ledger.count(POLL)).toBe(0);
    });
  });

  it('a sign-in and a client token live side by side in one Webex', async () => {
    const emulated = await emulatedForTest({ clients: [PRIVILEGED] });
    const webex = await webexOf(emulated, { credentials: credentialsOf(emulated) });
    const person = await signIn(webex, emulated);
    const client = await webex.credentials.getClientToken();
    expect(webex.credentials.supertoken?.access_token).toBe(person.access_token);
    await webex.logout();
    expect(webex.canAuthorize).toBe(false);
    expect((await webex.credentials.getClientToken()).access_token).toBe(client.access_token);
  });
});
