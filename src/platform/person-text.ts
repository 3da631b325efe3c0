/** Whether a value is an id that Webex gave: visible ASCII, at most 512 characters. It is taken as it is or not at all. */
export function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,512}$/.test(value);
}

/** A server's text made fit for people: no control, invisible or direction-changing characters, at most `longest` of them. */
export function printable(value: unknown, longest: number): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '').trim();
  return Array.from(text).slice(0, longest).join('') || undefined;
}

/** Whether a text of ours may go to Webex as a name or label: not blank, one line, no half characters, at most 256. */
export function isOneLine(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.trim() !== '' &&
    Array.from(value).length <= 256 &&
    !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(value)
  );
}
