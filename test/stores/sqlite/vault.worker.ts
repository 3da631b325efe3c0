import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import type { GrantKey } from '../../../src/stores/grant-record.js';
import { migrate } from '../../../src/stores/sqlite/migrate.js';
import { openSqlite } from '../../../src/stores/sqlite/sqlite-driver.js';
import { whenFree } from '../../../src/stores/sqlite/busy-retry.js';
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.js';
import { blob, tokenWrite } from '../../../src/stores/contract/grant-fixture.js';
import { steps } from './extra-migrations.js';

// A process of its own on a shared vault. Says 'ready', waits for a line, does its task, prints JSON lines.
const [task = '', path = '', id = '0', count = '0'] = process.argv.slice(2);
const loaded = (name: string): boolean =>
  Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes(`node_modules/${name}`));
const say = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const key: GrantKey = { tenant: 't', clientId: 'c', subject: `user-${id}` };

const tasks: Record<string, () => Promise<void>> = {
  /** Opens the vault. */
  async open() {
    const store = sqliteStore({ path });
    await store.open();
    await store.close();
  },

  /** Brings an existing vault to a later schema. */
  async migrate() {
    const handle = await openSqlite(path);
    const options = { path, migrations: steps(Number(count)) };
    await whenFree(() => migrate(handle, options), { path, busyTimeoutMs: 20_000 });
    handle.close();
  },

  /** Claims and commits its own grant over and over, telling each generation once it is stored. */
  async rotate() {
    const store = sqliteStore({ path });
    await store.open();
    let row = await store.grants.read(key);
    if (!row) {
      const write = { ...tokenWrite(0), kind: 'x', details: undefined };
      row = (await store.grants.save(key, write, { generation: 0, revision: 0 })).record;
    }
    const times: number[] = [];
    for (let round = 0; row && round < Number(count); round++) {
      const start = performance.now();
      const terms = {
        holder: `worker-${process.pid}`,
        version: row.version,
        leaseMs: 15_000,
        deadlineMs: 120_000,
      };
      const claimed: typeof row | undefined = (await store.leases.claim(key, terms)).record;
      if (!claimed) throw new Error('the row is gone');
      const write = { ...tokenWrite(0), tokens: blob(claimed.generation + 1, 2_000) };
      const committed = await store.leases.commit(key, { ...claimed, write });
      if (!committed.done) throw new Error('the commit was refused');
      row = committed.record;
      times.push(performance.now() - start);
      say({ stored: row.generation });
    }
    times.sort((a, b) => a - b);
    say({ pairs: times.length, p99: times[Math.floor(times.length * 0.99)] });
    await store.close();
  },

  /** Consumes ids that all workers race for. Tells which it was the first for. */
  async consume() {
    const store = sqliteStore({ path });
    await store.open();
    const expiresAt = Date.now() + 600_000;
    const won: number[] = [];
    for (let at = 0; at < Number(count); at++)
      if (await store.once.consume(`state-${at}`, { expiresAt })) won.push(at);
    say({ won });
    await store.close();
  },
};

say({ ready: true, libsqlLoaded: loaded('libsql') });
const lines = createInterface({ input: process.stdin });
lines.once('line', () => {
  lines.close();
  process.stdin.destroy();
  const run = tasks[task];
  if (!run) throw new Error(`no task ${task}`);
  run().then(
    () => say({ done: true }),
    (error: unknown) => {
      say({ failed: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
      process.exitCode = 1;
    },
  );
});
