import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import * as library from '../../src/index.js';
import {
  isWebexAuthError,
  KeyRing,
  Webex,
  type ErrorCode,
  type WebexAuth,
  type WebexOptions,
} from '../../src/index.js';
import { openSqlite } from '../../src/stores/sqlite/sqlite-driver.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import { listen } from '../http/loopback-server.js';
import { selfSigned } from '../http/self-signed.js';
import { fakeClock } from '../support/fake-clock.js';
import { temporaryDirectories } from '../support/temporary-directory.js';
import { emulatedWebex, ORG, SERVICE_APP } from './emulated-webex.js';

const TOKEN = 'POST /v1/access_token';
const BROKER = 'POST /idb/oauth2/v1/access_token';
const DAY_MS = 86_400_000;
const KEY = Buffer.alloc(32, 7);

// What the polling for a device meets and keeps to itself.
type Inner = 'AUTHORIZATION_PENDING' | 'SLOW_DOWN';

/** A flow that ends in an error, thrown, or told as that of a validation. */
type Flow = () => Promise<unknown>;

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

/** The table of docs/errors.md: code → class, retryable, action. */
const documented = new Map(
  page
    .split('\n')
    .filter((line) => /^\| `[A-Z_]+`/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .map((cells) => [cells[1], { name: cells[2], retryable: cells[4] === 'yes', action: cells[5] }]),
);

describe('6.4 errors', () => {
  const webexOf = emulatedWebex();
  const newDirectory = temporaryDirectories();

  const fault = (route: string, how: object) => webexOf().emulator.faults.add({ route, ...how });
  const oauthError = (error: string): object => ({ status: 400, body: { error } });

  async function started(options?: WebexOptions): Promise<Webex> {
    const webex = webexOf().init({ scheduler: false, ...options });
    await webex.whenReady();
    return webex;
  }

  async function signedIn(options?: WebexOptions): Promise<Webex> {
    const webex = await started(options);
    await webexOf().signIn(webex);
    return webex;
  }

  /** The callback of a login that went well, with its query changed. */
  async function callback(
    change: (query: URLSearchParams) => void,
    {
      user,
      wait = 0,
      twice = false,
      starter,
    }: { user?: string; wait?: number; twice?: boolean; starter?: string } = {},
  ): Promise<unknown> {
    const { emulator, clock } = webexOf();
    const webex = await started();
    const { url, transaction } = await webex.authorization.initiateLogin({ starter: starter && 'somebody' });
    const back = new URL(await emulator.signIn(url, user === undefined ? {} : { user }));
    change(back.searchParams);
    clock.jump(wait);
    const complete = (): Promise<unknown> =>
      webex.authorization.completeLogin(back, transaction, starter === undefined ? {} : { starter });
    if (twice) await complete();
    return complete();
  }

  const said =
    (error: string): Flow =>
    () =>
      callback((query) => {
        query.delete('code');
        query.set('error', error);
      });

  /** The exchange of a code that Webex answers like this. */
  const exchange =
    (how: object): Flow =>
    async () => {
      fault(TOKEN, how);
      return callback(() => undefined);
    };

  /** A call of the API that Webex answers like this. */
  const call =
    (how: object): Flow =>
    async () => {
      const webex = await signedIn();
      fault('GET /v1/rooms', how);
      return webex.request({ resource: 'rooms' });
    };

  /** The exchange of a code at another token endpoint. */
  const exchangeAt = async (tokenEndpoint: string): Promise<unknown> => {
    const { endpoints } = webexOf();
    const webex = await started({ endpoints: { ...endpoints, tokenEndpoint } });
    return webex.authorization.requestAuthorizationCodeGrant({ code: 'canary-code' });
  };

  const validated = async (webex: Webex, minTtl?: number): Promise<never> => {
    const { error } = await webex.credentials.validate({ minTtl });
    throw error ?? new Error('valid');
  };

  /** A vault in a file, with a grant in it. */
  async function vault(): Promise<{ path: string; subject: string }> {
    const { open, signInTo, clock } = webexOf();
    const path = join(newDirectory(), 'vault.db');
    const keys = KeyRing.of([{ id: 'k1', key: KEY }]);
    const auth = await open({ store: sqliteStore({ path, clock }), keys });
    const { subject } = await signInTo(auth);
    await auth.close();
    return { path, subject };
  }

  const reopened = async (path: string, { id = 'k1', key = KEY } = {}): Promise<WebexAuth> => {
    const { open, clock } = webexOf();
    return open({ store: sqliteStore({ path, clock }), keys: KeyRing.of([{ id, key }]) });
  };

  async function device(how: { lifetime?: number; deny?: boolean; fault?: object }): Promise<unknown> {
    const { emulator } = webexOf();
    const clock = fakeClock(webexOf().clock.now());
    if (how.lifetime !== undefined) emulator.setLifetimes({ deviceCode: how.lifetime });
    if (how.fault) fault('POST /v1/device/token', how.fault);
    const webex = await started({ clock });
    const answered = webex.authorization.requestDeviceGrant({
      onPrompt: ({ userCode }) => {
        if (how.deny) emulator.approveDevice(userCode, { deny: true });
      },
    });
    let settled = false;
    const done = (): void => void (settled = true);
    answered.then(done, done);
    // No further than the next poll until it was answered: a request has a deadline on this clock as well.
    while (!settled) {
      const open = emulator.ledger.count(
        ({ path, status }) => path.includes('/device/') && status === undefined,
      );
      await (open === 0 && clock.timers > 0
        ? clock.advance(500)
        : new Promise((resolve) => setImmediate(resolve)));
    }
    return answered;
  }

  const flows: Record<Exclude<ErrorCode, Inner>, Flow> = {
    CONFIGURATION_INVALID: async () => Webex.init({ credentials: { client_id: 'C1' } }),
    INVALID_CLIENT: async () =>
      started({ verifyClient: true, credentials: { client_id: 'C1', client_secret: 'canaryOfAnother' } }),
    INVALID_GRANT: async () =>
      (await started()).authorization.requestAuthorizationCodeGrant({ code: 'canary-code' }),
    INVALID_REQUEST: exchange(oauthError('invalid_request')),
    INVALID_SCOPE: said('invalid_scope'),
    UNAUTHORIZED_CLIENT: async () => (await started()).credentials.getClientToken(),
    UNSUPPORTED_GRANT_TYPE: exchange(oauthError('unsupported_grant_type')),
    DEVICE_CODE_EXPIRED: () => device({ lifetime: 20 }),
    TOKEN_LIMIT_REACHED: () => device({ fault: oauthError('tokenlimit_reached') }),
    ACCESS_DENIED: () => device({ deny: true }),
    LOGIN_REQUIRED: said('login_required'),
    AUTHORIZATION_SERVER_ERROR: said('server_error'),
    AUTHORIZATION_RESPONSE_INVALID: () => callback((query) => query.delete('code')),
    STATE_MISMATCH: () => callback((query) => query.set('state', 'of another login')),
    STATE_EXPIRED: () => callback(() => undefined, { wait: 601_000 }),
    STATE_USED: () => callback(() => undefined, { twice: true }),
    ISSUER_MISMATCH: () => callback((query) => query.set('iss', 'https://attacker.example')),
    STARTER_MISMATCH: () => callback(() => undefined, { starter: 'somebody else' }),
    PERSON_MISMATCH: async () => {
      const webex = await signedIn();
      return webexOf().signIn(webex, { user: 'grace@example.com' });
    },
    ID_TOKEN_INVALID: async () => {
      const { emulator, signIn } = webexOf();
      emulator.setIdTokenFault('wrong-nonce');
      return signIn(await started(), { scope: ['openid', 'spark:people_read'] });
    },
    SERVICE_APP_NOT_AUTHORIZED: async () => {
      const { open, emulator } = webexOf();
      const auth = await open({
        client: { clientId: SERVICE_APP.clientId, clientSecret: SERVICE_APP.clientSecret },
        serviceApp: { ownerToken: emulator.issuePersonalToken('ada@example.com') },
      });
      return auth.serviceApp(ORG);
    },
    SCOPE_REDUCTION_FAILED: async () => {
      const webex = await signedIn();
      fault(BROKER, oauthError('invalid_request'));
      return webex.credentials.getUserToken('spark:people_read');
    },
    WEBHOOK_SIGNATURE_INVALID: async () =>
      (await webexOf().open()).receiveWebhook({
        body: '{}',
        signature: 'ab',
        secret: 'canary-webhook-secret',
      }),
    UNAUTHORIZED: call({ status: 401 }),
    FORBIDDEN: call({ status: 403 }),
    PROTOCOL_ERROR: exchange({ malformed: true }),
    NETWORK_ERROR: exchange({ resetBefore: true }),
    TIMEOUT: async () => {
      const webex = await signedIn();
      fault('GET /v1/rooms', { delayBeforeMs: 600_000 });
      return webex.fetch('/rooms', { deadlineMs: 20 });
    },
    RATE_LIMITED: exchange({ retryAfter: 30 }),
    SERVICE_UNAVAILABLE: exchange({ status: 503 }),
    RESPONSE_TOO_LARGE: exchange({ status: 200, body: 'x'.repeat(1_100_000) }),
    ORIGIN_NOT_ALLOWED: async () =>
      (await signedIn()).fetch('https://webex.com.attacker.example/v1/people/me'),
    BAD_REQUEST: call({ status: 400, body: { message: 'canary of the server' } }),
    NOT_FOUND: call({ status: 404 }),
    CONFLICT: call({ status: 409 }),
    LOCKED: call({ status: 423 }),
    UNAVAILABLE_FOR_LEGAL_REASONS: call({ status: 451 }),
    API_ERROR: call({ status: 418 }),
    SERVICE_NOT_FOUND: async () => (await started()).services.waitForService('nowhere'),
    GRANT_NOT_FOUND: async () => (await webexOf().open()).token('nobody'),
    REAUTH_REQUIRED: async () => {
      const webex = await signedIn();
      webexOf().emulator.revokeAll();
      return webex.refresh();
    },
    TOKEN_EXPIRED: async () => {
      const webex = await signedIn();
      webexOf().clock.jump(15 * DAY_MS);
      return validated(webex);
    },
    TOKEN_EXPIRING: async () => validated(await signedIn(), 30 * 86_400),
    TOKEN_REVOKED: async () => {
      const webex = await signedIn();
      webexOf().emulator.revokeAll();
      return validated(webex);
    },
    SCOPE_MISSING: async () => (await signedIn()).credentials.getUserToken('identity:tokens_read'),
    KEY_UNAVAILABLE: async () => {
      const { path, subject } = await vault();
      return (await reopened(path, { id: 'k2' })).token(subject);
    },
    KEY_WRONG: async () => reopened((await vault()).path, { key: Buffer.alloc(32, 8) }),
    INTEGRITY_FAILURE: async () => {
      const { path, subject } = await vault();
      const handle = await openSqlite(path);
      const [row] = handle.prepare('SELECT tokens FROM grants').all() as { tokens: Uint8Array }[];
      const altered = Uint8Array.from(row?.tokens ?? [], (byte, at) => (at === 100 ? byte ^ 1 : byte));
      handle.prepare('UPDATE grants SET tokens = ?').run(altered);
      handle.close();
      return (await reopened(path)).token(subject);
    },
    STORE_UNAVAILABLE: async () => {
      const { path } = await vault();
      const { open, clock } = webexOf();
      const store = sqliteStore({ path, clock, busyTimeoutMs: 20 });
      const auth = await open({ store, keys: KeyRing.of([{ id: 'k1', key: KEY }]), scheduler: false });
      const handle = await openSqlite(path);
      handle.exec('BEGIN EXCLUSIVE');
      return auth.grants.import('user-42', { access_token: 'canary' }).finally(() => handle.close());
    },
    STORE_CORRUPT: async () => {
      const path = join(newDirectory(), 'vault.db');
      writeFileSync(path, 'no vault'.repeat(1_000), { mode: 0o600 });
      return reopened(path);
    },
    STORE_SCHEMA_TOO_NEW: async () => {
      const { path } = await vault();
      const handle = await openSqlite(path);
      handle.exec("UPDATE meta SET value = 99 WHERE name IN ('schema', 'min_reader')");
      handle.close();
      return reopened(path);
    },
    CLOSED: async () => {
      const auth = await webexOf().open();
      await auth.close();
      return auth.token('anybody');
    },
  };

  it.each(Object.keys(flows) as (keyof typeof flows)[])(
    '%s comes out of a flow as it is documented, and tells no secret',
    async (code) => {
      const { emulator } = webexOf();
      const error = await flows[code]().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code });
      if (!isWebexAuthError(error)) throw new Error('not one of ours');
      const row = documented.get(code);
      expect(error.name).toBe(row?.name);
      expect(library[error.name as keyof typeof library]).toBe(error.constructor);
      expect(error.retryable).toBe(row?.retryable);
      expect(error.action ?? '–').toBe(row?.action);
      const printed = [inspect(error, { depth: Infinity, showHidden: true }), JSON.stringify(error)].join(
        '\n',
      );
      expect(printed).not.toMatch(/canary/i);
      const secrets = emulator.clients.map(({ clientSecret }) => clientSecret);
      for (const secret of secrets) expect(printed).not.toContain(secret);
    },
  );

  it('has a row for each code, and no others', () => {
    const inner: Inner[] = ['AUTHORIZATION_PENDING', 'SLOW_DOWN'];
    expect([...documented.keys()].sort()).toEqual([...Object.keys(flows), ...inner].sort());
  });

  it.each(['AUTHORIZATION_PENDING', 'SLOW_DOWN'])(
    '%s stays inside the polling for a device',
    async (code) => {
      await expect(device({ fault: oauthError(code.toLowerCase()), lifetime: 30 })).rejects.toMatchObject({
        code: 'DEVICE_CODE_EXPIRED',
      });
    },
  );

  describe('network failures say what failed, and whether Webex may have seen the request', () => {
    const closedPort = async (): Promise<number> => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      server.close();
      await once(server, 'close');
      return port;
    };

    it('dns', async () => {
      await expect(exchangeAt('https://webex.invalid/v1/access_token')).rejects.toMatchObject({
        code: 'NETWORK_ERROR',
        reason: 'dns',
        maybeProcessed: false,
      });
    });

    it('refused', async () => {
      const address = `http://127.0.0.1:${String(await closedPort())}/v1/access_token`;
      await expect(exchangeAt(address)).rejects.toMatchObject({
        code: 'NETWORK_ERROR',
        reason: 'refused',
        maybeProcessed: false,
      });
    });

    it('reset', async () => {
      await expect(exchange({ resetAfterProcessing: true })()).rejects.toMatchObject({
        code: 'NETWORK_ERROR',
        reason: 'reset',
        maybeProcessed: true,
      });
    });

    it('tls', async () => {
      const { port } = await listen(createTlsServer({ ...selfSigned }));
      await expect(exchangeAt(`https://localhost:${String(port)}/v1/access_token`)).rejects.toMatchObject({
        code: 'NETWORK_ERROR',
        reason: 'tls',
        maybeProcessed: false,
      });
    });
  });

  it('a rate limit says when: retryAt, from the answer, and nobody asks before', async () => {
    const { clock, emulator } = webexOf();
    const webex = await signedIn();
    fault(TOKEN, { retryAfter: 30, times: 1 });
    const before = clock.now();
    const error = await webex.refresh().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'RATE_LIMITED', action: 'retry_later', status: 429 });
    const { retryAt = 0 } = error as { retryAt?: number };
    expect(retryAt).toBeGreaterThanOrEqual(before + 30_000);
    expect(retryAt).toBeLessThanOrEqual(clock.now() + 30_000);
    await expect(webex.refresh()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(emulator.ledger.count('refresh_token')).toBe(1);
    // Sign-ins first: refreshes begin a second later.
    clock.skip(32_000);
    await webex.refresh();
    expect(emulator.ledger.count('refresh_token')).toBe(2);
  });

  it('an error that came of an answer names it: status and tracking id', async () => {
    const { emulator } = webexOf();
    const error = await flows.INVALID_GRANT().catch((reason: unknown) => reason);
    const [asked] = emulator.ledger.find('authorization_code');
    expect(error).toMatchObject({ status: 400, trackingId: asked?.trackingId });
    expect(asked?.trackingId).toMatch(/./);
  });

  it.each([
    ['UnsupportGrantTypeError', 'UnsupportedGrantTypeError'],
    ['NetworkOrCORSError', 'NetworkError'],
    ['TooManyRequests', 'RateLimitError'],
    ['Unauthorized', 'UnauthorizedError'],
    ['Forbidden', 'ForbiddenError'],
    ['BadRequest', 'BadRequestError'],
    ['NotFound', 'NotFoundError'],
    ['Conflict', 'ConflictError'],
    ['InternalServerError', 'ServiceUnavailableError'],
  ] as const)('%s, the older name of %s, is documented and the same class', (older, name) => {
    expect(library[older]).toBe(library[name]);
    expect(page).toContain(`\`${older}\``);
  });

  it('the older selectors give the classes that are thrown', async () => {
    const refused = await flows.INVALID_GRANT().catch((reason: unknown) => reason);
    expect(refused).toBeInstanceOf(library.grantErrors.select('invalid_grant'));
    const notFound = await flows.NOT_FOUND().catch((reason: unknown) => reason);
    expect(notFound).toBeInstanceOf(library.WebexHttpError.select(404));
    expect(notFound).not.toBeInstanceOf(library.WebexHttpError.select(500));
  });
});
