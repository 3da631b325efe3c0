const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const LONGEST_FIELD = 64;

/**
 * Reads a `Retry-After` field (RFC 9110, 10.2.3): whole seconds, or one of the three HTTP-date forms, which is held
 * against the response's own `Date` so that a wrong local clock does not matter. Returns milliseconds to wait, or
 * undefined for anything else (negative, fraction, list, junk).
 */
export function parseRetryAfter(
  field: string | null | undefined,
  { date, now }: { date?: string | null | undefined; now: number },
): number | undefined {
  const text = field?.trim();
  if (!text || text.length > LONGEST_FIELD) return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  const until = parseHttpDate(text, now);
  if (until === undefined) return undefined;
  const from = (date ? parseHttpDate(date, now) : undefined) ?? now;
  return Math.max(0, until - from);
}

/** Reads an HTTP-date in its three forms (RFC 9110, 5.6.7): IMF-fixdate, RFC 850, asctime. Milliseconds since the epoch. */
export function parseHttpDate(field: string, now: number): number | undefined {
  const text = field.trim();
  if (text.length > LONGEST_FIELD) return undefined;
  const imf = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/.exec(text);
  if (imf) return instant(imf[3], imf[2], imf[1], imf.slice(4));
  const rfc850 = /^[A-Z][a-z]{5,8}, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/.exec(text);
  if (rfc850) return instant(fourDigitYear(Number(rfc850[3]), now), rfc850[2], rfc850[1], rfc850.slice(4));
  const asctime = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/.exec(text);
  if (asctime) return instant(asctime[6], asctime[1], asctime[2], asctime.slice(3, 6));
  return undefined;
}

// RFC 9110, 5.6.7: a two-digit year more than 50 years ahead is the most recent past year with those digits.
function fourDigitYear(year: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const full = Math.floor(thisYear / 100) * 100 + year;
  return full > thisYear + 50 ? full - 100 : full;
}

function instant(
  year: string | number | undefined,
  month: string | undefined,
  day: string | undefined,
  time: string[],
): number | undefined {
  const monthIndex = MONTHS.indexOf(month ?? '');
  const [hours, minutes, seconds] = time.map(Number) as [number, number, number];
  if (monthIndex < 0 || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const midnight = Date.UTC(Number(year), monthIndex, Number(day));
  if (new Date(midnight).getUTCDate() !== Number(day)) return undefined; // 31 February is no date
  return midnight + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}
