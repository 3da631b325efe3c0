import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { SummaryReporter } from '../support/summary-reporter.js';

// Apart from the others: these tests need packages that only `npm run test:sdk` installs.
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    name: 'sdk',
    include: ['test/sdk/*.sdk.ts'],
    reporters: ['default', new SummaryReporter()],
    testTimeout: 20_000,
    hookTimeout: 120_000,
  },
});
