import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStore } from '../../src/stores/memory-store.js';
import type { ContractSubject } from '../../src/stores/store-contract.js';
import type { Store } from '../../src/stores/store.js';
import { hasNodeSqlite } from '../../src/stores/sqlite/sqlite-driver.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import { fakeClock } from './fake-clock.js';

/** A contract subject that cleans up after itself. */
export interface DisposableSubject extends ContractSubject {
  dispose(): Promise<void>;
}

/** The SQLite drivers that this Node can run. */
export const SQLITE_DRIVERS = hasNodeSqlite() ? (['libsql', 'node:sqlite'] as const) : (['libsql'] as const);

/** Memory, on a fake clock. */
export function memorySubject(): DisposableSubject {
  const clock = fakeClock();
  return subjectOf(clock, async () => memoryStore({ clock }), undefined);
}

/** SQLite in a directory of its own, on a fake clock. */
export function sqliteSubject(driver: (typeof SQLITE_DRIVERS)[number]): DisposableSubject {
  const clock = fakeClock();
  const directory = mkdtempSync(join(tmpdir(), 'webex-auth-store-'));
  let files = 0;
  const at = (file: number) => async (): Promise<Store> =>
    sqliteStore({
      path: join(directory, `vault-${file}.db`),
      clock,
      leaseClock: { boot: 'test', monotonic: () => clock.monotonic() },
      driver,
    });
  const subject = subjectOf(
    clock,
    async () => at(++files)(),
    async () => at(files)(),
  );
  return {
    ...subject,
    dispose: async () => {
      await subject.dispose();
      rmSync(directory, { recursive: true });
    },
  };
}

function subjectOf(
  clock: ReturnType<typeof fakeClock>,
  make: () => Promise<Store>,
  makeAgain: (() => Promise<Store>) | undefined,
): DisposableSubject {
  const stores: Store[] = [];
  const opened = async (store: Store): Promise<Store> => {
    stores.push(store);
    await store.open();
    return store;
  };
  return {
    open: async () => opened(await make()),
    reopen: makeAgain && (async () => opened(await makeAgain())),
    passLeaseTime: (ms) => clock.advance(ms),
    passWallTime: async (ms) => clock.jump(ms),
    now: () => clock.now(),
    dispose: async () => {
      await Promise.all(stores.map((store) => store.close()));
    },
  };
}
