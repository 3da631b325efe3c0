// What all benchmarks share: interleaved rounds, medians, a temporary directory on the checkout's disk, the peer server.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** How many rounds count; a few more come first to warm up. */
export const ROUNDS = Math.max(15, Number(process.env.BENCH_ROUNDS) || 15);
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

/** Runs `use` with the origin of a fixed server in a process of its own, which ends afterwards. */
export async function withPeer(use) {
  const peer = fork(join(root, 'bench', 'peer.mjs'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    const [{ port }] = await once(peer, 'message');
    return await use(`http://127.0.0.1:${port}`);
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

/** How long this disk takes to make 4 KiB durable, milliseconds: the floor under every durable row. */
export function durableWriteMs() {
  return withDirectory((directory) => {
    const file = openSync(join(directory, 'sync'), 'w');
    const times = Array.from({ length: 50 }, (_, at) => {
      const started = performance.now();
      writeSync(file, Buffer.alloc(4096, at));
      fdatasyncSync(file);
      return performance.now() - started;
    });
    closeSync(file);
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

/** A row of the report. `better` says on which side of the goal the value must lie. */
export function row({ what, value, unit, goal, better, detail, noisy = false }) {
  const met = better === 'lower' ? value <= goal : value >= goal;
  return { what, value, unit, goal, better, met, noisy, detail };
}

/**
 * Rows "n times as long as the bare call", with the bare call held against itself. The ratio is taken round by round,
 * where both met the same machine, and the middle one counts.
 */
export function ratioRows(results, { goals }) {
  const times = (name) =>
    median(results.bare.figures.map((bare, round) => bare / results[name].figures[round]));
  const again = times('bare again');
  const spread = `bare ${format(results.bare.median)}/s, bare against bare ${again.toFixed(2)} ×`;
  return Object.entries(goals).map(([name, { what, goal }]) =>
    row({
      what,
      value: times(name),
      unit: '×',
      goal,
      better: 'lower',
      // Where the same call differs from itself by more than this, the machine was busy with something else.
      noisy: Math.abs(Math.log(again)) > Math.log(1.15),
      detail: `${format(results[name].median)}/s; ${spread}`,
    }),
  );
}

/** A number for people. */
export function format(number) {
  return number >= 100 ? Math.round(number).toLocaleString('en-US') : number.toFixed(number >= 10 ? 1 : 2);
}
