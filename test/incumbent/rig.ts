import { onTestFinished } from 'vitest';
import type { EmulatorOptions } from '../../src/emulator/emulator.js';
import { Webex, type WebexAuthEvents, type WebexOptions } from '../../src/index.js';
import { CLIENT, MACHINE } from '../emulator/emulator-client.js';
import { startEmulated, type Emulated } from '../support/emulated.js';
import { fakeClock, type FakeClock } from '../support/fake-clock.js';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** An emulator and any number of Webex over it, on one clock that moves when it is told. All of it ends with the test. */
export interface Rig extends Emulated {
  clock: FakeClock;
  /** The client, under the names of Webex's own SDK. */
  credentials: { client_id: string; client_secret: string; redirect_uri: string; scope: readonly string[] };
  /** A Webex that starts; by default with the client and no token. */
  init(options?: Partial<WebexOptions>): Webex;
  /** One that is ready. */
  open(options?: Partial<WebexOptions>): Promise<Webex>;
  signIn(webex: Webex, user?: string): Promise<void>;
  /** A code as Webex sends it back for what `buildLoginUrl` asks. */
  code(webex: Webex, user?: string): Promise<string>;
  /** Lets time pass, slowly, until `work` has ended: it may sleep between requests. */
  drive<Result>(work: Promise<Result>): Promise<Result>;
  /** Lets time pass until the event is told; fails when it is not within `ms`. */
  until<Name extends keyof WebexAuthEvents>(
    webex: Webex,
    name: Name,
    ms: number,
  ): Promise<WebexAuthEvents[Name]>;
}

/** Starts one. */
export async function startRig(options: EmulatorOptions = {}): Promise<Rig> {
  const clock = fakeClock();
  const emulated = await startEmulated({ clients: [CLIENT, MACHINE], clock, ...options });
  const { emulator, client, endpoints } = emulated;
  onTestFinished(() => emulator.close());
  const credentials = {
    client_id: client.clientId,
    client_secret: client.clientSecret,
    redirect_uri: client.redirectUri,
    scope: client.scope,
  };
  const whom = (user: string | undefined): { user?: string } => (user === undefined ? {} : { user });
  const init: Rig['init'] = (webexOptions = {}) => {
    const webex = Webex.init({ credentials, endpoints, clock, ...webexOptions });
    onTestFinished(() => closed(webex, clock));
    return webex;
  };
  return {
    ...emulated,
    clock,
    credentials,
    init,
    async open(webexOptions) {
      const webex = init(webexOptions);
      await webex.whenReady();
      return webex;
    },
    async signIn(webex, user) {
      const { url, transaction } = await webex.authorization.initiateLogin();
      await webex.authorization.completeLogin(await emulator.signIn(url, whom(user)), transaction);
    },
    async code(webex, user) {
      const back = await emulator.signIn(webex.credentials.buildLoginUrl(), whom(user));
      return new URL(back).searchParams.get('code') ?? '';
    },
    async drive(work) {
      let isOver = false;
      const end = (): void => void (isOver = true);
      work.then(end, end);
      while (!isOver) await clock.advance(50);
      return work;
    },
    async until(webex, name, ms) {
      let told: { payload: WebexAuthEvents[typeof name] } | undefined;
      webex.once(name, (payload) => (told = { payload }));
      const end = clock.monotonic() + ms;
      while (!told && clock.monotonic() < end) {
        // A request runs in real time: while one is under way, the clock must not run to its deadline.
        await clock.advance(webex.credentials.isRefreshing ? 20 : 5_000);
      }
      if (!told) throw new Error(`no ${name} within ${ms} ms`);
      return told.payload;
    },
  };
}

// What hangs is waited for until its deadline, which is a matter of the clock.
async function closed(webex: Webex, clock: FakeClock): Promise<void> {
  let isClosed = false;
  const closing = webex.close().finally(() => (isClosed = true));
  while (!isClosed) await clock.advance(5_000);
  await closing;
}

/** Runs `work` and gives what this process left unhandled meanwhile. */
export async function unhandledDuring(work: () => Promise<unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    await work();
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('unhandledRejection', note);
  }
  return unhandled;
}
