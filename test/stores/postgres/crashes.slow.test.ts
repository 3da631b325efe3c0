import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import {
  blob,
  claim,
  done,
  KEY,
  LEASE,
  present,
  signIn,
  tokenWrite,
} from '../../../src/stores/contract/grant-fixture.js';
import { postgresStore } from '../../../src/stores/postgres/postgres-store.js';
import type { Store } from '../../../src/stores/store.js';
import { cases } from '../../support/cases.js';
import { postgresServer } from '../../support/postgres-server.js';
import { freshSchema } from '../../support/postgres-subject.js';

const server = postgresServer();
afterEach(() => server().endPools());

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const isAway = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'STORE_UNAVAILABLE';

/** Rotates one grant for as long as it may, and knows the last generation that was acknowledged. */
async function rotate(
  store: Store,
  { id, goOn, told }: { id: number; goOn: () => boolean; told: (generation: number) => void },
): Promise<void> {
  const key = { ...KEY, subject: `user-${id}` };
  while (goOn()) {
    try {
      const { generation } = await claim(store, `holder-${id}`, key);
      const row = await present(store, key);
      const write = tokenWrite(0, { tokens: blob(generation + 1, 2_000) });
      told(done(await store.leases.commit(key, { ...row, write })).generation);
    } catch (error) {
      if (!isAway(error)) throw error;
      await wait(5);
    }
  }
}

const { count: stops, options } = cases({ commit: 10, nightly: 100 });

test('D6: immediate stops under load: acknowledged writes lost 0, healthy within 5 s', options, async () => {
  const seed = Date.now() % 2 ** 31;
  const delays = fc.sample(fc.integer({ min: 50, max: 400 }), { numRuns: stops, seed });
  const writers = 8;
  const store = postgresStore({ pool: server().pool({ max: writers }), schema: freshSchema() });
  await store.open();
  const acknowledged = Array.from({ length: writers }, () => 1);
  for (let id = 0; id < writers; id++) {
    await signIn(store, { key: { ...KEY, subject: `user-${id}` }, tokens: blob(1, 2_000) });
  }
  let isOver = false;
  const writing = Promise.all(
    acknowledged.map((_, id) =>
      rotate(store, {
        id,
        goOn: () => !isOver,
        told: (generation) => void (acknowledged[id] = generation),
      }),
    ),
  );
  for (const [round, delay] of delays.entries()) {
    await wait(delay);
    await server().stop('immediate');
    const before = [...acknowledged];
    await server().start();
    const started = performance.now();
    for (const [id, generation] of before.entries()) {
      const row = await present(store, { ...KEY, subject: `user-${id}` });
      const where = `seed ${seed}, stop ${round}, writer ${id}`;
      expect(row.generation, where).toBeGreaterThanOrEqual(generation);
      expect(row.tokens, where).toEqual(blob(row.generation, 2_000));
    }
    expect(performance.now() - started, `seed ${seed}, stop ${round}`).toBeLessThan(5_000);
  }
  isOver = true;
  await writing;
  expect(Math.min(...acknowledged)).toBeGreaterThan(stops);
  await store.close();
});

test('D6: a connection cut at COMMIT: the step repeated tells whether it was done, and does nothing twice', async () => {
  let cutting: 'before' | 'after' | undefined;
  const proxy = createServer((client) => {
    const upstream = connect(server().config().port ?? 0, '127.0.0.1');
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
    client.on('data', (bytes) => (cutting === 'before' ? end() : upstream.write(bytes)));
    // The server's answer to a statement of its own comes once it is durable.
    upstream.on('data', (bytes) => (cutting === 'after' ? end() : client.write(bytes)));
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const store = postgresStore({ pool: server().pool({ port }), schema: freshSchema() });
  await store.open();
  await signIn(store);
  for (let round = 0; round < 20; round++) {
    const cut = async <Result>(side: typeof cutting, work: () => Promise<Result>): Promise<void> => {
      cutting = side;
      await expect(work()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
      cutting = undefined;
    };
    const side = round % 2 ? 'before' : 'after';
    const { version, generation, fence } = await present(store);
    const step = () => store.leases.claim(KEY, { holder: 'A', version, leaseMs: LEASE, deadlineMs: LEASE });
    await cut(side, step);
    const again = await step();
    expect([again.done, again.record?.fence, again.record?.leaseHolder]).toEqual([
      side === 'before',
      fence + 1,
      'A',
    ]);

    const write = tokenWrite(round);
    const commit = () => store.leases.commit(KEY, { fence: fence + 1, generation, write });
    await cut(side, commit);
    const repeated = await commit();
    expect([repeated.done, repeated.record?.generation]).toEqual([side === 'before', generation + 1]);
    expect(repeated.record?.tokens).toEqual(write.tokens);
  }
  await store.close();
});
