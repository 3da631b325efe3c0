import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach } from 'vitest';

/** Where Debian and its relatives keep the binaries, beside PATH. */
const DEBIAN = '/usr/lib/postgresql';
const MISSING =
  'PostgreSQL is not installed: initdb and postgres are neither below /usr/lib/postgresql nor on PATH (Debian: apt-get install postgresql)';

/** A PostgreSQL server of the test's own, on a free loopback port, durable as in production. */
export interface PostgresServer {
  /** How to connect: as the superuser, unless `over` says otherwise. */
  config(over?: pg.PoolConfig): pg.PoolConfig;
  /** A pool that ends with `endPools`, or `dispose`. */
  pool(over?: pg.PoolConfig): pg.Pool;
  endPools(): Promise<void>;
  /** Runs one statement as the superuser. */
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** `immediate`: as with `pg_ctl stop -m immediate`, without a checkpoint. Resolves when it has ended. */
  stop(mode: 'fast' | 'immediate'): Promise<void>;
  /** Starts it again on the same data and port; resolves when it takes connections. */
  start(): Promise<void>;
  /** The same as a standby that follows nobody; `pg_promote()` makes it a primary again. */
  asStandby(): Promise<void>;
  dispose(): Promise<void>;
}

/** A server for all tests of a file, which are skipped where there is no PostgreSQL. Call it once per test file. */
export function postgresServer(): () => PostgresServer {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    if (findBinaries() !== undefined) server = await startPostgres();
  });
  beforeEach(({ skip }) => {
    if (!server) skip(MISSING);
  });
  afterAll(() => server?.dispose());
  return () => {
    if (!server) throw new Error(MISSING);
    return server;
  };
}

/** Makes a cluster and starts it; errors when there is no PostgreSQL. As root it runs as the user `postgres`, for PostgreSQL refuses to be root. */
async function startPostgres(): Promise<PostgresServer> {
  const binaries = findBinaries();
  if (binaries === undefined) throw new Error(MISSING);
  const user = unprivilegedUser();
  const directory = mkdtempSync(join(tmpdir(), 'webex-auth-pg-'));
  if (user.uid !== undefined && user.gid !== undefined) chownSync(directory, user.uid, user.gid);
  const data = join(directory, 'data');
  const env = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' };
  // Without syncing: nobody pulls the plug while it is made. The server itself syncs as in production.
  const making = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'];
  execFileSync(join(binaries, 'initdb'), making, { ...user, env, cwd: directory, stdio: 'pipe' });
  const port = await freePort();
  const pools: pg.Pool[] = [];
  let running: ChildProcess | undefined;

  const config = (over: pg.PoolConfig = {}): pg.PoolConfig => {
    return { host: '127.0.0.1', port, user: 'postgres', database: 'postgres', ...over };
  };
  const start = async (): Promise<void> => {
    const settings = ['listen_addresses=127.0.0.1', 'max_connections=200', 'shared_buffers=32MB'];
    const args = ['-D', data, '-p', String(port), '-k', directory, ...settings.flatMap((one) => ['-c', one])];
    running = spawn(join(binaries, 'postgres'), args, {
      ...user,
      env,
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await untilReady(running);
  };
  const stop = async (mode: 'fast' | 'immediate'): Promise<void> => {
    const child = running;
    running = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await ended;
  };
  // Vitest may end the process without running hooks; the server must not outlive it.
  const onExit = (): void => void running?.kill('SIGQUIT');
  process.once('exit', onExit);
  await start();
  const pool = (over?: pg.PoolConfig): pg.Pool => {
    const made = new pg.Pool(config(over));
    pools.push(made);
    return made;
  };
  const endPools = async (): Promise<void> => {
    await Promise.all(pools.splice(0).map((one) => one.end()));
  };
  return {
    config,
    pool,
    endPools,
    query: async (sql, values) => {
      const client = new pg.Client(config());
      await client.connect();
      try {
        return (await client.query<Record<string, unknown>>(sql, values)).rows;
      } finally {
        await client.end();
      }
    },
    stop,
    start,
    asStandby: async () => {
      writeFileSync(join(data, 'standby.signal'), '');
      await start();
    },
    dispose: async () => {
      process.off('exit', onExit);
      await endPools();
      await stop('immediate');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function findBinaries(): string | undefined {
  const packaged = existsSync(DEBIAN)
    ? readdirSync(DEBIAN)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(DEBIAN, version, 'bin'))
    : [];
  const places = [...packaged, ...(process.env['PATH'] ?? '').split(delimiter)];
  return places.find((place) => ['initdb', 'postgres'].every((name) => existsSync(join(place, name))));
}

function unprivilegedUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

async function untilReady({ stderr }: ChildProcess): Promise<void> {
  if (!stderr) throw new Error('the server has no stderr');
  const said: string[] = [];
  const lines = createInterface({ input: stderr });
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line);
      // A standby is ready to accept read-only connections.
      if (/ready to accept (read-only )?connections/.test(line)) resolve();
    });
    lines.on('close', () => reject(new Error(`PostgreSQL did not start: ${said.slice(-5).join('; ')}`)));
  });
}
