import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import type { Webex, WebexAuth } from '../../src/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import { createLeakScanner, type LeakScanner } from '../support/leak-scanner.js';
import { INTEGRATION, ORG, SERVICE_APP, startWorld } from '../support/principals.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const newDirectory = temporaryDirectories();

const EVENTS = [
  'login',
  'logout',
  'token:refresh',
  'unauthorized',
  'auth:error',
  'grant:suspect',
  'grant:recovered',
  'degraded',
  'client:InvalidRequestError',
] as const;

const SECRET_MEMBERS = [
  'access_token',
  'refresh_token',
  'token',
  'accessToken',
  'device_code',
  'user_code',
  'clientSecret',
];

/** A fetch that has everything watched that goes over the wire and is nobody else's business. */
function watchingFetch(scanner: LeakScanner): (url: string, init: RequestInit) => Promise<Response> {
  const watched = new Set<string>();
  const watch = (secret: unknown, label: string): void => {
    if (typeof secret !== 'string' || secret.length < 8 || watched.has(secret)) return;
    watched.add(secret);
    // Opaque tokens end with cluster and organisation, JWTs begin with their header: both are known to all.
    scanner.watch(secret, `${label} ${String(watched.size)}`, {
      publicParts: [/(_[A-Z0-9]+_[0-9a-f-]{36})$/.exec(secret)?.[1] ?? '', secret.split('.')[0] ?? ''].filter(
        (part) => part !== secret && part !== '',
      ),
    });
  };
  const watchMembers = (text: string, label: string): void => {
    const members = text.startsWith('{')
      ? Object.entries(JSON.parse(text) as Record<string, unknown>)
      : [...new URLSearchParams(text)];
    for (const [name, value] of members) if (SECRET_MEMBERS.includes(name)) watch(value, `${label} ${name}`);
  };
  return async (url, init) => {
    const { authorization = '' } = init.headers as Record<string, string>;
    watch(authorization.replace(/^\w+ /, ''), 'authorization');
    if (typeof init.body === 'string') watchMembers(init.body, 'sent');
    const response = await fetch(url, init);
    const text = await response.clone().text();
    if (text.startsWith('{')) watchMembers(text, 'received');
    return response;
  };
}

it('no secret of any principal is stored in clear, told, thrown or printed', async () => {
  const world = await startWorld();
  const scanner = createLeakScanner();
  const output = scanner.captureOutput();
  const directory = newDirectory();
  const fetch = watchingFetch(scanner) as never;
  const [guestIssuer] = world.emulator.guestIssuers;
  if (!guestIssuer) throw new Error('no issuer');
  const ownerToken = world.emulator.issuePersonalToken();
  scanner.watch(ownerToken, 'owner token', {
    publicParts: [/(_[A-Z0-9]+_[0-9a-f-]{36})$/.exec(ownerToken)?.[1] ?? ''],
  });
  scanner.watch(guestIssuer.secret, 'guest issuer secret');
  scanner.watch(INTEGRATION.clientSecret, 'client secret');
  scanner.watch(SERVICE_APP.clientSecret, 'service app secret');
  const { clock } = world;
  const store = (): ReturnType<typeof sqliteStore> =>
    sqliteStore({
      path: `${directory}/vault.db`,
      clock,
      leaseClock: { boot: 'test', monotonic: () => clock.monotonic() },
    });

  const people = await world.auth({ store: store(), fetch, guestIssuer });
  const apps = await world.appAuth({
    store: store(),
    fetch,
    serviceApp: { ownerToken: () => ownerToken, guestOrgId: ORG },
  });
  const jwts: string[] = [];
  const visitor = world.webex({
    subject: 'visitor',
    store: store(),
    fetch,
    credentials: {
      client_id: INTEGRATION.clientId,
      client_secret: INTEGRATION.clientSecret,
      guestIssuer,
      jwtRefreshCallback: async (one: Webex) => {
        const { jwt } = await one.authorization.createJwt({ subject: 'called-back' });
        jwts.push(jwt);
        return jwt;
      },
    },
  });
  for (const source of [people, apps, visitor]) {
    for (const name of EVENTS) source.on(name, (payload) => scanner.scanValue(`event ${name}`, payload));
  }
  await visitor.whenReady();

  const made: Webex[] = [visitor];
  await world.signIn(people);
  made.push(await people.user('user-1'));
  made.push(
    await world.drive(
      people.device({
        subject: 'tv',
        onPrompt: ({ userCode }) => world.emulator.approveDevice(userCode),
      }),
    ),
  );
  made.push(await people.guest({ subject: 'issued', displayName: 'Issued Guest' }));
  made.push(await people.bot(world.emulator.issueBotToken()));
  await people.clientToken(['spark:rooms_read']);
  made.push(await apps.serviceApp(ORG), await apps.guest({ subject: 'served', displayName: 'Served Guest' }));
  const [, person] = made;
  const reduced = await person?.credentials.getUserToken('spark:people_read');
  expect(reduced?.scope).toBe('spark:people_read');

  const look = (when: string, subjects: readonly Webex[], auths: readonly WebexAuth[]): void => {
    for (const webex of subjects) {
      scanner.scanValue(`${when}: webex`, webex);
      scanner.scanValue(`${when}: credentials`, webex.credentials);
      scanner.scanText(
        `${when}: supertoken`,
        inspect(webex.credentials.supertoken, { depth: Infinity, showHidden: true }),
      );
      scanner.scanText(`${when}: supertoken as JSON`, JSON.stringify(webex.credentials.supertoken) ?? '');
      scanner.scanValue(`${when}: config`, webex.config);
    }
    for (const auth of auths) scanner.scanValue(`${when}: auth`, auth);
    scanner.scanFiles(`${when}: store`, directory);
  };
  look('signed in', made, [people, apps]);

  const complaints: unknown[] = [];
  const noted = (error: unknown): void => void complaints.push(error);
  for (const fault of [
    { status: 500 },
    { status: 401, body: { message: 'no' } },
    { status: 400, body: { error: 'invalid_grant' } },
    { resetBefore: true as const },
  ]) {
    const trouble = world.emulator.faults.add({ route: /^POST /, ...fault });
    for (const webex of made) await world.drive(webex.refresh().catch(noted), 1_000);
    await person?.credentials.getUserToken('spark:rooms_read').catch(noted);
    await world.drive(people.guest({ subject: 'another', displayName: 'Another' }).catch(noted));
    await world.drive(apps.guest({ subject: 'another', displayName: 'Another' }).catch(noted));
    trouble.remove();
    clock.jump(3_600_000);
    for (const webex of made) await world.drive(webex.credentials.getUserToken().catch(noted));
  }
  expect(complaints.length).toBeGreaterThan(10);
  for (const complaint of complaints) scanner.scanValue('an error', complaint);
  look('after trouble', made, [people, apps]);

  const body = JSON.stringify({
    resource: 'serviceApp',
    event: 'deauthorized',
    data: { authorizerOrgId: ORG },
  });
  const signature = createHmac('sha1', 'webhook-secret').update(body).digest('hex');
  scanner.scanValue('webhook', await apps.receiveWebhook({ body, signature, secret: 'webhook-secret' }));
  scanner.scanValue('history', await people.grants.history('guest:issued'));
  scanner.scanValue('list', await people.grants.list());
  scanner.scanValue('description', await people.grants.get('guest:issued'));
  for (const webex of made)
    scanner.scanValue('disconnected', await webex.logout().catch((error: unknown) => error));
  look('after all', made, [people, apps]);
  expect(jwts.length).toBeGreaterThan(1);
  output.stop();
  scanner.assertClean();
});
