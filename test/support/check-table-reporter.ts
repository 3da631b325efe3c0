import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Reporter, TestModule, Vitest } from 'vitest/node';
import { type CheckList, checkTable, tableDifference, unproved } from './check-table.js';

const STDOUT = 1;

/** What the table is made of, and where it is kept: a path from the root of the project. */
export interface CheckTableOptions {
  checks: CheckList;
  page: string;
}

/** Fails a whole run whose tests are not those of the committed check table, or in which one of those did not pass. Runs of some files or some tests compare nothing. */
export class CheckTableReporter implements Reporter {
  readonly #options: CheckTableOptions;
  #vitest: Vitest | undefined;

  constructor(options: CheckTableOptions) {
    this.#options = options;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const vitest = this.#vitest;
    if (!vitest || !(await isWhole(vitest, modules))) return;
    const lines = this.#complaint(modules, vitest.config.root);
    if (lines.length === 0) return;
    // The summary's line is the last of all, and nothing after this resets the code.
    process.prependOnceListener('exit', () => {
      process.exitCode = 1;
      writeSync(STDOUT, `\n${lines.join('\n')}\n`);
    });
  }

  #complaint(modules: readonly TestModule[], root: string): readonly string[] {
    const { checks, page } = this.#options;
    try {
      const difference = tableDifference(readFileSync(join(root, page), 'utf8'), checkTable(modules, checks));
      const open = unproved(modules, checks);
      return [
        ...(difference.length > 0
          ? [`${page} is not what the tests say; \`npm run check-table\` writes it anew:`, ...difference]
          : []),
        ...(open.length > 0 ? ['Tests of checks did not pass, so nothing is proved by them:', ...open] : []),
      ];
    } catch (error) {
      return [`${page} cannot be compared: ${(error as Error).message}`];
    }
  }
}

// A file that cannot be loaded fails the run by itself.
async function isWhole(vitest: Vitest, modules: readonly TestModule[]): Promise<boolean> {
  const { project, testNamePattern } = vitest.config;
  if (project.length > 0 || testNamePattern || modules.some((one) => one.errors().length > 0)) return false;
  const ran = new Set(modules.map((one) => one.moduleId));
  return (await vitest.globTestSpecifications()).every(({ moduleId }) => ran.has(moduleId));
}
