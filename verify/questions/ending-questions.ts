import type { RawAnswer } from '../exchange.js';
import { grantOf, isAccepted, refreshGrant, stillRefreshes, textOf } from '../grants.js';
import { usable } from '../question.js';
import type { Answer, Question, Unsettled, UsableGrant, Verification } from '../question.js';
import { describeRefusal, readAs } from '../refusal.js';
import type { WebexCalls } from '../webex-calls.js';
import { madeUpToken } from './client-questions.js';

const ONE_VISIT: Unsettled = { unsettled: 'needs one more sign-in (left out by --one-sign-in)' };
const NO_SIGN_IN: Unsettled = { unsettled: 'needs a sign-in; WEBEX_REFRESH_TOKEN stood in for it' };
const NOT_OURS: Unsettled = { unsettled: 'would end a grant that this run did not make' };

/** What ends grants, last and on grants of this run alone. */
export const endingQuestions: readonly Question[] = [
  {
    id: 'second-sign-in',
    facts: '3.3',
    question: 'Does signing in again hand out the refresh token that is there already?',
    assumption: 'it may; the library gives such grants one home',
    ask: secondSignIn,
  },
  {
    id: 'replaced-refresh-token',
    facts: '3.4',
    question: 'What becomes of a refresh token that was replaced?',
    assumption: 'it is refused',
    ask: replacedRefreshToken,
  },
  {
    id: 'revoke-unknown',
    facts: '3.4, 11',
    question: 'How is the revocation of an unknown token answered?',
    assumption: '200 (RFC 7009, 2.2)',
    ask: async ({ calls, secrets }) => revoked(await calls.revoke(madeUpToken(), 'access_token'), secrets),
  },
  {
    id: 'revoke-access-token',
    facts: '3.4, 11',
    question: 'How is the revocation of an access token answered, and does it end at once?',
    assumption: '200, and the API refuses it',
    ask: onOwnGrant(async ({ accessToken }, { calls, secrets }) => {
      const answer = await calls.revoke(accessToken, 'access_token');
      return withEffect(answer, secrets, !(await isAccepted(calls, accessToken)));
    }),
  },
  {
    id: 'revoke-refresh-token',
    facts: '3.4, 11',
    question: 'How is the revocation of a refresh token answered, and does its access token end at once?',
    assumption: '200, and the API refuses the access token',
    ask: onOwnGrant(async (grant, { calls, secrets }) => {
      // The access token before may have been revoked by itself.
      await refreshGrant(calls, grant);
      const answer = await calls.revoke(grant.refreshToken, 'refresh_token');
      return withEffect(answer, secrets, !(await isAccepted(calls, grant.accessToken)));
    }),
  },
  {
    id: 'refresh-after-revoke',
    facts: '3.4, 4.2',
    question: 'How is a refresh with a revoked refresh token refused?',
    assumption: 'the library reads it as invalid_grant',
    ask: onOwnGrant(async (grant, { calls, secrets }) => {
      const answer = await calls.refresh('public', grant.refreshToken);
      grant.hasEnded = answer.status !== 200;
      return refusedCode(answer, secrets, 'refresh_token');
    }),
  },
  {
    id: 'used-code',
    facts: '2.2, 11',
    question: 'How is a code refused that was used, and does using it again end the grant?',
    assumption: 'the library reads it as invalid_grant',
    ask: usedCode,
  },
  {
    id: 'wrong-redirect-uri',
    facts: '9, 11',
    question: 'How is a code refused with another redirect URI, and is it spent then?',
    assumption: 'the library reads it as invalid_grant',
    ask: (verification) => spoiled(verification, { redirectUri: 'http://localhost:1/elsewhere' }),
  },
  {
    id: 'wrong-code-verifier',
    facts: '2.1',
    question: 'How is a code refused with another code verifier, and is it spent then?',
    assumption: 'the library reads it as invalid_grant',
    ask: (verification) => spoiled(verification, { verifier: 'w'.repeat(64) }),
  },
];

async function secondSignIn(verification: Verification): Promise<Answer | Unsettled> {
  const { signIns, main, secrets } = verification;
  if (!main?.first) return NO_SIGN_IN;
  if (!signIns.allowsMore) return ONE_VISIT;
  const answer = await signInAgain(verification);
  if (!grantOf(answer)) return { answer: describeRefusal(answer, secrets), agrees: false };
  const token = textOf(answer, 'refresh_token');
  const isThere =
    token !== undefined && (token === main.refreshToken || token === textOf(main.first, 'refresh_token'));
  return { answer: isThere ? 'the same refresh token' : 'another refresh token', agrees: isThere };
}

/** One more whole sign-in, whose code is kept for being used again. */
async function signInAgain(verification: Verification): Promise<RawAnswer> {
  const spare = await verification.signIns.code();
  const answer = await exchange(verification, spare);
  const grant = grantOf(answer);
  if (grant) {
    verification.grants.push(grant);
    verification.spareExchange = { ...spare, grant };
  }
  return answer;
}

async function liveSpare(verification: Verification): Promise<Verification['spareExchange']> {
  if (verification.spareExchange?.grant.hasEnded !== false) {
    verification.spareExchange = undefined;
    await signInAgain(verification);
  }
  return verification.spareExchange;
}

async function replacedRefreshToken({ main, calls, secrets }: Verification): Promise<Answer | Unsettled> {
  const replaced = main?.replacedRefreshToken;
  const found = usable(main);
  if ('unsettled' in found) return found;
  if (!found.grant.isOwn) return NOT_OURS;
  if (replaced === undefined) return { unsettled: 'no refresh replaced it' };
  const answer = await calls.refresh('public', replaced);
  if (answer.status === 200) return { answer: '200: it is still taken', agrees: false };
  const lives = await stillRefreshes(calls, found.grant);
  const after = lives ? 'the newest still refreshes' : 'the newest is refused too';
  return { answer: `${describeRefusal(answer, secrets)}; ${after}`, agrees: true };
}

async function usedCode(verification: Verification): Promise<Answer | Unsettled> {
  const { calls, main, signIns, secrets } = verification;
  if (!main?.first) return NO_SIGN_IN;
  if (!signIns.allowsMore) return ONE_VISIT;
  const spare = await liveSpare(verification);
  if (!spare) return { unsettled: 'the code was not exchanged in the first place' };
  const { grant } = spare;
  const accessToken = grant.accessToken ?? '';
  const livedBefore = await isAccepted(calls, accessToken);
  const answer = await exchange(verification, spare);
  const lives = livedBefore && (await isAccepted(calls, accessToken));
  const effect = !livedBefore
    ? 'the grant had ended before'
    : lives
      ? 'the grant lives on'
      : 'the grant ended';
  const { answer: text, agrees } = refusedCode(answer, secrets, 'authorization_code');
  keepIfGiven(verification, answer);
  return { answer: `${text}; ${effect}`, agrees };
}

/** Spoils a fresh code in one way, then tries it in the right way. */
async function spoiled(
  verification: Verification,
  wrong: { redirectUri?: string; verifier?: string },
): Promise<Answer | Unsettled> {
  const { signIns, main, secrets } = verification;
  if (!main?.first) return NO_SIGN_IN;
  if (!signIns.allowsMore) return ONE_VISIT;
  const spare = await signIns.code();
  const answer = await exchange(verification, { ...spare, ...wrong });
  if (keepIfGiven(verification, answer)) return { answer: '200: it is not refused', agrees: false };
  const again = await exchange(verification, spare);
  const isSpent = !keepIfGiven(verification, again);
  const { answer: text, agrees } = refusedCode(answer, secrets, 'authorization_code');
  return { answer: `${text}; the code is ${isSpent ? 'spent' : 'still good'}`, agrees };
}

function exchange(
  { calls, settings }: Verification,
  {
    code,
    verifier,
    redirectUri = settings.redirectUri,
  }: { code: string; verifier: string; redirectUri?: string },
): Promise<RawAnswer> {
  return calls.token('public', {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
  });
}

function keepIfGiven({ grants }: Verification, answer: RawAnswer): boolean {
  const grant = grantOf(answer);
  if (grant) grants.push(grant);
  return grant !== undefined;
}

function onOwnGrant(
  ask: (grant: UsableGrant, verification: Verification) => Promise<Answer | Unsettled>,
): Question['ask'] {
  return async (verification) => {
    const { main, spareExchange } = verification;
    const found = usable(main?.hasEnded ? spareExchange?.grant : main);
    if ('unsettled' in found) return found;
    return found.grant.isOwn ? ask(found.grant, verification) : NOT_OURS;
  };
}

function refusedCode(answer: RawAnswer, secrets: Verification['secrets'], grantType: string): Answer {
  if (answer.status === 200) return { answer: '200: it is not refused', agrees: false };
  const read = readAs(answer, grantType);
  return {
    answer: `${describeRefusal(answer, secrets)}; read as ${read ?? 'nothing that is known'}`,
    agrees: read === 'invalid_grant',
  };
}

function revoked(answer: RawAnswer, secrets: Verification['secrets']): Answer {
  const isDone = answer.status >= 200 && answer.status < 300;
  const body = answer.text === '' ? 'empty' : 'with a body';
  return {
    answer: isDone ? `${String(answer.status)}, ${body}` : describeRefusal(answer, secrets),
    agrees: answer.status === 200,
  };
}

function withEffect(answer: RawAnswer, secrets: Verification['secrets'], isRefused: boolean): Answer {
  const { answer: text, agrees } = revoked(answer, secrets);
  return {
    answer: `${text}; the API ${isRefused ? 'refuses it' : 'still takes it'} right after`,
    agrees: agrees === true && isRefused,
  };
}

/** Ends the grants that this run made and left alive. What Webex does not confirm stays alive here, too. */
export async function endOwnGrants(calls: WebexCalls, grants: Verification['grants']): Promise<void> {
  for (const grant of grants) {
    const { isOwn, hasEnded, refreshToken, accessToken } = grant;
    const token = refreshToken ?? accessToken;
    if (!isOwn || hasEnded || token === undefined) continue;
    const { status } = await calls.revoke(
      token,
      refreshToken === undefined ? 'access_token' : 'refresh_token',
    );
    grant.hasEnded = status >= 200 && status < 300;
  }
}
