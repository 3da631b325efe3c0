import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Emulator } from '../../src/emulator/emulator.js';
import { KeyRing, WebexAuth } from '../../src/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import { startEmulated } from '../support/emulated.js';
import { buildForWorkers } from '../support/worker-build.js';
import { startWorker } from '../support/worker-process.js';
import type { FleetSettings } from './fleet-settings.js';

const PROCESSES = 8;
const CALLERS = 50;

describe('8 processes × 50 callers on one SQLite vault', () => {
  let emulator: Emulator;
  let directory: string;
  let settings: FleetSettings;

  beforeEach(async () => {
    const started = await startEmulated({ refreshMode: 'rotate-strict', lifetimes: { accessToken: 3_600 } });
    ({ emulator } = started);
    directory = await mkdtemp(join(tmpdir(), 'webex-auth-fleet-'));
    settings = {
      client: started.client,
      endpoints: started.endpoints,
      vault: join(directory, 'vault.db'),
      keys: `test:${randomBytes(32).toString('base64')}`,
      subject: 'user-1',
      callers: CALLERS,
    };
  });

  afterEach(async () => {
    await emulator.close();
    await rm(directory, { recursive: true });
  });

  function open(): Promise<WebexAuth> {
    const { client, endpoints, vault, keys } = settings;
    return WebexAuth.open({
      client,
      endpoints,
      store: sqliteStore({ path: vault }),
      keys: KeyRing.fromEnvironment({ env: { WEBEX_AUTH_KEYS: keys } }),
      scheduler: false,
    });
  }

  async function storeExpiredGrant(auth: WebexAuth): Promise<void> {
    const webex = await signIn(auth);
    await auth.grants.import(
      settings.subject,
      { ...webex, expires_in: 1, token_type: 'Bearer' },
      { receivedAt: Date.now() - 60_000 },
    );
  }

  async function signIn(
    auth: WebexAuth,
  ): Promise<{ access_token: string; refresh_token: string | undefined }> {
    const start = await auth.handler(new Request('http://localhost/login'));
    const cookie = start.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const callback = await emulator.signIn(start.headers.get('location') ?? '');
    await auth.handler(new Request(callback, { headers: { cookie } }));
    const [grant] = await auth.grants.list();
    const { supertoken } = (await auth.user(grant?.subject ?? '')).credentials;
    return { access_token: supertoken?.access_token ?? '', refresh_token: supertoken?.refresh_token };
  }

  it.each([
    ['a quick server', 0],
    ['a server slower than a lease', 20_000],
  ])('E2: make exactly one refresh of an expired grant (%s)', async (_, delayAfterMs) => {
    const auth = await open();
    await storeExpiredGrant(auth);
    emulator.faults.add({ route: 'POST /v1/access_token', delayAfterMs });
    const script = new URL('test/flow/caller.worker.js', await buildForWorkers());
    const workers = await Promise.all(
      Array.from({ length: PROCESSES }, () => startWorker(script, { args: [JSON.stringify(settings)] })),
    );
    const before = emulator.ledger.count('refresh_token');
    for (const worker of workers) worker.go();
    expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual(workers.map(() => 0));
    const said = workers.map((worker) => worker.said.at(-1) ?? {});

    expect(emulator.ledger.count('refresh_token') - before).toBe(1);
    expect(said.map(({ failed }) => failed)).toEqual(workers.map(() => 0));
    expect(new Set(said.flatMap(({ tokens }) => tokens as string[])).size).toBe(1);
    expect(said.reduce((sum, { refreshes }) => sum + Number(refreshes), 0)).toBe(1);
    expect(await auth.grants.get(settings.subject)).toMatchObject({ state: 'live', generation: 2 });
    await auth.close();
  });
});
