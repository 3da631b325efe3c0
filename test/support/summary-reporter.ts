import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

const STDOUT = 1;

/** What a run came to. Files that could not be loaded and errors outside any test count as failed. */
export interface RunSummary {
  passed: number;
  failed: number;
  skipped: number;
  /** One line for each skipped test: its name and the reason given. */
  skips: readonly string[];
}

/** Counts the tests of a finished run. */
export function summarize(
  modules: readonly Pick<TestModule, 'children' | 'errors'>[],
  unhandledErrors: readonly SerializedError[] = [],
): RunSummary {
  const tests = modules.flatMap(({ children }) => [...children.allTests()]);
  const having = (state: string) => tests.filter((test) => test.result().state === state);
  const skipped = tests.filter((test) => ['skipped', 'pending'].includes(test.result().state));
  const broken = modules.filter((module) => module.errors().length > 0).length;
  return {
    passed: having('passed').length,
    failed: having('failed').length + broken + unhandledErrors.length,
    skipped: skipped.length,
    skips: skipped.map((test) => `${test.fullName}: ${reasonOf(test)}`),
  };
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  return (result.state === 'skipped' && result.note) || 'no reason given';
}

/**
 * Ends the run with `N passed, N failed, N skipped` as its very last line, after the names of the skipped tests. In CI a skipped
 * test fails the run: there nothing that the tests need may be missing.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const { passed, failed, skipped, skips } = summarize(modules, unhandledErrors);
    const lines = skips.map((skip) => `skipped: ${skip}`);
    if (skipped > 0 && process.env['CI']) lines.push('CI is set: a skipped test fails the run');
    lines.push(`${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`);
    process.once('exit', () => {
      // Here nothing can be printed after it, and nothing resets the code.
      if (failed > 0 || (skipped > 0 && process.env['CI'])) process.exitCode = 1;
      writeSync(STDOUT, `\n${lines.join('\n')}\n`);
    });
  }
}
