import { afterEach, test } from 'vitest';
import { storeContract } from '../../../src/stores/store-contract.js';
import { postgresServer } from '../../support/postgres-server.js';
import { postgresSubject } from '../../support/postgres-subject.js';
import { assertPlaysAsMemory } from '../../support/store-histories.js';
import type { DisposableSubject } from '../../support/store-subjects.js';

const server = postgresServer();
let subject: DisposableSubject | undefined;

afterEach(() => subject?.dispose());

test.each(storeContract().map((one) => [one.group, one.name, one] as const))(
  'PostgreSQL keeps the store contract: %s: %s',
  async (...[, , one]) => {
    subject = postgresSubject(server());
    await one.run(subject);
  },
);

test.each([
  ['', { max: 20 }],
  [', with each statement on a connection of its own, as behind a pooler', { max: 3, maxUses: 1 }],
])('any history runs alike in memory and on PostgreSQL%s, and keeps the laws', async (_, over) => {
  subject = postgresSubject(server(), over);
  await assertPlaysAsMemory(subject);
});
