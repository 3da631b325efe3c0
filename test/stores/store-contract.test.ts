import { afterEach, describe, test } from 'vitest';
import { storeContract } from '../../src/stores/store-contract.js';
import { memorySubject, SQLITE_DRIVERS, sqliteSubject } from '../support/store-subjects.js';
import type { DisposableSubject } from '../support/store-subjects.js';

const drivers: [string, () => DisposableSubject][] = [
  ['memory', memorySubject],
  ...SQLITE_DRIVERS.map((driver): [string, () => DisposableSubject] => [
    `sqlite (${driver})`,
    () => sqliteSubject(driver),
  ]),
];

describe.each(drivers)('%s keeps the store contract', (_, makeSubject) => {
  let subject: DisposableSubject;
  afterEach(() => subject.dispose());

  test.each(storeContract().map((one) => [one.group, one.name, one] as const))(
    '%s: %s',
    async (...[, , one]) => {
      subject = makeSubject();
      await one.run(subject);
    },
  );
});
