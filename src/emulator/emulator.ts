import { systemClock } from '../base/clock.js';
import { emulatorApp } from './emulator-app.js';
import {
  assertSafePlace,
  emulatorError,
  initialSettings,
  knownPeople,
  registeredClients,
} from './emulator-options.js';
import type {
  EmulatorClient,
  EmulatorOptions,
  EmulatorPerson,
  Lifetimes,
  RefreshMode,
} from './emulator-options.js';
import { clearState, pruneState } from './emulator-state.js';
import { fakeWebex, findPerson } from './fake-webex.js';
import type { Faults } from './faults.js';
import type { Ledger } from './ledger.js';
import { listen } from './loopback-server.js';
import { offsetClock } from './offset-clock.js';
import type { OffsetClock } from './offset-clock.js';
import { signIn } from './sign-in.js';
import type { SignInOptions } from './sign-in.js';
import { StateFile } from './state-file.js';

export type {
  EmulatorClient,
  EmulatorOptions,
  EmulatorPerson,
  EmulatorUser,
  Lifetimes,
  RefreshMode,
  TokenFormat,
} from './emulator-options.js';
export type { Fault, FaultHandle, FaultRequest, FaultRoute, Faults } from './faults.js';
export type { Ledger, LedgerEntry, LedgerQuery, RefreshNote } from './ledger.js';
export type { OffsetClock } from './offset-clock.js';
export type { SignInOptions } from './sign-in.js';

/** Full URLs of what an application is pointed at: `WebexAuth.open({ endpoints: emulator.endpoints, … })`. */
export interface EmulatorEndpoints {
  /** Without a slash at its end. */
  apiBase: string;
  authorizationEndpoint: string;
  tokenEndpoint: string;
  revocationEndpoint: string;
  idbrokerAuthorizationEndpoint: string;
  idbrokerTokenEndpoint: string;
  logoutEndpoint: string;
}

/** A running emulator. */
export interface Emulator {
  readonly url: string;
  readonly port: number;
  readonly endpoints: EmulatorEndpoints;
  readonly clients: readonly EmulatorClient[];
  readonly users: readonly EmulatorPerson[];
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly clock: Pick<OffsetClock, 'now' | 'advance'>;
  setRefreshMode(mode: RefreshMode): void;
  /** For tokens issued from now on; seconds. */
  setLifetimes(lifetimes: Partial<Lifetimes>): void;
  /** Revokes all grants, or those of one user (address, UUID or public id). */
  revokeAll(user?: string): void;
  /** Forgets grants, codes, messages, faults and ledger; settings and clock return to where they began. */
  reset(): void;
  /** Signs somebody in through the login page; gives the URL that the browser is sent back to. */
  signIn(authorizeUrl: string, options?: SignInOptions): Promise<string>;
  /** Ends all connections and keeps the state; a second call does nothing more. */
  close(): Promise<void>;
}

const SAVES_PER_PRUNE = 1000;

/**
 * Starts Webex on this machine. Rejects with EMULATOR_IN_PRODUCTION, EMULATOR_NOT_LOOPBACK, EMULATOR_BAD_OPTIONS,
 * EMULATOR_STATE_UNREADABLE, or Node's own error (EADDRINUSE).
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { host = '127.0.0.1', port = 0, clock: base = systemClock, banner } = options;
  assertSafePlace(host, process.env['NODE_ENV']);
  const clients = registeredClients(options.clients);
  const users = knownPeople(options.users);
  const settings = initialSettings(options);
  const file = await StateFile.open(options.dataDir);
  const { state } = file;
  const clock = offsetClock(base, state.clockOffset);
  let saves = 0;
  const save = (): Promise<void> => {
    if (saves++ % SAVES_PER_PRUNE === 0) pruneState(state, clock.now());
    return file.save();
  };
  // A write that fails here fails again, visibly, before the next answer.
  const saveSoon = (): void => void save().catch(() => undefined);
  const webex = fakeWebex({ clock, settings, state, clients, users, banner, save });
  const { faults, ledger, grants } = webex;
  const controls = {
    advance: (ms: number) => {
      clock.advance(ms);
      state.clockOffset = clock.offset;
      saveSoon();
    },
    revokeAll: (userId?: string) => {
      grants.revokeGrants((grant) => userId === undefined || grant.userId === userId);
      saveSoon();
    },
    reset: () => {
      clearState(state);
      faults.clear();
      ledger.clear();
      Object.assign(settings, initialSettings(options));
      clock.offset = 0;
      saveSoon();
    },
  };
  const closing = new AbortController();
  const app = emulatorApp(webex, { controls, closing: closing.signal });
  const server = await listen((request, bindings) => app.fetch(request, bindings), { host, port });
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    closing.abort(emulatorError('EMULATOR_CLOSED', 'The emulator was closed.'));
    await server.close();
    await save();
  };
  return {
    url: server.url,
    port: server.port,
    endpoints: endpointsAt(server.url),
    clients,
    users,
    faults,
    ledger,
    clock: { now: () => clock.now(), advance: controls.advance },
    setRefreshMode: (mode) => void (settings.refreshMode = mode),
    setLifetimes: (lifetimes) => void Object.assign(settings.lifetimes, lifetimes),
    revokeAll: (user) => {
      const person = user === undefined ? undefined : findPerson(users, user);
      if (user !== undefined && !person) {
        throw emulatorError('EMULATOR_UNKNOWN_USER', 'No such user. Use one of emulator.users.');
      }
      controls.revokeAll(person?.id);
    },
    reset: controls.reset,
    signIn: (authorizeUrl, signInOptions = {}) => signIn(authorizeUrl, { ...signInOptions, users }),
    close: () => (closed ??= close()),
  };
}

function endpointsAt(url: string): EmulatorEndpoints {
  return {
    authorizationEndpoint: `${url}/v1/authorize`,
    tokenEndpoint: `${url}/v1/access_token`,
    idbrokerAuthorizationEndpoint: `${url}/idb/oauth2/v1/authorize`,
    idbrokerTokenEndpoint: `${url}/idb/oauth2/v1/access_token`,
    revocationEndpoint: `${url}/idb/oauth2/v1/revoke`,
    logoutEndpoint: `${url}/idb/oauth2/v1/logout`,
    apiBase: `${url}/v1`,
  };
}
