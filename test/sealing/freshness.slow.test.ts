import { expect, it } from 'vitest';

import { seal } from '../../src/sealing/envelope.js';
import { KeyRing } from '../../src/sealing/key-ring.js';
import { cases } from '../support/cases.js';

const envelopes = cases({ commit: 100_000, nightly: 1_000_000 });

it('C2, C3: no salt and no nonce comes twice in 100,000 envelopes', envelopes.options, () => {
  const ring = KeyRing.ephemeral();
  const context = { tenant: '', clientId: '', subject: '', column: '', generation: 0 };
  const saltAt = 6 + ring.currentId.length;
  const salts = new Set<string>();
  const nonces = new Set<string>();
  for (let round = 0; round < envelopes.count; round++) {
    const sealed = Buffer.from(seal(ring, '', context));
    salts.add(sealed.toString('latin1', saltAt, saltAt + 32));
    nonces.add(sealed.toString('latin1', saltAt + 32, saltAt + 44));
  }
  expect(salts.size).toBe(envelopes.count);
  expect(nonces.size).toBe(envelopes.count);
});
