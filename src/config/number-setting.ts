import type { ConfigurationProblem } from '../errors.js';

/** What a number may be; the bounds are allowed themselves. */
export interface NumberBounds {
  min?: number | undefined;
  max?: number | undefined;
  /** 0 is allowed besides: it switches off. */
  orZero?: boolean | undefined;
  /** What is counted, in the plural: `seconds`, `bytes`. */
  unit: string;
}

/** What is wrong with a number that was set; nothing when it is undefined or within its bounds. */
export function checkNumber(
  setting: string,
  value: unknown,
  { min = 0, max = Number.MAX_SAFE_INTEGER, orZero = false, unit }: NumberBounds,
): readonly ConfigurationProblem[] {
  if (value === undefined) return [];
  const fits = typeof value === 'number' && ((value >= min && value <= max) || (orZero && value === 0));
  if (fits) return [];
  const upTo = max === Number.MAX_SAFE_INTEGER ? 'or more' : `to ${String(max)}`;
  return [
    {
      setting,
      problem: `must be a number of ${unit}, ${String(min)} ${upTo}${orZero ? ', or 0 for never' : ''}`,
      example: exampleOf(min, max),
    },
  ];
}

// Some round number that is allowed.
function exampleOf(min: number, max: number): string {
  const round = [60, 600, 3_600, 1_000_000].find((one) => one >= min && one <= max);
  return String(round ?? min);
}
