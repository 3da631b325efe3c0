import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outsideProject, projectRoot, type OutsideProject } from '../support/outside-project.js';

const exec = promisify(execFile);
const support = (file: string): string => JSON.stringify(join(projectRoot, 'test', 'support', file));

const TESTS = `import { describe, it } from 'vitest';
import { cases } from ${support('cases.ts')};

const pass = () => undefined;
const many = cases({ commit: 1_500, nightly: 20_000 });
it('A1: one', pass);
it.each([1, 2, 3])('A2, A3: number %i', pass);
it('A2: many', many.options, pass);
describe('A3: all in here', () => {
  it('inside', pass);
  describe('deeper', () => it('A3, A1: counts once for each', pass));
});
it('proves nothing of A4', pass);
`;

const ROWS = [
  '| A1 | first | 1 | 2 | 2 | 2 | 2 |',
  '| A2 | second | 2 | 4 | 1,503 | 20,003 | 20,003 |',
  '| A3 | third | 3 | 5 | 5 | 5 | 5 |',
  '| A4 | fourth | 4 | – | – | – | – |',
];

const LEFT_OUT = [
  'Tests of checks did not pass, so nothing is proved by them:',
  'skip: A1: skipped',
  'todo: A2: to do',
  'skip: A3: all of it > inside',
] as const;

let project: OutsideProject;
beforeEach(async () => {
  project = await outsideProject();
  await project.link('vitest');
  await project.write(
    'vitest.config.ts',
    `import { CheckTableReporter } from ${support('check-table-reporter.ts')};
import { SummaryReporter } from ${support('summary-reporter.ts')};
const checks = { A1: ['first', '1'], A2: ['second', '2'], A3: ['third', '3'], A4: ['fourth', '4'] };
export default {
  test: { reporters: ['default', new CheckTableReporter({ checks, page: 'table.md' }), new SummaryReporter()] },
};\n`,
  );
  await project.write('some.test.ts', TESTS);
  await project.write(
    'other.test.ts',
    "import { it } from 'vitest';\nit('says nothing', () => undefined);\n",
  );
});
afterEach(() => project.remove());

async function run(...args: string[]): Promise<{ code: number; lines: string[] }> {
  const vitest = join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs');
  const { PATH, HOME } = process.env;
  const { code, stdout } = await exec(process.execPath, [vitest, 'run', ...args], {
    cwd: project.path,
    env: { PATH, HOME },
  }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: unknown) => error as { code: number; stdout: string },
  );
  return { code, lines: stdout.trimEnd().split('\n') };
}

/** The lines that the reporter wants added. */
const wanted = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.startsWith('+ ')).map((line) => line.slice(2));

describe('the check table after a whole run', () => {
  it('counts tests and cases by the ids of their titles, and asks for the page that says so', async () => {
    await project.write('table.md', '| A1 | first | 1 | 9 | 9 | 9 | 9 |');
    const stale = await run();
    expect(stale.code).toBe(1);
    expect(stale.lines).toContain(
      'table.md is not what the tests say; `npm run check-table` writes it anew:',
    );
    expect(stale.lines).toContain('- | A1 | first | 1 | 9 | 9 | 9 | 9 |');
    expect(wanted(stale.lines).filter((line) => /^\| A\d/.test(line))).toEqual(ROWS);
    expect(stale.lines.at(-1)).toBe('9 passed, 0 failed, 0 skipped');

    // Not one line was right: all of the page was on the screen.
    await project.write('table.md', wanted(stale.lines).join('\n'));
    const fresh = await run();
    expect(wanted(fresh.lines)).toEqual([]);
    expect([fresh.code, fresh.lines.at(-1)]).toEqual([0, '9 passed, 0 failed, 0 skipped']);
  });

  it('leaves out what is never run, and complains of every test of a check that did not pass', async () => {
    await project.write('table.md', 'nothing of it');
    await project.write('table.md', wanted((await run()).lines).join('\n'));
    expect((await run()).code).toBe(0);
    await project.write(
      'left-out.test.ts',
      `import { describe, expect, it } from 'vitest';
it.skip('A1: skipped', () => undefined);
it.todo('A2: to do');
describe.skip('A3: all of it', () => it('inside', () => undefined));
it.skip('of no check', () => undefined);\n`,
    );
    const leftOut = await run();
    expect(wanted(leftOut.lines)).toEqual([]);
    expect(leftOut.lines.slice(leftOut.lines.indexOf(LEFT_OUT[0])).slice(0, 5)).toEqual([...LEFT_OUT, '']);
    expect(leftOut.code).toBe(1);

    await project.write(
      'left-out.test.ts',
      "import { it } from 'vitest';\nit('A4: without its server', ({ skip }) => skip('no server'));\n",
    );
    const skipped = await run();
    expect(wanted(skipped.lines)).toEqual(['| A4 | fourth | 4 | 1 | 1 | 1 | 1 |']);
    // The summary names it, and fails the run in CI.
    expect(skipped.lines.filter((line) => line.startsWith('Tests of checks'))).toEqual([]);

    await project.write(
      'left-out.test.ts',
      "import { it } from 'vitest';\nit('A4: runs', () => undefined);\n",
    );
    expect((await run()).lines.filter((line) => line.startsWith('Tests of checks'))).toEqual([]);
  });

  it.each([
    ['of one file', ['some.test.ts']],
    ['of some tests', ['-t', 'A1']],
  ])('is not compared with a run %s', async (_, args) => {
    await project.write('table.md', 'anything');
    const { code, lines } = await run(...args);
    expect([code, wanted(lines)]).toEqual([0, []]);
  });

  it.each([
    ['an unknown id', 'A5: not in the list', 'names A5, which is no check'],
    ['ids that are written otherwise', 'A1/A2: both', 'begins like check ids'],
  ])('cannot be made with %s', async (_, title, complaint) => {
    await project.write('odd.test.ts', `import { it } from 'vitest';\nit('${title}', () => undefined);\n`);
    await project.write('table.md', '');
    const { code, lines } = await run();
    expect(code).toBe(1);
    expect(lines.find((line) => line.startsWith('table.md cannot be compared'))).toContain(complaint);
  });
});
