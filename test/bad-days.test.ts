import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  KeyRing,
  memoryStore,
  WebexAuth,
  type RetryNotice,
  type Store,
  type WebexAuthOptions,
  Webex,
} from '../src/index.js';
import { startEmulated, type Emulated } from './support/emulated.js';
import { fakeClock, type FakeClock } from './support/fake-clock.js';

const ROOMS = 'GET /v1/rooms';

describe('calls of the Webex API on a bad day, through the public face', () => {
  const open: WebexAuth[] = [];
  let emulated: Emulated;
  let clock: FakeClock;
  let store: Store;
  const keys = KeyRing.ephemeral();

  beforeEach(async () => {
    clock = fakeClock();
    store = memoryStore({ clock });
    emulated = await startEmulated({ clock });
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((auth) => auth.close()));
    await emulated.emulator.close();
  });

  async function auth(options: Partial<WebexAuthOptions> = {}): Promise<WebexAuth> {
    const { client, endpoints } = emulated;
    const made = await WebexAuth.open({
      client,
      endpoints,
      store,
      keys,
      clock,
      scheduler: false,
      ...options,
    });
    open.push(made);
    return made;
  }

  async function roomsOf(one: WebexAuth, subject: string): Promise<() => Promise<number>> {
    const access_token = emulated.emulator.issuePersonalToken(
      subject === 'ada' ? 'ada@example.com' : 'grace@example.com',
    );
    await one.grants.import(subject, { access_token });
    const webex = await one.user(subject);
    return async () => (await webex.request({ resource: 'rooms' })).statusCode;
  }

  async function driven<Result>(work: Promise<Result>): Promise<Result> {
    let settled = false;
    const done = (): void => void (settled = true);
    work.then(done, done);
    for (let passed = 0; !settled && passed < 120_000; passed += 100) {
      await clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return work;
  }

  const times = (): number =>
    emulated.emulator.ledger.entries.filter(({ method, path }) => `${method} ${path}` === ROOMS).length;

  it('a 503 of a GET is repeated, and onRetry told without a secret', async () => {
    const told: RetryNotice[] = [];
    const rooms = await roomsOf(await auth({ http: { onRetry: (notice) => void told.push(notice) } }), 'ada');
    emulated.emulator.faults.add({ route: ROOMS, times: 1, status: 503 });
    expect(await driven(rooms())).toBe(200);
    expect(times()).toBe(2);
    expect(told).toMatchObject([{ attempt: 1, status: 503, method: 'GET' }]);
    expect(told[0]?.origin).toBe(emulated.emulator.url);
  });

  it('http.retry: false sends once', async () => {
    const rooms = await roomsOf(await auth({ http: { retry: false } }), 'ada');
    emulated.emulator.faults.add({ route: ROOMS, times: 1, status: 503 });
    await expect(driven(rooms())).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(times()).toBe(1);
  });

  it('G3, G4: a rate limit that is too long to wait for is told, shuts the gate of that person alone, and in other processes too', async () => {
    const one = await auth();
    const other = await auth();
    const ada = await roomsOf(one, 'ada');
    const grace = await roomsOf(one, 'grace');
    const adaElsewhere = async (): Promise<number> =>
      (await (await other.user('ada')).request({ resource: 'rooms' })).statusCode;
    emulated.emulator.faults.add({ route: ROOMS, times: 1, retryAfter: 600 });
    const limited = { code: 'RATE_LIMITED', retryAt: clock.now() + 600_000 };
    await expect(driven(ada())).rejects.toMatchObject(limited);
    await expect(driven(ada())).rejects.toMatchObject(limited);
    expect(times()).toBe(1);
    // The other process keeps to the gate without a 429 of its own.
    await expect(driven(adaElsewhere())).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await expect(driven(adaElsewhere())).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(times()).toBe(1);
    expect(await driven(grace())).toBe(200);
  });

  it('G5: a 429 of the token endpoint holds back sign-ins of all processes, uses up none of them, and lets them in on time', async () => {
    const TOKEN = 'POST /v1/access_token';
    const { emulator, client } = emulated;
    const credentials = {
      client_id: client.clientId,
      client_secret: client.clientSecret,
      redirect_uri: client.redirectUri,
      scope: 'spark:people_read',
    };
    const instance = (): Webex =>
      Webex.init({ credentials, endpoints: emulated.endpoints, store, keys, clock, discovery: false });
    const [one, other] = [instance(), instance()];
    const begun = await Promise.all(
      [one, other].map(async (webex) => {
        const { url, transaction } = await webex.authorization.initiateLogin();
        return { webex, transaction, callback: await emulator.signIn(url) };
      }),
    );
    emulator.faults.add({ route: TOKEN, times: 1, retryAfter: 30 });
    const finish = ({ webex, callback, transaction }: (typeof begun)[number]): Promise<unknown> =>
      driven(webex.authorization.completeLogin(callback, transaction));
    const [first, second] = begun;
    if (!first || !second) throw new Error('nothing was begun');
    const retryAt = clock.now() + 30_000;
    await expect(finish(first)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await expect(finish(second)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    const sent = (): number =>
      emulator.ledger.entries.filter(({ path }) => path === '/v1/access_token').length;
    expect(sent()).toBe(1);
    await clock.advance(retryAt + 1_000 - clock.now());
    // Its code and its transaction are as good as before.
    await finish(second);
    expect([sent(), second.webex.canAuthorize]).toEqual([2, true]);
    await Promise.all([one.close(), other.close()]);
  });

  it.each<[string, unknown, RegExp]>([
    ['a proxy that is no URL', { proxy: 5 }, /http\.proxy/],
    ['attempts beyond three', { retry: { attempts: 4 } }, /http\.retry\.attempts/],
    ['a hook that is none', { onRetry: 'log' }, /http\.onRetry/],
    ['a name that is not known', { retries: 2 }, /http\.retries: is not a setting/],
  ])('refuses %s', async (_, http, problem) => {
    const { client, endpoints } = emulated;
    await expect(
      WebexAuth.open({ client, endpoints, store, keys, http: http as WebexAuthOptions['http'] }),
    ).rejects.toThrow(problem);
  });
});
