import { missingScopes, parseScope } from '../../src/oauth/scope.js';
import { shapeOfText } from '../describe-value.js';
import type { RawAnswer } from '../exchange.js';
import { numberOf, textOf } from '../grants.js';
import { usable } from '../question.js';
import type { Answer, Question, Unsettled, Verification } from '../question.js';

/** What a sign-in gives. They look at the answer that the library got, and send nothing. */
export const tokenQuestions: readonly Question[] = [
  {
    id: 'token-answer',
    facts: '3.3',
    question: 'Which fields does a token answer have, and how long do its tokens live?',
    assumption: 'access_token, expires_in, refresh_token, refresh_token_expires_in, numbers in seconds',
    ask: onFirst((answer) => {
      const lifetimes = [numberOf(answer, 'expires_in'), numberOf(answer, 'refresh_token_expires_in')];
      const isWhole = lifetimes.every((seconds) => Number.isInteger(seconds));
      return {
        answer: `${fieldsOf(answer)}; seconds: ${lifetimes.map(String).join(' and ')}`,
        agrees: isWhole && textOf(answer, 'refresh_token') !== undefined,
      };
    }),
  },
  {
    id: 'token-type',
    facts: '3.3',
    question: 'Is token_type there?',
    assumption: 'Bearer',
    ask: onFirst((answer) => {
      const type = textOf(answer, 'token_type');
      const isBearer = type?.toLowerCase() === 'bearer';
      return { answer: type === undefined ? 'absent' : isBearer ? type : 'another', agrees: isBearer };
    }),
  },
  {
    id: 'scope-in-answer',
    facts: '3.3',
    question: 'Is scope there, and all of what was asked for?',
    assumption: 'where it is there, it is what was asked for',
    ask: onFirst((answer, { settings }) => {
      const text = textOf(answer, 'scope');
      if (text === undefined) return { answer: 'absent' };
      const granted = parseScope(text);
      const missing = missingScopes(settings.scope, granted).length;
      const more = missingScopes(granted, settings.scope).length;
      const counts = `${String(missing)} missing, ${String(more)} that nobody asked for`;
      return {
        answer: `${String(granted.length)} scopes, ${counts}`,
        agrees: missing === 0 && more === 0,
      };
    }),
  },
  {
    id: 'token-shape',
    facts: '7',
    question: 'What do tokens look like?',
    assumption: '64 characters, a cluster and an organisation, joined by _; the organisation a UUID',
    ask: onFirst((answer) => {
      const shapes = ['access_token', 'refresh_token'].map((field) =>
        shapeOfText(textOf(answer, field) ?? ''),
      );
      return {
        answer: `access token ${shapes[0] ?? ''}; refresh token ${shapes[1] ?? ''}`,
        agrees: shapes.every((shape) => /^64\+\d+\+36 characters$/.test(shape)),
      };
    }),
  },
];

function onFirst(read: (answer: RawAnswer, verification: Verification) => Answer): Question['ask'] {
  return async (verification): Promise<Answer | Unsettled> => {
    const { main } = verification;
    if (main && !main.first) return { unsettled: 'needs a sign-in; WEBEX_REFRESH_TOKEN stood in for it' };
    const found = usable(main);
    return 'unsettled' in found || !main?.first
      ? { unsettled: 'needs a sign-in that gives both tokens' }
      : read(main.first, verification);
  };
}

function fieldsOf({ body }: RawAnswer): string {
  return Object.keys(body ?? {})
    .sort()
    .join(', ');
}
