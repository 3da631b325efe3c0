// What all benchmarks share: interleaved rounds, medians, a temporary directory on the checkout's disk, the peer server.
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** What makes a published figure. */
export const FEWEST_ROUNDS = 15;
/** How many rounds count; a few more come first to warm up. */
export const ROUNDS = Number(process.env.BENCH_ROUNDS) || FEWEST_ROUNDS;
const WARM_UP_ROUNDS = 3;

/** The middle of a list of numbers. */
export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Measures variants side by side: each round runs every one of them, starting with another one each time. A variant is
 * a function that resolves to one figure. Gives name → { median, low, high, figures }, figures by round.
 */
export async function sideBySide(variants, { warmUp = WARM_UP_ROUNDS } = {}) {
  const names = Object.keys(variants);
  const figures = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warmUp; round < ROUNDS; round++) {
    const shift = (round + warmUp) % names.length;
    for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
      const figure = await variants[name]();
      if (round >= 0) figures[name].push(figure);
    }
  }
  return Object.fromEntries(
    names.map((name) => {
      const all = figures[name];
      return [name, { median: median(all), low: Math.min(...all), high: Math.max(...all), figures: all }];
    }),
  );
}

/** Operations per second of `operation`, run `count` times by `width` callers at once. */
export async function perSecond(operation, { count, width = 1 }) {
  let left = count;
  const caller = async () => {
    while (left-- > 0) await operation();
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: width }, caller));
  return (count / (performance.now() - started)) * 1000;
}

/** Installs what ours is held against, once: got beside the benchmarks, Webex's own SDK beside its tests. */
export function installClients() {
  const script = join(root, 'test', 'sdk', 'install.mjs');
  for (const folder of ['bench', 'test/sdk'])
    execFileSync(process.execPath, [script, join(root, folder)], { stdio: ['ignore', 2, 2] });
}

/** The version of a package as it is installed in a folder of this checkout. */
export function versionOf(name, folder = '.') {
  return JSON.parse(readFileSync(join(root, folder, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/**
 * Runs `use` with the origin of a fixed server in a process of its own, which ends afterwards, and with a function that
 * tells how many connections were made to it.
 */
export async function withPeer(use) {
  const peer = fork(join(root, 'bench', 'peer.mjs'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    const [{ port }] = await once(peer, 'message');
    const connections = async () => {
      peer.send('connections?');
      return (await once(peer, 'message'))[0].connections;
    };
    return await use(`http://127.0.0.1:${port}`, connections);
  } finally {
    peer.kill();
    await once(peer, 'exit');
  }
}

/** Runs `use` with an empty directory on the disk of this checkout (a RAM disk would make durable writes free). */
export async function withDirectory(use) {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'bench-'));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A file that 4 KiB are written to and made durable, which is the least that a commit can cost. */
export function durableFile(directory) {
  const file = openSync(join(directory, 'durable'), 'w');
  let count = 0;
  return {
    write() {
      writeSync(file, Buffer.alloc(4096, ++count));
      fdatasyncSync(file);
    },
    close: () => closeSync(file),
  };
}

/** How long this disk takes to make 4 KiB durable, milliseconds: the floor under every durable row. */
export function durableWriteMs() {
  return withDirectory((directory) => {
    const file = durableFile(directory);
    const times = Array.from({ length: 50 }, () => {
      const started = performance.now();
      file.write();
      return performance.now() - started;
    });
    file.close();
    return median(times);
  });
}

/** undici, imported as the library does it: without a hand on the process's own fetch. */
export async function bareUndici() {
  void globalThis.Headers;
  return import('undici');
}

/** A `WebexAuth` against the peer, without its scheduler. */
export async function openAuth(origin, { store }) {
  const { WebexAuth, KeyRing, memoryStore } = await import('../dist/index.js');
  return WebexAuth.open({
    client: { ...CLIENT, scope: 'spark:all' },
    store: store ?? memoryStore(),
    keys: KeyRing.ephemeral(),
    endpoints: endpointsOf(origin),
    scheduler: false,
  });
}

/** The client of all benchmarks. */
export const CLIENT = {
  clientId: 'C'.repeat(64),
  clientSecret: 's'.repeat(64),
  redirectUri: 'http://127.0.0.1:1/callback',
};

/** The peer's addresses, as the library's options. */
export function endpointsOf(origin) {
  return {
    apiBase: `${origin}/v1`,
    issuer: origin,
    authorizationEndpoint: `${origin}/v1/authorize`,
    tokenEndpoint: `${origin}/v1/access_token`,
    revocationEndpoint: `${origin}/idb/oauth2/v1/revoke`,
  };
}

/** A row of the report. `better` says on which side of the goal the value must lie; without a goal it is there to compare. */
export function row({ what, value, unit, goal, better, detail, noisy = false }) {
  const met = goal === undefined ? undefined : better === 'lower' ? value <= goal : value >= goal;
  return { what, value, unit, goal, better, met, noisy, detail };
}

/**
 * Rows "n times as long as the bare call", with the bare call held against itself. The ratio is taken round by round,
 * where both met the same machine, and the middle one counts. `rows`: name of the result → what it is called, and its goal.
 */
export function ratioRows(results, { rows }) {
  const times = (name) =>
    median(results.bare.figures.map((bare, round) => bare / results[name].figures[round]));
  const again = times('bare again');
  const spread = `bare ${format(results.bare.median)}/s, bare against bare ${again.toFixed(2)} ×`;
  return Object.entries(rows).map(([name, { what, goal }]) =>
    row({
      what,
      value: times(name),
      unit: '×',
      goal,
      better: 'lower',
      // Where the same call differs from itself by more than this, the machine was busy with something else.
      noisy: Math.abs(Math.log(again)) > Math.log(1.15),
      detail: `${format(results[name].median)}/s; ${results[name].detail ?? spread}`,
    }),
  );
}

/** A number for people. */
export function format(number) {
  return number >= 100 ? Math.round(number).toLocaleString('en-US') : number.toFixed(number >= 10 ? 1 : 2);
}
