import type { TestCase, TestModule } from 'vitest/node';
import type { CaseCounts } from './cases.js';

/** Check id → its name and its figure. */
export type CheckList = Readonly<Record<string, readonly [name: string, figure: string]>>;

const TAGS = /^([A-L]\d+(?:, [A-L]\d+)*)(?::|$)/;
// Rows of tables that say where they come from.
const SOURCE = /\(reliability ([A-L]\d+)\)/;
// What looks like a tag must be one: a misspelt one would silently prove nothing.
const TAG_LIKE = /^[A-L]\d{1,2}(?![\w.-])/;

const HEAD = `# Check table

What is tested of each check of the bar, counted from the titles of the tests: \`'F3, F7: …'\` proves part of both, and so does
the row of a table that names its source, \`'… (reliability F3)'\`. A test counts as one case, or as many as it says
(\`test/support/cases.ts\`): \`commit\` is \`npm test\`, the others are the same with \`WEBEX_AUTH_COLUMN=nightly\` or \`release\`.
\`npm run test:sdk\` is not counted. – means that no test claims it. Generated: \`npm run check-table\`.

| id | check | figure | tests | commit | nightly | release |
| --- | --- | --- | --- | --- | --- | --- |
`;

/** The ids at the beginning of a title, or that of its source; none where there are none. Errors: on what only looks like ids, and on unknown ones. */
export function tagsOf(title: string, checks: CheckList): readonly string[] {
  const tags = (TAGS.exec(title) ?? SOURCE.exec(title))?.[1]?.split(', ') ?? [];
  if (tags.length === 0 && TAG_LIKE.test(title)) {
    throw new Error(`The title "${title}" begins like check ids; write them as 'F3, F7: …'`);
  }
  for (const tag of tags) {
    if (!Object.hasOwn(checks, tag)) throw new Error(`The title "${title}" names ${tag}, which is no check`);
  }
  return tags;
}

/** The page that says how many tests and cases there are for each check, the same for the same tests. One that is never run is none. */
export function checkTable(modules: readonly Pick<TestModule, 'children'>[], checks: CheckList): string {
  const rows = new Map<string, { tests: number } & CaseCounts>();
  for (const { children } of modules) {
    for (const test of children.allTests()) {
      if (isLeftOut(test)) continue;
      const { commit, nightly, release } = test.meta().cases ?? { commit: 1, nightly: 1, release: 1 };
      for (const tag of tagsOfTest(test, checks)) {
        const row = rows.get(tag) ?? { tests: 0, commit: 0, nightly: 0, release: 0 };
        rows.set(tag, {
          tests: row.tests + 1,
          commit: row.commit + commit,
          nightly: row.nightly + nightly,
          release: row.release + release,
        });
      }
    }
  }
  const lines = Object.entries(checks).map(([id, [name, figure]]) => {
    const row = rows.get(id);
    const counts = [row?.tests, row?.commit, row?.nightly, row?.release].map((one) =>
      one?.toLocaleString('en'),
    );
    return `| ${[id, name, figure, ...counts.map((one) => one ?? '–')].join(' | ')} |`;
  });
  return `${HEAD}${lines.join('\n')}\n`;
}

/**
 * The tests of a finished run that claim to prove something and did not pass: what became of each, and its name. One that skipped itself, for
 * want of a program, is the summary's business: in CI it fails the run.
 */
export function unproved(
  modules: readonly Pick<TestModule, 'children'>[],
  checks: CheckList,
): readonly string[] {
  return modules
    .flatMap(({ children }) => [...children.allTests()])
    .filter((test) => isUnproved(test) && tagsOfTest(test, checks).size > 0)
    .map((test) => `${isLeftOut(test) ? test.options.mode : test.result().state}: ${test.fullName}`);
}

/** The lines that differ, `-` for those of the page as it is and `+` for what belongs there; empty when it is up to date. */
export function tableDifference(page: string, table: string): readonly string[] {
  if (page === table) return [];
  const before = page.split('\n');
  const after = table.split('\n');
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ];
}

const isUnproved = (test: TestCase): boolean => {
  const { state } = test.result();
  return state === 'skipped' ? isLeftOut(test) : state !== 'passed';
};

const isLeftOut = ({ options: { mode } }: TestCase): boolean => mode === 'skip' || mode === 'todo';

const tagsOfTest = (test: TestCase, checks: CheckList): ReadonlySet<string> =>
  new Set(titles(test).flatMap((title) => tagsOf(title, checks)));

function titles(test: TestCase): string[] {
  const all = [test.name];
  for (let { parent } = test; parent.type === 'suite'; { parent } = parent) all.push(parent.name);
  return all;
}
