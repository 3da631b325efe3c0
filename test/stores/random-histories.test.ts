import { afterEach, test } from 'vitest';
import { assertPlaysAsMemory } from '../support/store-histories.js';
import { SQLITE_DRIVERS, sqliteSubject } from '../support/store-subjects.js';
import type { DisposableSubject } from '../support/store-subjects.js';

let subject: DisposableSubject;
afterEach(() => subject.dispose());

test.each(SQLITE_DRIVERS)(
  'any history runs alike in memory and on %s, and keeps the laws',
  async (driver) => {
    subject = sqliteSubject(driver);
    await assertPlaysAsMemory(subject);
  },
);
