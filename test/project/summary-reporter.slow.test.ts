import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outsideProject, projectRoot, type OutsideProject } from '../support/outside-project.js';

const exec = promisify(execFile);

interface Run {
  code: number;
  lines: string[];
}

let project: OutsideProject;
beforeEach(async () => {
  project = await outsideProject();
  await project.link('vitest');
  const reporter = join(projectRoot, 'test', 'support', 'summary-reporter.ts');
  await project.write(
    'vitest.config.ts',
    `import { SummaryReporter } from ${JSON.stringify(reporter)};
export default { test: { reporters: ['default', new SummaryReporter()] } };\n`,
  );
});
afterEach(() => project.remove());

/** Runs vitest over one test file in a process of its own. */
async function run(body: string, env: Record<string, string> = {}): Promise<Run> {
  await project.write('some.test.ts', `import { describe, expect, it } from 'vitest';\n${body}\n`);
  const vitest = join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs');
  const { PATH, HOME } = process.env;
  const { code, stdout } = await exec(process.execPath, [vitest, 'run'], {
    cwd: project.path,
    env: { PATH, HOME, ...env },
  }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: unknown) => error as { code: number; stdout: string },
  );
  return { code, lines: stdout.trimEnd().split('\n') };
}

const passing = "it('adds', () => expect(1 + 1).toBe(2));";
const skipping = `describe('Redis', () => {
  it('locks', ({ skip }) => skip('redis-server is not installed'));
  it.skip('unlocks', () => undefined);
});`;

describe('the last line of a test run', () => {
  it('counts tests, and names the skipped ones with their reasons', async () => {
    const { code, lines } = await run(`${passing}\n${skipping}`);
    expect(lines.at(-1)).toBe('1 passed, 0 failed, 2 skipped');
    expect(lines.slice(-3, -1)).toEqual([
      'skipped: Redis > locks: redis-server is not installed',
      'skipped: Redis > unlocks: no reason given',
    ]);
    expect(code).toBe(0);
  });

  it('fails in CI because of a skip', async () => {
    const { code, lines } = await run(`${passing}\n${skipping}`, { CI: 'true' });
    expect(lines.at(-1)).toBe('1 passed, 0 failed, 2 skipped');
    expect(lines.at(-2)).toBe('CI is set: a skipped test fails the run');
    expect(code).toBe(1);
  });

  it('counts failures', async () => {
    const { code, lines } = await run(`${passing}\nit('subtracts', () => expect(1 - 1).toBe(2));`);
    expect(lines.at(-1)).toBe('1 passed, 1 failed, 0 skipped');
    expect(code).toBe(1);
  });

  it.each([
    ['a file that cannot be loaded', "throw new Error('not today');", '0 passed, 1 failed, 0 skipped'],
    [
      'an error outside any test',
      `${passing}\nvoid Promise.reject(new Error('nobody waited'));`,
      '1 passed, 1 failed, 0 skipped',
    ],
  ])('counts %s as a failure', async (_, body, line) => {
    const { code, lines } = await run(body);
    expect(lines.at(-1)).toBe(line);
    expect(code).toBe(1);
  });
});
