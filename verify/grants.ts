import type { RawAnswer } from './exchange.js';
import type { TokenPath, WebexCalls } from './webex-calls.js';
import type { UsableGrant, VerifiedGrant } from './question.js';

/** A text field of a token answer. */
export function textOf(answer: RawAnswer | undefined, field: string): string | undefined {
  const value = answer?.body?.[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A number field of a token answer. */
export function numberOf(answer: RawAnswer | undefined, field: string): number | undefined {
  const value = answer?.body?.[field];
  return typeof value === 'number' ? value : undefined;
}

/** The grant that a token answer began; undefined when it holds no access token. */
export function grantOf(answer: RawAnswer): VerifiedGrant | undefined {
  const accessToken = textOf(answer, 'access_token');
  if (answer.status !== 200 || accessToken === undefined) return undefined;
  const refreshToken = textOf(answer, 'refresh_token');
  return { ...EMPTY, isOwn: true, accessToken, refreshToken, first: answer, refreshes: [] };
}

/** The grant behind a refresh token that was given: it is never ended here. */
export function givenGrant(refreshToken: string): VerifiedGrant {
  return { ...EMPTY, isOwn: false, refreshToken, first: undefined, refreshes: [] };
}

const EMPTY = { accessToken: undefined, replacedRefreshToken: undefined, hasEnded: false };

/** Refreshes a grant and keeps what came back; the old refresh token stays where none came. */
export async function refreshGrant(
  calls: WebexCalls,
  grant: VerifiedGrant,
  path: TokenPath = 'public',
): Promise<RawAnswer> {
  const answer = await calls.refresh(path, grant.refreshToken ?? '');
  if (answer.status !== 200) return answer;
  const refreshToken = textOf(answer, 'refresh_token');
  if (refreshToken !== undefined && refreshToken !== grant.refreshToken) {
    grant.replacedRefreshToken = grant.refreshToken;
    grant.refreshToken = refreshToken;
  }
  grant.accessToken = textOf(answer, 'access_token') ?? grant.accessToken;
  grant.refreshes.push(answer);
  return answer;
}

/** Whether the API takes an access token. */
export async function isAccepted(calls: WebexCalls, accessToken: string): Promise<boolean> {
  const { status } = await calls.me(accessToken);
  // 403: the token is good, and has too little scope for this.
  return status === 200 || status === 403;
}

/** Notes whether a grant still lives; its access token may have been revoked by itself. */
export async function stillRefreshes(calls: WebexCalls, grant: UsableGrant): Promise<boolean> {
  const { status } = await refreshGrant(calls, grant);
  if (status === 400 || status === 401) grant.hasEnded = true;
  return status === 200;
}
