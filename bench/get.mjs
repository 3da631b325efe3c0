// Authorized GET, 50 at once, body read and parsed: ours and others against a bare undici.request that does the same. Each
// client is in a process of its own; they take turns, and one server answers them all.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  format,
  installClients,
  median,
  ratioRows,
  root,
  ROUNDS,
  sideBySide,
  versionOf,
  withPeer,
} from './harness.mjs';

const LOAD = { count: 1_500, width: 50 };

const CLIENTS = {
  bare: { client: 'undici.request' },
  request: { client: 'webex-auth request', goal: 1.5 },
  fetch: { client: 'webex-auth fetch', goal: 2.8 },
  'global fetch': { client: 'global fetch' },
  got: { client: 'got', version: () => versionOf('got', 'bench') },
  'webex-core': { client: 'webex-core', version: () => versionOf('@webex/webex-core', 'test/sdk') },
  'bare again': { client: 'undici.request' },
};

/** The rows of this benchmark. */
export function getBenchmark() {
  installClients();
  return withPeer(async (origin, connections) => {
    const clients = {};
    try {
      for (const [name, { client }] of Object.entries(CLIENTS))
        clients[name] = await startClient(client, { origin, connections });
      const results = await sideBySide(
        Object.fromEntries(Object.entries(clients).map(([name, { round }]) => [name, round])),
      );
      const cpu = (name) => median(clients[name].cpuMicros.slice(-ROUNDS));
      for (const [name, result] of Object.entries(results))
        result.detail = [
          `${format(cpu(name))} µs of CPU a call (${(cpu(name) / cpu('bare')).toFixed(2)} ×)`,
          `${clients[name].connections} connections for ${format(clients[name].calls)} calls`,
        ].join(', ');
      const rows = {};
      for (const [name, { client, goal, version }] of Object.entries(CLIENTS)) {
        if (name === 'bare') continue;
        const what =
          name === 'bare again' ? `${client} against itself` : `${client} ${version?.() ?? ''}`.trim();
        rows[name] = { what, goal };
      }
      return ratioRows(results, { rows });
    } finally {
      for (const { end } of Object.values(clients)) await end();
    }
  });
}

/** Starts a client's process. `connections` tells how many the server has seen; only one client calls at a time. */
async function startClient(name, { origin, connections }) {
  const child = fork(join(root, 'bench', 'get-process.mjs'), [name, origin], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.once('exit', () => child.emit('error', new Error(`The process of ${name} ended`)));
  const answer = async () => (await once(child, 'message'))[0];
  const client = {
    cpuMicros: [],
    calls: 0,
    connections: 0,
    async round() {
      const before = await connections();
      child.send(LOAD);
      const { perSecond, cpuMicros } = await answer();
      client.cpuMicros.push(cpuMicros);
      client.calls += LOAD.count;
      client.connections += (await connections()) - before;
      return perSecond;
    },
    async end() {
      child.removeAllListeners('exit').kill();
      await once(child, 'exit');
    },
  };
  await answer();
  return client;
}
