// Writes test/check-table.md from the titles of all tests, which are collected but not run. `npm test` compares.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createVitest } from 'vitest/node';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = await createVitest('test', { root, watch: false, reporters: [] });
try {
  const { testModules, unhandledErrors } = await vitest.collect();
  const broken = testModules.filter((one) => one.errors().length > 0).map((one) => one.relativeModuleId);
  if (broken.length > 0 || unhandledErrors.length > 0) {
    throw new Error(`Not all tests could be read: ${[...broken, ...unhandledErrors.map(String)].join(', ')}`);
  }
  const { checkTable } = await vitest.import(`${root}test/support/check-table.ts`);
  const { CHECKS } = await vitest.import(`${root}test/check-list.ts`);
  writeFileSync(`${root}test/check-table.md`, checkTable(testModules, CHECKS));
} finally {
  await vitest.close();
}
