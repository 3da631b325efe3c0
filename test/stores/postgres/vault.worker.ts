import { createInterface } from 'node:readline';
import pg from 'pg';
import { migrate } from '../../../src/stores/postgres/migrate.js';
import { postgresStore } from '../../../src/stores/postgres/postgres-store.js';
import { steps } from './extra-migrations.js';

// A process of its own on a shared server. Says 'ready', waits for a line, does its task, prints JSON lines.
const [task = '', config = '{}', schema = '', count = '0', id = '0'] = process.argv.slice(2);
const say = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const pool = new pg.Pool(JSON.parse(config) as pg.PoolConfig);

const tasks: Record<string, () => Promise<void>> = {
  /** Opens the vault, made first when there is none. */
  async open() {
    const store = postgresStore({ pool, schema });
    await store.open();
    await store.close();
  },

  /** Brings an existing vault to a later schema. */
  async migrate() {
    const client = await pool.connect();
    say({ begun: true });
    await migrate(client, { schema, migrations: steps(Number(count)) });
    client.release();
  },

  /**
   * Claims row after row, once nobody holds the starting lock any more, telling which it won. Pairs begin at the same row: the
   * first of all would stay ahead of those whom it made read again.
   */
  async claim() {
    const store = postgresStore({ pool, schema });
    await store.open();
    await pool.query(`SELECT pg_advisory_lock_shared(1)`);
    const won: number[] = [];
    const rows = Array.from({ length: Number(count) }, (_, at) => at);
    const start = Math.floor(Number(id) / 2) * 50;
    for (const row of [...rows.slice(start), ...rows.slice(0, start)]) {
      const key = { tenant: 't', clientId: 'c', subject: `user-${row}` };
      const terms = { holder: `worker-${process.pid}`, version: 1, leaseMs: 60_000, deadlineMs: 60_000 };
      if ((await store.leases.claim(key, terms)).done) won.push(row);
    }
    say({ won });
    await store.close();
  },
};

say({ ready: true });
const lines = createInterface({ input: process.stdin });
lines.once('line', () => {
  lines.close();
  process.stdin.destroy();
  const run = tasks[task];
  if (!run) throw new Error(`no task ${task}`);
  run()
    .then(
      () => say({ done: true }),
      (error: unknown) => {
        say({ failed: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
        process.exitCode = 1;
      },
    )
    .finally(() => void pool.end());
});
