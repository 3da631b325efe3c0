import type { Clock } from '../src/base/clock.js';
import type { RawAnswer } from './exchange.js';
import type { KnownSecrets } from './known-secrets.js';
import type { SignIns } from './sign-ins.js';
import type { VerifySettings } from './settings.js';
import type { WebexCalls } from './webex-calls.js';

/** A grant that this run made, or was given. Only what this run made is ever ended. */
export interface VerifiedGrant {
  readonly isOwn: boolean;
  accessToken: string | undefined;
  refreshToken: string | undefined;
  /** The refresh token before the newest, once there is one. */
  replacedRefreshToken: string | undefined;
  /** The token answer that began it; undefined where a refresh token was given. */
  readonly first: RawAnswer | undefined;
  /** The answers to its refreshes, oldest first. */
  readonly refreshes: RawAnswer[];
  hasEnded: boolean;
}

/** What questions are asked with, and what earlier ones learned. */
export interface Verification {
  readonly settings: VerifySettings;
  readonly secrets: KnownSecrets;
  readonly calls: WebexCalls;
  readonly clock: Clock;
  readonly signIns: SignIns;
  /** The grant of the first sign-in or of the refresh token that was given. */
  main: VerifiedGrant | undefined;
  readonly grants: VerifiedGrant[];
  /** Of the device authorization, until it is asked about. */
  device: { readonly code: string; readonly intervalMs: number } | undefined;
  /** Of the second sign-in, until it is used again. */
  spareExchange:
    { readonly code: string; readonly verifier: string; readonly grant: VerifiedGrant } | undefined;
}

/** What came out. `agrees` is undefined where the project assumed nothing. */
export interface Answer {
  readonly answer: string;
  readonly agrees?: boolean | undefined;
}

/** A question that cannot be answered, and why. */
export interface Unsettled {
  readonly unsettled: string;
}

/** Something that Webex's documentation leaves open, and how to find out. */
export interface Question {
  /** Names its file. */
  readonly id: string;
  /** Section of webex-facts. */
  readonly facts: string;
  readonly question: string;
  /** What the library and its emulator go by until somebody knows. */
  readonly assumption: string;
  ask(verification: Verification): Promise<Answer | Unsettled>;
}

/** What is written down of one question. */
export interface Finding extends Pick<Question, 'id' | 'facts' | 'question' | 'assumption'> {
  readonly outcome: 'settled' | 'not settled' | 'failed';
  readonly answer: string;
  readonly agrees: 'yes' | 'no' | 'nothing assumed' | 'not settled';
}

/** The main grant with both tokens, or why there is none. */
export function usable(grant: VerifiedGrant | undefined): { grant: UsableGrant } | Unsettled {
  if (!grant) return { unsettled: 'needs a sign-in' };
  if (grant.hasEnded) return { unsettled: 'the grant had ended by then' };
  const { accessToken, refreshToken } = grant;
  if (accessToken === undefined) return { unsettled: 'there is no access token' };
  if (refreshToken === undefined) return { unsettled: 'there is no refresh token' };
  return { grant: grant as UsableGrant };
}

/** A grant that has both tokens. */
export type UsableGrant = VerifiedGrant & { accessToken: string; refreshToken: string };
