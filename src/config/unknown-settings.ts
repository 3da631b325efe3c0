import { ConfigurationError, type ConfigurationProblem } from '../errors.js';
import { recordOf } from './record.js';

/** The settings that an object may have. */
export interface KnownSettings {
  /** Where the object is, such as `config.credentials`; empty for the options themselves. */
  path: string;
  known: readonly string[];
  /** Settings that mean nothing here, each with the reason. */
  ignored?: Readonly<Record<string, string>> | undefined;
  /** Settings that belong elsewhere, by their whole path; for "did you mean". */
  elsewhere?: readonly string[] | undefined;
}

/** A setting that was accepted and does nothing. */
export interface IgnoredSetting {
  readonly setting: string;
  readonly why: string;
}

/** Names each setting that is not known, with the nearest that is, and each that is ignored. */
export function findUnknownSettings(
  value: object,
  { path, known, ignored = {}, elsewhere = [] }: KnownSettings,
): { problems: readonly ConfigurationProblem[]; ignored: readonly IgnoredSetting[] } {
  const problems: ConfigurationProblem[] = [];
  const skipped: IgnoredSetting[] = [];
  const near = [...known.map((name) => joined(path, name)), ...elsewhere];
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    if (Object.hasOwn(ignored, name)) {
      skipped.push({ setting: joined(path, name), why: ignored[name] ?? '' });
    } else {
      const meant = nearest(name, near);
      const problem = meant ? `is not a setting; did you mean ${meant}?` : 'is not a setting';
      problems.push({ setting: joined(path, printable(name)), problem });
    }
  }
  return { problems, ignored: skipped };
}

/**
 * Refuses settings that are not known, naming the nearest that is. Returns those that were ignored. Errors: `ConfigurationError`, also
 * when `value` is no object.
 */
export function assertKnownSettings(value: object, settings: KnownSettings): readonly IgnoredSetting[] {
  if (!recordOf(value)) {
    throw new ConfigurationError([{ setting: settings.path || 'options', problem: 'must be an object' }]);
  }
  const { problems, ignored } = findUnknownSettings(value, settings);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return ignored;
}

/** A setting's path below another one. */
export function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

// Whoever swapped a name and a value finds no token in a log.
function printable(name: string): string {
  return /^[A-Za-z_][\w.-]{0,39}$/.test(name) ? name : '(a name that is no identifier)';
}

// The same letters in another spelling (clientId, client-id), else at most two letters wrong.
function nearest(name: string, paths: readonly string[]): string | undefined {
  const letters = lettersOf(name);
  const same = paths.find((path) => lettersOf(lastOf(path)) === letters);
  if (same !== undefined || letters.length > 40) return same;
  const allowed = letters.length < 5 ? 1 : 2;
  return paths
    .map((path) => ({ path, distance: distance(letters, lettersOf(lastOf(path))) }))
    .filter((one) => one.distance <= allowed)
    .sort((a, b) => a.distance - b.distance)[0]?.path;
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function lettersOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

// Levenshtein: letters to insert, remove or replace.
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
