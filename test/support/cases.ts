const COLUMNS = ['commit', 'nightly', 'release'] as const;

/** The runs that a check holds in: every commit's, the nightly one, that of a release. */
export type Column = (typeof COLUMNS)[number];

/** How many cases a test tries in each run. */
export type CaseCounts = Readonly<Record<Column, number>>;

declare module 'vitest' {
  interface TaskMeta {
    cases?: CaseCounts;
  }
}

/** The run that this is, by `WEBEX_AUTH_COLUMN`; `commit`. */
function currentColumn(env: NodeJS.ProcessEnv = process.env): Column {
  const named = env['WEBEX_AUTH_COLUMN'] ?? 'commit';
  const column = COLUMNS.find((one) => one === named);
  if (!column) throw new Error(`WEBEX_AUTH_COLUMN is ${named}; it can be ${COLUMNS.join(', ')}`);
  return column;
}

/**
 * For a test that tries many cases: `count` of them in this run, and the options that tell the check table
 * (`it(title, options, …)`). What is left out is as in the run before: nightly as commit, release as nightly.
 */
export function cases({
  commit,
  nightly = commit,
  release = nightly,
}: { commit: number } & Partial<CaseCounts>): {
  readonly count: number;
  readonly options: { meta: { cases: CaseCounts } };
} {
  const counts = { commit, nightly, release };
  return { count: counts[currentColumn()], options: { meta: { cases: counts } } };
}
