import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KnownSecrets } from './known-secrets.js';
import type { RecordedFinding } from './verify-webex.js';

/** A secret stood in what was to be written. Nothing was written. */
export class LeakFound extends Error {
  override readonly name = 'LeakFound';

  constructor(leaks: readonly { where: string; label: string }[]) {
    const places = leaks.map(({ where, label }) => `${label} in ${where}`);
    super(`Nothing was written: it would have held ${[...new Set(places)].join(', ')}`);
  }
}

/**
 * Writes one JSON file per finding into a directory that is empty or not there yet, all or none. Every text is searched for every
 * known secret first. Errors: `LeakFound`, Node's own.
 */
export async function writeFindings(
  findings: readonly RecordedFinding[],
  {
    directory,
    secrets,
    also = {},
  }: { directory: string; secrets: KnownSecrets; also?: Readonly<Record<string, string>> },
): Promise<void> {
  const files = findings.map((finding): [string, string] => [
    `${finding.id}.json`,
    `${JSON.stringify(finding, null, 2)}\n`,
  ]);
  // `also`: what goes to the terminal is held to the same.
  const leaks = [...files, ...Object.entries(also)].flatMap(([name, text]) => secrets.findIn(name, text));
  if (leaks.length > 0) throw new LeakFound(leaks);
  await assertEmpty(directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const [name, text] of files) await writeFile(join(directory, name), text, { flag: 'wx', mode: 0o600 });
}

/** Throws when there is something in a directory already. */
export async function assertEmpty(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length > 0) throw new Error('The output directory is not empty; give another one');
}
