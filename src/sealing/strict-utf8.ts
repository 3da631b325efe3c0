import { ConfigurationError } from '../errors.js';

/**
 * The UTF-8 bytes of `text`. Text with a lone surrogate has none and is refused: replacing it would let two different
 * texts become the same bytes. `name` says what it is; the text itself is never told.
 */
export function strictUtf8(text: string, name: string): Buffer {
  refuseLoneSurrogates(text, name);
  return Buffer.from(text, 'utf8');
}

/** How many bytes `strictUtf8` gives, without making them. */
export function utf8Length(text: string, name: string): number {
  refuseLoneSurrogates(text, name);
  return Buffer.byteLength(text, 'utf8');
}

function refuseLoneSurrogates(text: string, name: string): void {
  if (!/\p{Surrogate}/u.test(text)) return;
  const problem = 'is not well-formed Unicode (it has a lone surrogate); give text that UTF-8 can hold';
  throw new ConfigurationError([{ setting: name, problem }]);
}
