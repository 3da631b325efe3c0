import { scopeProblem } from './client-options.js';
import type { TokenSettings } from './credential-shapes.js';

/** A setting that says something about a token. */
export type TokenDetail = Exclude<keyof TokenSettings, 'access_token'>;

const LONGEST_TOKEN = 16 * 1024;
const LONGEST_LIFETIME_S = 10 * 365.25 * 86_400;
// An instant before March 1973 is seconds taken for milliseconds; the other end is that of `Date`.
const EARLIEST_MS = 1e11;
const LATEST_MS = 8.64e15;

/** What a detail may be. */
interface Check {
  /** What is wrong with it; undefined = nothing. */
  problem: (value: unknown) => string | undefined;
  example: string;
}

const INSTANT: Check = {
  problem: (value) =>
    typeof value === 'number' && value >= EARLIEST_MS && value <= LATEST_MS
      ? undefined
      : 'must be an instant in milliseconds since the epoch',
  example: '1767225600000',
};

const LIFETIME: Check = {
  problem: (value) =>
    typeof value === 'number' && value >= 0 && value <= LONGEST_LIFETIME_S
      ? undefined
      : 'must be a number of seconds, at most ten years',
  example: '1209600',
};

/** What may be said about a token, and how it is checked. */
export const TOKEN_DETAILS: Readonly<Record<TokenDetail, Check>> = {
  refresh_token: {
    problem: (value) =>
      typeof value === 'string' && value.length <= LONGEST_TOKEN && /^[\x21-\x7e]+$/.test(value)
        ? undefined
        : 'must be a token of visible characters (RFC 6749, A.17)',
    example: 'MDEyMzQ1…',
  },
  expires: INSTANT,
  refresh_token_expires: INSTANT,
  expires_in: LIFETIME,
  refresh_token_expires_in: LIFETIME,
  scope: { problem: scopeProblem, example: 'spark:people_read spark:rooms_read' },
  token_type: {
    problem: (value) =>
      typeof value === 'string' && /^bearer$/i.test(value) ? undefined : 'must be Bearer (RFC 6750)',
    example: 'Bearer',
  },
};
