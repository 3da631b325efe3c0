import { defineConfig } from 'vitest/config';
import { CHECKS } from './test/check-list.js';
import { CheckTableReporter } from './test/support/check-table-reporter.js';
import { SummaryReporter } from './test/support/summary-reporter.js';

export default defineConfig({
  test: {
    reporters: [
      'default',
      new CheckTableReporter({ checks: CHECKS, page: 'test/check-table.md' }),
      new SummaryReporter(),
    ],
    testTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: { name: 'quick', include: ['test/**/*.test.ts'], exclude: ['test/**/*.slow.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'slow',
          include: ['test/**/*.slow.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
