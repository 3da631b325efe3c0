// An application in a process of its own, whose exit code tells whether it crashed. The clock is driven; the network is real.
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { KeyRing, memoryStore, Webex, type WebexAuthEvents, type WebexOptions } from '../../src/index.js';
import { fakeClock } from '../support/fake-clock.js';
import type { LifeSettings } from './life-settings.js';

const settings = JSON.parse(process.argv[2] ?? '{}') as LifeSettings;
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const clock = fakeClock();

function init(options: Partial<WebexOptions> = {}): Webex {
  const { credentials, endpoints } = settings;
  return Webex.init({ credentials, endpoints, clock, ...options });
}

/** Lets time pass until `isOver`, slowly while a request is under way: those take real time. */
async function pass(webex: Webex, isOver: () => boolean): Promise<void> {
  const end = clock.monotonic() + 7_200_000;
  while (!isOver() && clock.monotonic() < end)
    await clock.advance(webex.credentials.isRefreshing ? 20 : 5_000);
}

function listen(webex: Webex): Record<string, number> {
  const told: Record<string, number> = {};
  const names: (keyof WebexAuthEvents)[] = [
    'token:refresh',
    'auth:error',
    'unauthorized',
    'client:InvalidRequestError',
  ];
  for (const name of names) webex.on(name, () => (told[name] = (told[name] ?? 0) + 1));
  return told;
}

function brokenStore(): Partial<WebexOptions> {
  const store = memoryStore();
  store.open = () => Promise.reject(new Error('the disk is gone'));
  return { store, keys: KeyRing.ephemeral() };
}

const stories: Record<LifeSettings['story'], () => Promise<object>> = {
  async refreshedInTheBackground() {
    const webex = init();
    const told = listen(webex);
    await webex.whenReady();
    await pass(webex, () => told['token:refresh'] !== undefined || told['unauthorized'] !== undefined);
    // A little longer: what is left unhandled shows a turn later.
    await clock.advance(60_000);
    return { told, canAuthorize: webex.canAuthorize };
  },
  async expiredAtTheStart() {
    const webex = init({ credentials: { ...settings.credentials, expires_in: 1 } });
    const told = listen(webex);
    await clock.advance(2_000);
    await webex.whenReady();
    await pass(webex, () => told['auth:error'] !== undefined);
    return { told };
  },
  async refreshedTwice() {
    const webex = init();
    await webex.whenReady();
    const first = (await webex.refresh()).access_token;
    const second = (await webex.refresh()).access_token;
    return { refreshed: first !== second };
  },
  async loggedOut() {
    const webex = init();
    await webex.whenReady();
    return { logout: await webex.logout(), canAuthorize: webex.canAuthorize };
  },
  async storeFailsUnseen() {
    const webex = init(brokenStore());
    await clock.advance(60_000);
    return { ready: webex.ready };
  },
  async storeFailsSeen() {
    const webex = init(brokenStore());
    return { rejected: await webex.whenReady().catch((error: unknown) => (error as Error).message) };
  },
  async leftAlone() {
    const webex = Webex.init({ credentials: settings.credentials, endpoints: settings.endpoints });
    await webex.whenReady();
    return { status: (await webex.fetch('/people/me')).status };
  },
  async dropped() {
    return { closed: await survivors(true), open: await survivors(false) };
  },
  async control() {
    void Promise.reject(new Error('nobody handles this'));
    await clock.advance(1_000);
    return {};
  },
};

/** Of fifty instances and their stores, each used and dropped: how many are still there. */
async function survivors(isClosed: boolean): Promise<number[]> {
  const dropped: Dropped[] = [];
  for (let index = 0; index < 50; index++) dropped.push(await used(isClosed));
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const left = (): number[] => [
    dropped.filter(({ webex }) => webex.deref() !== undefined).length,
    dropped.filter(({ store }) => store.deref() !== undefined).length,
  ];
  // Some turns, for what a connection still holds until it is idle.
  for (let turn = 0; turn < 100 && left().some((count) => count > 0); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    gc();
  }
  return left();
}

interface Dropped {
  webex: WeakRef<object>;
  store: WeakRef<object>;
}

async function used(isClosed: boolean): Promise<Dropped> {
  const store = memoryStore();
  const webex = Webex.init({
    credentials: settings.credentials,
    endpoints: settings.endpoints,
    store,
    keys: KeyRing.ephemeral(),
    scheduler: isClosed,
  });
  await webex.whenReady();
  await webex.request({ resource: 'people/me' });
  if (webex.credentials.supertoken?.expires === undefined) throw new Error('the token should have an end');
  if (isClosed) await webex.close();
  return { webex: new WeakRef(webex), store: new WeakRef(store) };
}

say({ ready: true });
await once(process.stdin, 'data');
process.stdin.destroy();
say(await stories[settings.story]());
