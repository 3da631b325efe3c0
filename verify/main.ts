import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isWebexAuthError } from '../src/errors.js';
import { allQuestions } from './questions.js';
import { readSettings } from './settings.js';
import { summaryTable } from './summary-table.js';
import { verifyWebex } from './verify-webex.js';
import type { Verified } from './verify-webex.js';
import { assertEmpty, writeFindings } from './write-findings.js';

const USAGE = `npm run verify:webex -- [--out <directory>] [--one-sign-in] [--only <question,…>] [--login-url-file <file>] [--list]`;

/** What a process ends with: 0 all asked, 1 something broke, 2 wrong settings, 3 stopped by a 429. */
export type ExitCode = 0 | 1 | 2 | 3;

/** The command. stdout is the table; what to do, and what went wrong, is on stderr. Never rejects. */
export async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitCode> {
  try {
    return await run(args, env);
  } catch (error) {
    say(error instanceof Error ? error.message : 'It failed');
    const isSetting = isWebexAuthError(error) && error.code === 'CONFIGURATION_INVALID';
    const isArgument = error instanceof TypeError && 'code' in error;
    if (isSetting || isArgument) say(`\n${USAGE}\nSee docs/verify-webex.md.`);
    return isSetting || isArgument ? 2 : 1;
  }
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: 'string' },
      only: { type: 'string' },
      'one-sign-in': { type: 'boolean' },
      'login-url-file': { type: 'string' },
      list: { type: 'boolean' },
    },
  });
  if (values.list) {
    for (const { id, question } of allQuestions) process.stdout.write(`${id.padEnd(32)}${question}\n`);
    return 0;
  }
  const only = values.only?.split(',').map((id) => id.trim());
  const unknown = only?.filter((id) => allQuestions.every((question) => question.id !== id)) ?? [];
  if (unknown.length > 0) {
    say('--only names a question that there is not; --list shows them all');
    return 2;
  }
  const settings = readSettings(env);
  const stamp = new Date().toISOString().replace(/\.\d+/, '').replaceAll(':', '');
  const directory = values.out ?? join('webex-findings', stamp);
  await assertEmpty(directory);
  const file = values['login-url-file'];
  const stop = new AbortController();
  // Once: a second Ctrl-C ends the process as it always does.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  const verified = await verifyWebex({
    settings,
    signal: stop.signal,
    only,
    oneSignIn: values['one-sign-in'],
    onLoginUrl: async (url) => {
      say(`\nSign in here, as the test user:\n\n  ${url}\n`);
      if (file !== undefined) await writeFile(file, url, { mode: 0o600 });
    },
  });
  const table = summaryTable(verified.findings);
  await writeFindings(verified.findings, {
    directory,
    secrets: verified.secrets,
    also: { 'the summary': table },
  });
  process.stdout.write(table);
  say(`\n${directory}: one file for each question, with nothing secret in it`);
  return conclude(verified);
}

function conclude(verified: Verified): ExitCode {
  const { findings, limited, signInFailure, leftAlive, replacedGivenToken } = verified;
  if (signInFailure !== undefined) say(`The sign-in failed: ${signInFailure}`);
  if (replacedGivenToken) {
    say('Webex replaced the refresh token that was given: WEBEX_REFRESH_TOKEN may be worth nothing now');
  }
  if (leftAlive > 0) {
    say(
      `${String(leftAlive)} grants of this run are still alive: https://idbroker.webex.com/idb/profile#/tokens`,
    );
  }
  if (limited) {
    const wait = limited.retryAfter === undefined ? 'a while' : `${String(limited.retryAfter)} seconds`;
    say(`Stopped: Webex limits the rate of requests (429). Nothing more was asked. Go on after ${wait}.`);
    return 3;
  }
  const hasFailed = findings.some(({ outcome }) => outcome === 'failed');
  return hasFailed || signInFailure !== undefined ? 1 : 0;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
