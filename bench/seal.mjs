// Seal and open 1 KB, as it happens once per stored token set.
import { randomBytes } from 'node:crypto';
import { open, seal } from '../dist/sealing/envelope.js';
import { KeyRing } from '../dist/sealing/key-ring.js';
import { format, perSecond, row, sideBySide } from './harness.mjs';

const CONTEXT = {
  tenant: 'default',
  clientId: 'C'.repeat(64),
  subject: 'user-42',
  column: 'tokens',
  generation: 7,
};

/** The rows of this benchmark. */
export async function sealBenchmark() {
  const ring = KeyRing.ephemeral();
  const plaintext = randomBytes(1024);
  if (!plaintext.equals(open(ring, seal(ring, plaintext, CONTEXT), CONTEXT)))
    throw new Error('It does not open');
  const { both } = await sideBySide({
    both: () => perSecond(() => open(ring, seal(ring, plaintext, CONTEXT), CONTEXT), { count: 10_000 }),
  });
  return [
    row({
      what: 'seal + open 1 KB',
      value: both.median,
      unit: '/s',
      goal: 40_000,
      better: 'higher',
      detail: `${format(both.low)}–${format(both.high)}/s`,
    }),
  ];
}
