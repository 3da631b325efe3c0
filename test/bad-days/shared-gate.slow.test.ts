import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { KeyRing, WebexAuth } from '../../src/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import { startEmulated } from '../support/emulated.js';
import { temporaryDirectories } from '../support/temporary-directory.js';
import { buildForWorkers } from '../support/worker-build.js';
import { startWorker } from '../support/worker-process.js';
import type { CrowdSettings } from './crowd-settings.js';

const directory = temporaryDirectories();
const PROCESSES = 8;
// Half of them call from the start, one call at a time; the others come with the crowd.
const BUSY = 4;
const CALLERS = 40;
const LIMITED_S = 3;
const ROOMS = 'GET /v1/rooms';
// What one process lets go in a second, of those who waited.
const PACE = 10;

it('G4: 8 processes × 40 callers of one person keep to the gate that one of them shut, and come back one by one', async () => {
  const { emulator, client, endpoints } = await startEmulated();
  onTestFinished(() => emulator.close());
  const settings: Omit<CrowdSettings, 'idle'> = {
    client,
    endpoints,
    vault: join(directory(), 'vault.db'),
    keys: `test:${randomBytes(32).toString('base64')}`,
    subject: 'user-1',
    callers: CALLERS,
  };
  const auth = await WebexAuth.open({
    client,
    endpoints,
    store: sqliteStore({ path: settings.vault }),
    keys: KeyRing.fromEnvironment({ env: { WEBEX_AUTH_KEYS: settings.keys } }),
    scheduler: false,
  });
  await auth.grants.import(settings.subject, { access_token: emulator.issuePersonalToken() });
  await auth.close();
  const script = new URL('test/bad-days/crowd.worker.js', await buildForWorkers());
  const workers = await Promise.all(
    Array.from({ length: PROCESSES }, (_, at) =>
      startWorker(script, {
        args: [JSON.stringify({ ...settings, idle: at >= BUSY } satisfies CrowdSettings)],
      }),
    ),
  );
  for (const worker of workers) worker.go();
  await sleep(500);

  // From the first request on Webex limits this person for three seconds, and later if more come than all gates together let go.
  let limitedAt = Infinity;
  const isLimited = (): boolean => {
    const now = Date.now();
    limitedAt = Math.min(limitedAt, now);
    if (now < limitedAt + LIMITED_S * 1_000) return true;
    return (
      emulator.ledger.count(({ path, at }) => path === '/v1/rooms' && at > now - 1_000) >
      PROCESSES * PACE * 1.1
    );
  };
  emulator.faults.add({
    route: ({ path }) => path === '/v1/rooms' && isLimited(),
    retryAfter: LIMITED_S,
  });
  while (limitedAt === Infinity) await sleep(5);
  const opensAt = limitedAt + LIMITED_S * 1_000;
  // A process looks at the shared gate once a second.
  await sleep(1_100);
  for (const worker of workers) worker.go();
  expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual(workers.map(() => 0));

  const outcomes = workers.flatMap((worker) => worker.said.at(-1)?.['outcomes'] as string[]);
  expect(outcomes).toHaveLength(PROCESSES * CALLERS + BUSY);
  expect(new Set(outcomes)).toEqual(new Set(['ok']));
  const requests = emulator.ledger.find(ROOMS).filter(({ at }) => at >= limitedAt);
  const early = requests.filter(({ at }) => at < opensAt);
  const later = requests.filter(({ at }) => at >= opensAt).map(({ at }) => at);
  // Each busy process had one call on its way; the others learned of the gate without one.
  expect(early.length).toBeLessThanOrEqual(BUSY);
  expect(later.length).toBeGreaterThanOrEqual(PROCESSES * CALLERS);
  for (const [index, at] of later.entries()) {
    const withinASecond = later.slice(index).findIndex((one) => one >= at + 1_000);
    expect(withinASecond < 0 ? later.length - index : withinASecond).toBeLessThanOrEqual(
      PROCESSES * (PACE + 1),
    );
  }
  const again = emulator.ledger.find(({ at, status }) => at >= opensAt && status === 429);
  expect(again.length).toBeLessThanOrEqual(later.length / 100);
});
