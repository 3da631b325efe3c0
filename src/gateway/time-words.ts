const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in words, its two largest units: `42 s`, `3 min 12 s`, `7 h 59 min`, `13 d 4 h`. Milliseconds; below 0 counts as 0. */
export function durationWords(ms: number): string {
  const left = Math.max(0, ms);
  if (left < MINUTE) return `${whole(left, SECOND)} s`;
  if (left < HOUR) return two([whole(left, MINUTE), 'min'], [whole(left % MINUTE, SECOND), 's']);
  if (left < DAY) return two([whole(left, HOUR), 'h'], [whole(left % HOUR, MINUTE), 'min']);
  return two([whole(left, DAY), 'd'], [whole(left % DAY, HOUR), 'h']);
}

/** An instant as seen from `now`: `in 42 s`, `now`, `3 min 12 s ago`. Both in milliseconds since the epoch. */
export function relativeWords(at: number, now: number): string {
  if (Math.abs(at - now) < SECOND) return 'now';
  return at > now ? `in ${durationWords(at - now)}` : `${durationWords(now - at)} ago`;
}

function whole(ms: number, unit: number): number {
  return Math.floor(ms / unit);
}

function two([large, largeUnit]: [number, string], [small, smallUnit]: [number, string]): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
