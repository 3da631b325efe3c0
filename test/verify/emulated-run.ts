import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/base/clock.js';
import type { Clock } from '../../src/base/clock.js';
import type { Fetch } from '../../src/base/fetch.js';
import type { Emulator, EmulatorOptions } from '../../src/emulator/emulator.js';
import { readSettings } from '../../verify/settings.js';
import { verifyWebex } from '../../verify/verify-webex.js';
import type { RecordedFinding, Verified, VerifyOptions } from '../../verify/verify-webex.js';
import { startEmulated } from '../support/emulated.js';

/** Who signs in: every part of the name is one that no protocol word holds. */
export const PERSON = { email: 'zdenka.quixote@example.com', displayName: 'Zdenka Quixoteova' };

/** A clock on which sleeping takes no time: it is moved ahead instead, for everybody who has it. */
function instantClock(): Clock {
  let ahead = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + ahead,
    monotonic: () => systemClock.monotonic() + ahead,
    sleep: async (ms) => void (ahead += Math.ceil(ms)),
  };
}

/** A clock that stands still but for sleeping. */
export function sleepingClock(): Clock {
  let time = Date.UTC(2026, 0, 1);
  return { ...systemClock, now: () => time, monotonic: () => time, sleep: async (ms) => void (time += ms) };
}

/** Sends a request of a run as it is, with Node's own fetch. */
export const passOn: Fetch = (url, { method, headers, body, redirect, signal }) =>
  fetch(url, {
    method,
    headers,
    redirect,
    ...(typeof body === 'string' && { body }),
    ...(signal && { signal }),
  });

/** An emulator with one integration and one person, and the environment that points a run at it. */
export interface EmulatedRun {
  readonly emulator: Emulator;
  readonly clock: Clock;
  readonly env: Record<string, string>;
  readonly signIns: string[];
  readonly run: (options?: Partial<VerifyOptions>, more?: Record<string, string>) => Promise<Verified>;
}

export async function emulatedRun(options: EmulatorOptions = {}): Promise<EmulatedRun> {
  const clock = instantClock();
  const redirectUri = `http://127.0.0.1:${String(await freePort())}/auth/callback`;
  const { emulator, client, endpoints } = await startEmulated({
    clock,
    users: [PERSON],
    clients: [
      {
        clientId: `C${'7e57'.repeat(16)}`,
        clientSecret: '5ec7e71a'.repeat(8),
        redirectUris: [redirectUri],
        scopes: ['spark:people_read', 'spark:rooms_read'],
      },
      {
        clientId: `C${'5e41'.repeat(16)}`,
        clientSecret: '0ff5e71a'.repeat(8),
        redirectUris: [],
        scopes: ['spark:people_read'],
        serviceApp: true,
      },
    ],
    ...options,
  });
  const env = {
    WEBEX_CLIENT_ID: client.clientId,
    WEBEX_CLIENT_SECRET: client.clientSecret,
    WEBEX_REDIRECT_URI: redirectUri,
    WEBEX_SCOPE: client.scope.join(' '),
    IDBROKER_BASE_URL: endpoints.identityBroker,
    HYDRA_SERVICE_URL: endpoints.apiBase,
    TOKEN_URL: endpoints.tokenEndpoint,
    WEBEX_AUTHORIZE_URL: endpoints.authorizationEndpoint,
    U2C_SERVICE_URL: endpoints.serviceCatalog,
  };
  const signIns: string[] = [];
  return {
    emulator,
    clock,
    env,
    signIns,
    run: (given, more) =>
      verifyWebex({
        settings: readSettings({ ...env, ...more }),
        clock,
        onLoginUrl: async (url) => {
          const callback = await emulator.signIn(url);
          signIns.push(callback);
          await (await fetch(callback)).text();
        },
        ...given,
      }),
  };
}

/** The finding of a question; fails where there is none. */
export function findingOf({ findings }: Verified, id: string): RecordedFinding {
  const finding = findings.find((one) => one.id === id);
  if (!finding) throw new Error(`no finding of ${id}`);
  return finding;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
