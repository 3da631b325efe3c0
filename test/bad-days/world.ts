import { onTestFinished } from 'vitest';
import type { Emulator, EmulatorOptions } from '../../src/emulator/emulator.js';
import { KeyRing, memoryStore, WebexAuth, type Webex, type WebexAuthOptions } from '../../src/index.js';
import { startEmulated } from '../support/emulated.js';
import { fakeClock, type FakeClock } from '../support/fake-clock.js';

/** Lifetime of access tokens here, seconds: they run out within a test. */
export const LIFETIME_S = 3_600;

/** Webex, a store and an application's process, on one clock that moves when told. */
export interface World {
  clock: FakeClock;
  emulator: Emulator;
  auth: WebexAuth;
  /** Another process of the same application, over the same store. */
  another(): Promise<WebexAuth>;
  /** One of this many people, each with a grant of their own. */
  person(number: number): Promise<Webex>;
  /** Runs `work` while time passes, in steps, as a waiting process would see it. */
  drive<Result>(work: Promise<Result>, stepMs?: number): Promise<Result>;
  /** How many requests came to `METHOD /path`. */
  count(route: string): number;
}

/** Starts a world that ends with the test. */
export async function startWorld(
  options: Partial<WebexAuthOptions> = {},
  webex: EmulatorOptions = {},
): Promise<World> {
  const clock = fakeClock();
  const started = await startEmulated({ clock, lifetimes: { accessToken: LIFETIME_S }, ...webex });
  const { emulator, client, endpoints } = started;
  const store = memoryStore({ clock });
  const keys = KeyRing.ephemeral();
  const processes: WebexAuth[] = [];
  const another = async (): Promise<WebexAuth> => {
    const shared = { client, endpoints, store, keys, clock, scheduler: false };
    const made = await WebexAuth.open({ ...shared, ...options });
    processes.push(made);
    return made;
  };
  const auth = await another();
  const drive: World['drive'] = async (work, stepMs = 100) => {
    let settled = false;
    const mark = (): void => void (settled = true);
    work.then(mark, mark);
    for (;;) {
      for (let turn = 0; turn < 40 && !settled; turn++) await new Promise((resolve) => setImmediate(resolve));
      if (settled) return work;
      await clock.advance(stepMs);
    }
  };
  onTestFinished(async () => {
    await drive(Promise.all(processes.map((one) => one.close())), 1_000);
    await emulator.close();
  });
  return {
    clock,
    emulator,
    auth,
    another,
    drive,
    async person(number) {
      const subject = `user-${number}`;
      await auth.grants.import(subject, await tokensOf(started), { kind: 'authorization_code' });
      return auth.user(subject);
    },
    count: (route) => emulator.ledger.count(route),
  };
}

/** What Webex gives for a sign-in that the application itself did not see. */
async function tokensOf({ emulator, client, endpoints }: Awaited<ReturnType<typeof startEmulated>>) {
  const { clientId, clientSecret, redirectUri, scope } = client;
  const query = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scope.join(' '),
  };
  const url = `${endpoints.authorizationEndpoint}?${new URLSearchParams({ ...query, state: 's' }).toString()}`;
  const code = new URL(await emulator.signIn(url)).searchParams.get('code') ?? '';
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    client_id: clientId,
    client_secret: clientSecret,
  });
  const response = await fetch(endpoints.tokenEndpoint, { method: 'POST', body });
  return (await response.json()) as { access_token: string; refresh_token: string; expires_in: number };
}
