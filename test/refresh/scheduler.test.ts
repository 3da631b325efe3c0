import { expect, it } from 'vitest';
import { RateLimitError } from '../../src/errors.js';
import { Scheduler } from '../../src/refresh/scheduler.js';
import { drive, owner, rig } from './rig.js';

const HOUR = 3_600_000;

async function due(count: number) {
  const one = rig();
  const process = one.process();
  for (let at = 0; at < count; at++)
    await process.vault.keep(`user-${String(at)}`, one.server.issue(), { kind: 'authorization_code' });
  await one.clock.advance(0.95 * HOUR);
  const { grants } = one.store;
  const seen = { rows: 0, reads: 0 };
  const counted = {
    ...grants,
    due: async (...parameters: Parameters<typeof grants.due>) => {
      const page = await grants.due(...parameters);
      seen.rows += page.length;
      return page;
    },
  };
  const read = grants.read.bind(grants);
  grants.read = (...parameters) => (seen.reads++, read(...parameters));
  const { refresher, tokens } = process;
  const scheduler = new Scheduler({ grants: counted, owner, clock: one.clock, refresher, tokens });
  return { ...one, process, scheduler, seen };
}

it('looks at each due grant once, and reads its rows about twice at most', async () => {
  const { scheduler, clock, seen, server } = await due(600);
  expect(await drive(clock, scheduler.runOnce())).toBe(600);
  expect(server.presentations).toHaveLength(600);
  expect(seen.rows).toBeLessThanOrEqual(1_300);
});

it('finds out with a few grants that a gate is shut, and leaves the rest alone', async () => {
  const { scheduler, clock, seen, server, process } = await due(600);
  server.faults.push({ refuse: new RateLimitError('slow', { status: 429, retryAt: clock.now() + HOUR }) });
  await drive(clock, process.refresher.refresh('user-7', { cause: 'manual', generation: 1 }));
  seen.reads = 0;
  await drive(clock, scheduler.runOnce());
  expect(seen.rows).toBeLessThanOrEqual(150);
  expect(seen.reads).toBeLessThanOrEqual(10);
  expect(server.presentations).toHaveLength(0);
});
