import { createHmac, randomBytes } from 'node:crypto';

/** What may stand in a line of the debug log: `undefined` is left out. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

// No space, no quote, no control byte: a value can neither end its line nor look like another one's.
const WORD = /^[A-Za-z0-9][A-Za-z0-9_.:/+,[\]-]{0,639}$/;
// 40 bits: among a hundred thousand subjects hardly two look alike.
const MARK_LENGTH = 10;

// Of this process only: nobody can find out afterwards whose mark it was by trying names.
const markKey = randomBytes(32);

/** Stands for a name that others must not see: `subject:3f9a1c07be`, the same one in all lines of a process. */
export function mark(kind: string, name: string): string {
  const digest = createHmac('sha256', markKey).update(`${kind}\0${name}`).digest('hex');
  return `${kind}:${digest.slice(0, MARK_LENGTH)}`;
}

/** One line: UTC time, words, then `name=value`. A value that is no word is shown as `(hidden)`. */
export function logLine(now: number, words: readonly (string | undefined)[], fields: LogFields): string {
  const parts = [new Date(now).toISOString(), ...words.filter((one) => one !== undefined).map(word)];
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) parts.push(`${name}=${shown(value)}`);
  }
  return parts.join(' ');
}

function shown(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'number' ? String(Math.round(value)) : word(value);
}

function word(text: string): string {
  return WORD.test(text) ? text : '(hidden)';
}
