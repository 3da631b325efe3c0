import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildForWorkers } from '../support/worker-build.js';
import { ECHO_SCRIPTS } from './echo-scripts.js';
import { PLANTED, PLANTED_PLACES } from './planted-leaks.js';
import type { FaultScript } from './run-script.js';
import { SCRIPTS } from './scripts.js';
import { startScriptProcess, type ScriptProcess, type WatchedReport } from './script-process.js';

// One line of a log; a tab and what is beyond ASCII may stand in it.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/;

let worker: ScriptProcess;
const reports = new Map<string, Promise<WatchedReport>>();

beforeAll(async () => {
  worker = startScriptProcess(new URL('test/leaks/scripts.worker.js', await buildForWorkers()));
});
afterAll(() => worker.close());

function reportOf(name: string): Promise<WatchedReport> {
  const known = reports.get(name) ?? inDirectory((directory) => worker.run(name, directory));
  reports.set(name, known);
  return known;
}

async function allReports(): Promise<readonly (readonly [string, WatchedReport])[]> {
  return Promise.all(SCRIPTS.map(async ({ name }) => [name, await reportOf(name)] as const));
}

async function inDirectory<Result>(work: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'webex-auth-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

it.each(SCRIPTS)('B1: no secret is told when $name', async (script) => {
  const report = await reportOf(script.name);
  const { hits, calls, looked } = report;
  expect(hits).toEqual([]);
  for (const [outcome, names] of Object.entries(script.outcome))
    for (const name of names.split(' ')) expect([name, calls[name]?.outcome]).toEqual([name, outcome]);
  const untyped = Object.entries(calls).filter(([, { outcome }]) => outcome.startsWith('UNTYPED'));
  expect(untyped).toEqual([]);
  expectTrouble(script, report);
  expect(looked['log']).toBeGreaterThan(0);
  expect(looked['channel']).toBeGreaterThan(0);
  if (script.fault) expect(looked['telemetry']).toBeGreaterThan(0);
});

/** What came of a call came of the trouble that the script tells of, and of no other. */
function expectTrouble(script: FaultScript, { calls, served, strikes, struck }: WatchedReport): void {
  const failed = Object.entries(script.outcome)
    .filter(([outcome]) => outcome !== 'ok')
    .flatMap(([, names]) => names.split(' '));
  const unsent = script.unsent?.split(' ') ?? [];
  expect(unsent.filter((name) => !failed.includes(name) || calls[name]?.asked !== 0)).toEqual([]);
  expect(script.strikes?.filter((what) => !strikes.includes(what)) ?? []).toEqual([]);
  if (script.fault || script.strikes) expect(struck).toBeGreaterThan(0);
  if (struck > 0) {
    const spared = failed.filter((name) => calls[name]?.struck === 0 && !unsent.includes(name));
    expect(spared).toEqual([]);
  }
  expect(Object.entries(served).filter(([, times]) => times === 0)).toEqual([]);
  const says = script.says;
  if (says) {
    const said = failed.flatMap((name) => calls[name]?.said || []);
    expect(said).not.toEqual([]);
    expect(said.filter((text) => !says.test(text))).toEqual([]);
  }
  if (script.calls && !script.only) {
    const listed = Object.values(script.outcome).join(' ').split(' ');
    expect(Object.keys(calls).filter((name) => !listed.includes(name))).toEqual([]);
  }
}

it('B1: there are at least 40 scripts, each with a name and an end of its own', () => {
  expect(new Set(SCRIPTS.map(({ name }) => name)).size).toBe(SCRIPTS.length);
  expect(SCRIPTS.length).toBeGreaterThanOrEqual(40);
  expect(SCRIPTS.filter(({ outcome }) => Object.keys(outcome).length === 0)).toEqual([]);
});

it('B1, B10: what is told in spite of all is found wherever it is told', async () => {
  const { hits, controls, lines } = await reportOf(PLANTED.name);
  const missed = PLANTED_PLACES.filter((place) => !hits.some((hit) => hit.includes(`in ${place}`)));
  expect(missed).toEqual([]);
  for (const form of ['raw', 'base64', 'UTF-16LE', 'window'])
    expect(hits.some((hit) => hit.includes(`as ${form} in`))).toBe(true);
  expect(hits).toEqual(
    expect.arrayContaining([
      'name of a person as raw in log line (value)',
      'e-mail of a person as URL-encoded in log line (value)',
      expect.stringMatching(/^e-mail of a person \d+ as raw in output of the process$/),
    ]),
  );
  expect(controls).toEqual(expect.arrayContaining(['result of result', 'log line', 'warning']));
  expect(lines.some((line) => CONTROL.test(line))).toBe(true);
});

it('B2: no echo of a refresh token, code, JWT or client secret is told', async () => {
  for (const { name } of ECHO_SCRIPTS) {
    const { hits, struck } = await reportOf(name);
    expect([name, hits, struck > 0]).toEqual([name, [], true]);
  }
});

it('B6: no URL that any upstream was asked for holds a secret', async () => {
  let asked = 0;
  for (const [name, { hits, looked }] of await allReports()) {
    asked += looked['URL'] ?? 0;
    expect([name, hits.filter((hit) => hit.includes('URL'))]).toEqual([name, []]);
  }
  expect(asked).toBeGreaterThan(1_000);
});

it('B10: no control character is in any line of output, event, error or log', async () => {
  let lines = 0;
  for (const [name, report] of await allReports()) {
    lines += report.lines.length;
    expect([name, report.controls]).toEqual([name, []]);
    expect([name, report.lines.filter((line) => CONTROL.test(line))]).toEqual([name, []]);
  }
  // NODE_DEBUG was heard.
  expect(lines).toBeGreaterThan(1_000);
});
