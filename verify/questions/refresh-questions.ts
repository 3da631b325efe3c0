import type { RawAnswer } from '../exchange.js';
import { isAccepted, numberOf, refreshGrant, textOf } from '../grants.js';
import type { Answer, Question, Unsettled, Verification, VerifiedGrant } from '../question.js';
import { describeRefusal } from '../refusal.js';

/** Less than this between two answers, and a lifetime that ran on cannot be told from one that was renewed. */
const APART_MS = 5_000;

/** What a refresh gives, asked on the main grant. The first one refreshes; the others look at what came. */
export const refreshQuestions: readonly Question[] = [
  {
    id: 'refresh-rotation',
    facts: '3.4, 11',
    question: 'Does a refresh give the same refresh token, a new one, or none?',
    assumption: 'the same one; the library keeps whichever comes',
    ask: refreshFirst,
  },
  {
    id: 'refresh-same-access',
    facts: '3.4',
    question: 'Does a refresh soon after the sign-in give the same access token?',
    assumption: 'yes, within 24 hours; the library takes either',
    ask: async ({ main }) => {
      const [first] = main?.refreshes ?? [];
      if (!first) return NO_REFRESH;
      if (!main?.first) return { unsettled: 'needs a sign-in; WEBEX_REFRESH_TOKEN stood in for it' };
      return sameAccess(main.first, first);
    },
  },
  {
    id: 'old-access-token',
    facts: '3.4',
    question: 'Is the access token from before a refresh still accepted?',
    assumption: 'yes, until its own end',
    ask: async ({ main, calls }) => {
      const [first] = main?.refreshes ?? [];
      const old = textOf(main?.first, 'access_token');
      if (!first || old === undefined) return NO_REFRESH;
      if (old === textOf(first, 'access_token'))
        return { unsettled: 'the refresh gave the same access token' };
      const isGood = await isAccepted(calls, old);
      return { answer: isGood ? 'accepted' : 'refused', agrees: isGood };
    },
  },
  {
    id: 'refresh-twice',
    facts: '3.4, 11',
    question: 'Does a second refresh within a minute give the same access token?',
    assumption: 'yes, within 24 hours; the library takes either',
    ask: async ({ main, calls, clock, secrets }) => {
      const [first] = main?.refreshes ?? [];
      if (!main || !first) return NO_REFRESH;
      await clock.sleep(Math.max(0, first.receivedAt + APART_MS - clock.now()));
      const second = await refreshGrant(calls, main);
      if (second.status !== 200) return { answer: describeRefusal(second, secrets), agrees: false };
      return sameAccess(first, second);
    },
  },
  {
    id: 'refresh-lifetime',
    facts: '3.4',
    question: 'Does a refresh renew the lifetime of the refresh token?',
    assumption: 'yes; the library goes by each answer',
    ask: async ({ main }) => lifetime(main),
  },
  {
    id: 'refresh-scope',
    facts: '3.3',
    question: 'Which fields does the answer to a refresh have?',
    assumption: 'access_token and expires_in; the others may be absent',
    ask: async ({ main }) => {
      const [first] = main?.refreshes ?? [];
      if (!first) return NO_REFRESH;
      const fields = Object.keys(first.body ?? {}).sort();
      return { answer: fields.join(', '), agrees: numberOf(first, 'expires_in') !== undefined };
    },
  },
  {
    id: 'refresh-broker',
    facts: '1.2',
    question: 'Does the identity broker refresh what the public address gave?',
    assumption: 'yes: the two are interchangeable',
    ask: async ({ main, calls, secrets }) => {
      if (!main?.refreshes[0]) return NO_REFRESH;
      const answer = await refreshGrant(calls, main, 'broker');
      return answer.status === 200
        ? { answer: '200', agrees: true }
        : { answer: describeRefusal(answer, secrets), agrees: false };
    },
  },
];

const NO_REFRESH: Unsettled = { unsettled: 'needs a refresh that works' };

async function refreshFirst({ main, calls, clock, secrets }: Verification): Promise<Answer | Unsettled> {
  const before = main?.refreshToken;
  if (!main || before === undefined) return { unsettled: 'needs a grant with a refresh token' };
  if (main.first) await clock.sleep(Math.max(0, main.first.receivedAt + APART_MS - clock.now()));
  const answer = await refreshGrant(calls, main);
  if (answer.status !== 200) {
    main.hasEnded = true;
    return { answer: describeRefusal(answer, secrets), agrees: false };
  }
  const after = textOf(answer, 'refresh_token');
  if (after === undefined) return { answer: 'absent', agrees: false };
  return after === before ? { answer: 'the same', agrees: true } : { answer: 'a new one', agrees: false };
}

function sameAccess(before: RawAnswer, after: RawAnswer): Answer {
  const isSame = textOf(before, 'access_token') === textOf(after, 'access_token');
  const [was, is] = [before, after].map((answer) => String(numberOf(answer, 'expires_in')));
  const what = isSame ? 'the same access token' : 'another access token';
  return { answer: `${what}; expires_in ${was ?? ''}, then ${is ?? ''}`, agrees: isSame };
}

// The two answers are seconds apart: a lifetime that runs on is shorter by as much, one that was renewed is not.
function lifetime(main: VerifiedGrant | undefined): Answer | Unsettled {
  const answers = [...(main?.first ? [main.first] : []), ...(main?.refreshes ?? [])];
  const told = answers.flatMap((answer) => {
    const seconds = numberOf(answer, 'refresh_token_expires_in');
    return seconds === undefined ? [] : [{ seconds, at: answer.receivedAt }];
  });
  const [before, ...rest] = told;
  const after = rest.at(-1);
  if (!before || !after) return { unsettled: 'needs two answers that tell refresh_token_expires_in' };
  const passed = Math.round((after.at - before.at) / 1000);
  const lost = before.seconds - after.seconds;
  const figures = `${String(before.seconds)}, then ${String(after.seconds)} after ${String(passed)} s`;
  if (passed < 3) return { unsettled: `the answers came too close together (${figures})` };
  const isRenewed = lost < passed / 2;
  return { answer: `${isRenewed ? 'renewed' : 'not renewed'}: ${figures}`, agrees: isRenewed };
}
