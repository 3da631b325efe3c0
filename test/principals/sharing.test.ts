import { describe, expect, it } from 'vitest';
import type { WebexAuth } from '../../src/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import { INTEGRATION, ORG, startWorld, type World } from '../support/principals.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const newDirectory = temporaryDirectories();

const PROBE = 'GET /v1/people/me';
const LOGIN = 'POST /v1/jwt/login';
const GUEST = 'POST /v1/guests/token';
const TOKEN = 'POST /v1/access_token';
const CREDENTIALS = { client_id: INTEGRATION.clientId, client_secret: INTEGRATION.clientSecret };

describe('a token of the client itself', () => {
  it('is asked for once by concurrent first callers, and kept for the next', async () => {
    const world = await startWorld();
    const auth = await world.auth();
    const all = await Promise.all(Array.from({ length: 25 }, () => auth.clientToken(['spark:rooms_read'])));
    expect(new Set(all.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(world.count('client_credentials')).toBe(1);
    const other = await world.auth();
    expect(await other.clientToken(['spark:rooms_read'])).toEqual(all[0]);
    expect(world.count('client_credentials')).toBe(1);
    await auth.clientToken(['spark:rooms_read', 'spark:people_read']);
    expect(world.count('client_credentials')).toBe(2);
  });

  it('that is refused leaves nothing behind, and is asked for anew by the next caller', async () => {
    const world = await startWorld();
    const auth = await world.auth();
    world.emulator.faults.add({
      route: TOKEN,
      status: 400,
      body: { error: 'unauthorized_client' },
      times: 1,
    });
    const both = await Promise.allSettled([
      auth.clientToken(['spark:rooms_read']),
      auth.clientToken(['spark:rooms_read']),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await auth.grants.list()).toEqual([]);
    await expect(auth.clientToken(['spark:rooms_read'])).resolves.toMatchObject({ stale: false });
  });
});

/** Two processes, and a grant that both know. */
interface Shared {
  one: WebexAuth;
  two: WebexAuth;
  subject: string;
  /** What renews it. */
  request: string;
}

describe('two processes over one SQLite store', () => {
  async function both(
    world: World,
    open: (options: { store: ReturnType<typeof sqliteStore> }) => Promise<WebexAuth>,
  ): Promise<{ one: WebexAuth; two: WebexAuth }> {
    const path = `${newDirectory()}/vault.db`;
    const { clock } = world;
    const leaseClock = { boot: 'test', monotonic: () => clock.monotonic() };
    const start = (): Promise<WebexAuth> => open({ store: sqliteStore({ path, clock, leaseClock }) });
    return { one: await start(), two: await start() };
  }

  it.each<[string, (world: World) => Promise<Shared>]>([
    [
      'client_credentials',
      async (world) => {
        const made = await both(world, (options) => world.auth(options));
        await made.one.clientToken(['spark:rooms_read']);
        return { ...made, subject: 'client:spark:rooms_read', request: 'client_credentials' };
      },
    ],
    [
      'guest_jwt',
      async (world) => {
        const [guestIssuer] = world.emulator.guestIssuers;
        const made = await both(world, (options) => world.auth({ ...options, guestIssuer }));
        await made.one.guest({ subject: 'visitor', displayName: 'Vera' });
        return { ...made, subject: 'guest:visitor', request: LOGIN };
      },
    ],
    [
      'guest',
      async (world) => {
        const made = await both(world, (options) => world.appAuth(options));
        await made.one.guest({ subject: 'visitor', displayName: 'Vera' });
        return { ...made, subject: 'guest:visitor', request: GUEST };
      },
    ],
    [
      'service_app',
      async (world) => {
        const made = await both(world, (options) => world.appAuth(options));
        const { subject } = await made.one.serviceApp(ORG);
        return { ...made, subject, request: TOKEN };
      },
    ],
  ])('make one request for an expired grant of the kind %s', async (_, make) => {
    const world = await startWorld();
    const { one, two, subject, request } = await make(world);
    const { accessToken: before, expiresAt = 0 } = await two.token(subject);
    world.clock.jump(expiresAt + 1_000 - world.clock.now());
    world.emulator.ledger.clear();
    const calls = Array.from({ length: 10 }, () => [one.token(subject), two.token(subject)]).flat();
    const given = new Set((await world.drive(Promise.all(calls))).map(({ accessToken }) => accessToken));
    expect(given.size).toBe(1);
    expect(given).not.toContain(before);
    expect(world.count(request)).toBe(1);
  });
});

describe('a caller that gives up', () => {
  it('waits no longer, and the others get theirs by the same request', async () => {
    const world = await startWorld();
    const auth = await world.auth();
    world.emulator.faults.add({ route: TOKEN, delayBeforeMs: 5_000, times: 1 });
    const leaving = new AbortController();
    const gone = auth.clientToken(['spark:rooms_read'], { signal: leaving.signal });
    const staying = [1, 2, 3].map(() => auth.clientToken(['spark:rooms_read']));
    await world.settle();
    leaving.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    const given = await world.drive(Promise.all(staying));
    expect(new Set(given.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(world.count('client_credentials')).toBe(1);
  });

  it('of a renewal does not end it', async () => {
    const world = await startWorld();
    const auth = await world.appAuth();
    const guest = await auth.guest({ subject: 'visitor', displayName: 'Vera' });
    world.clock.jump((guest.credentials.supertoken?.expires ?? 0) + 1_000 - world.clock.now());
    world.emulator.faults.add({ route: GUEST, delayBeforeMs: 5_000, times: 1 });
    world.emulator.ledger.clear();
    const leaving = new AbortController();
    const gone = auth.token(guest.subject, { signal: leaving.signal });
    const staying = auth.token(guest.subject);
    await world.settle();
    leaving.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    await expect(world.drive(staying)).resolves.toMatchObject({ stale: false });
    expect(world.count(GUEST)).toBe(1);
  });

  it('of a device stops, also while the person is being shown the code', async () => {
    const world = await startWorld();
    const auth = await world.auth();
    for (const onPrompt of [() => undefined, () => new Promise<void>(() => undefined)]) {
      const leaving = new AbortController();
      const device = auth.device({ subject: 'tv', onPrompt, signal: leaving.signal });
      await world.settle();
      leaving.abort(new Error('gone'));
      await expect(world.drive(device)).rejects.toThrow('gone');
    }
    expect(await auth.grants.list()).toEqual([]);
  });
});

describe('a prompt of a device that stays open', () => {
  const open = (): Promise<void> => new Promise(() => undefined);

  it('does not hold up whom it was for', async () => {
    const world = await startWorld();
    const auth = await world.auth();
    const device = auth.device({
      subject: 'tv',
      onPrompt: async ({ userCode }) => {
        world.emulator.approveDevice(userCode);
        await open();
      },
    });
    await expect(world.drive(device)).resolves.toMatchObject({ subject: 'tv' });
  });

  it('ends with its code', async () => {
    const world = await startWorld();
    const auth = await world.auth();
    const device = auth.device({ subject: 'tv', onPrompt: open });
    await world.settle();
    world.clock.jump(3_600_000);
    await expect(world.drive(device)).rejects.toMatchObject({ code: 'DEVICE_CODE_EXPIRED' });
  });

  it('ends with the process', async () => {
    const world = await startWorld();
    const auth = await world.auth();
    const told = expect(auth.device({ subject: 'tv', onPrompt: open })).rejects.toMatchObject({
      code: 'CLOSED',
    });
    await world.settle();
    await auth.close();
    await told;
  });

  it('stops the device when it fails', async () => {
    const world = await startWorld();
    const auth = await world.auth();
    const onPrompt = (): Promise<void> => Promise.reject(new Error('no screen'));
    await expect(world.drive(auth.device({ subject: 'tv', onPrompt }))).rejects.toThrow('no screen');
    expect(await auth.grants.list()).toEqual([]);
  });
});

describe('a cache too small for its principals', () => {
  it('costs reads, and no token', async () => {
    const world = await startWorld();
    const auth = await world.auth({ cacheBytes: 1, maxStaleness: 0 });
    await world.signIn(auth);
    await auth.clientToken(['spark:rooms_read']);
    const bot = await auth.bot(world.emulator.issueBotToken());
    const person = await auth.user('user-1');
    const client = await auth.user('client:spark:rooms_read');
    const calls = Array.from({ length: 10 }, () => [
      bot.credentials.getUserToken(),
      client.credentials.getClientToken({ scope: 'spark:rooms_read' }),
      person.credentials.getUserToken('spark:people_read'),
    ]).flat();
    expect(await Promise.all<unknown>(calls)).toHaveLength(30);
  });
});

describe('closing while somebody signs in', () => {
  it('waits for a code that is being exchanged, and keeps its grant', async () => {
    const path = `${newDirectory()}/vault.db`;
    const world = await startWorld();
    const { clock } = world;
    const leaseClock = { boot: 'test', monotonic: () => clock.monotonic() };
    const store = (): ReturnType<typeof sqliteStore> => sqliteStore({ path, clock, leaseClock });
    const auth = await world.auth({ store: store() });
    world.emulator.faults.add({ route: TOKEN, delayAfterMs: 3_000, times: 1 });
    const signedIn = world.signIn(auth);
    await world.settle();
    const closed = auth.close();
    expect(await world.drive(signedIn)).toBe('user-1');
    await world.drive(closed);
    const again = await world.auth({ store: store() });
    expect(await again.grants.get('user-1')).toMatchObject({ state: 'live' });
  });

  it('ends a device that nobody allowed', async () => {
    const world = await startWorld();
    const auth = await world.auth();
    const device = auth.device({ subject: 'tv', onPrompt: () => undefined }).catch((error: unknown) => error);
    await world.settle();
    await world.drive(auth.close(), 500);
    expect(await world.drive(device, 500)).toMatchObject({ code: 'CLOSED' });
  });

  it('does not wait for a callback that never answers', async () => {
    const world = await startWorld();
    const webex = world.webex({
      credentials: { ...CREDENTIALS, jwtRefreshCallback: () => new Promise<string>(() => undefined) },
    });
    await world.settle();
    await world.drive(webex.close(), 1_000);
    await expect(world.drive(webex.whenReady(), 1_000)).rejects.toMatchObject({
      code: expect.any(String) as string,
    });
  });
});

describe('a device that was allowed', () => {
  it('is not lost because people/me is unwell for a moment', async () => {
    const world = await startWorld();
    const auth = await world.auth();
    world.emulator.faults.add({ route: PROBE, status: 503, times: 2 });
    const device = auth.device({ onPrompt: ({ userCode }) => world.emulator.approveDevice(userCode) });
    const { subject } = await world.drive(device);
    expect(await auth.grants.get(subject)).toMatchObject({ kind: 'device_code', state: 'live' });
    expect((await auth.grants.get(subject))?.person?.displayName).toBe(world.emulator.users[0]?.displayName);
  });
});
