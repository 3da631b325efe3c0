import { randomBytes, randomUUID } from 'node:crypto';
import type { RawAnswer } from '../exchange.js';
import type { Answer, Question, Unsettled, Verification } from '../question.js';
import { describeRefusal, readAs } from '../refusal.js';
import type { Shown, TokenPath } from '../webex-calls.js';

const WRONG_SECRET = 'wrong'.repeat(12);

/** How the token endpoint refuses what was made up. Nobody signs in for these. */
export const clientQuestions: readonly Question[] = [
  ...bothPaths({
    id: 'wrong-secret',
    facts: '4.2, 11',
    question: 'How is a wrong client secret refused',
    expected: 'invalid_client',
    fields: () => ({ grant_type: 'authorization_code', code: madeUpToken() }),
    shown: { clientSecret: WRONG_SECRET },
  }),
  ...bothPaths({
    id: 'bad-code',
    facts: '4.2, 11',
    question: 'How is a code that was never issued refused',
    expected: 'invalid_grant',
    fields: () => ({ grant_type: 'authorization_code', code: madeUpToken() }),
  }),
  ...bothPaths({
    id: 'malformed-refresh-token',
    facts: '4.2, 11',
    question: 'How is a refresh token refused that has not the shape of one',
    expected: 'invalid_grant',
    fields: () => ({ grant_type: 'refresh_token', refresh_token: 'not-a-refresh-token' }),
  }),
  ...bothPaths({
    id: 'foreign-refresh-token',
    facts: '4.2, 11',
    question: 'How is a well-formed refresh token refused that was never issued',
    expected: 'invalid_grant',
    fields: () => ({ grant_type: 'refresh_token', refresh_token: madeUpToken() }),
  }),
  ...bothPaths({
    id: 'client-credentials',
    facts: '6.1',
    question: 'How is the client credentials grant refused',
    expected: 'unauthorized_client',
    fields: ({ settings }) => ({ grant_type: 'client_credentials', scope: settings.scope.join(' ') }),
  }),
  {
    id: 'basic-public',
    facts: '3.1',
    question: 'May the client authenticate by Basic at the public address?',
    assumption: 'yes: a made-up code is refused for itself, not for the client',
    ask: (verification) => otherWay(verification, 'public', { by: 'basic' }),
  },
  {
    id: 'form-broker',
    facts: '3.1',
    question: 'May the client authenticate in the form at the identity broker?',
    assumption: 'yes: a made-up code is refused for itself, not for the client',
    ask: (verification) => otherWay(verification, 'broker', { by: 'form' }),
  },
];

interface Refused {
  id: string;
  facts: string;
  question: string;
  /** What the library has to read it as. */
  expected: string;
  fields: (verification: Verification) => Record<string, string> & { grant_type: string };
  shown?: Shown;
}

function bothPaths({ id, facts, question, expected, fields, shown }: Refused): Question[] {
  return (['public', 'broker'] as const).map((path) => ({
    id: `${id}-${path}`,
    facts,
    question: `${question}${path === 'public' ? ' at the public address?' : ' by the identity broker?'}`,
    assumption: `the library reads it as ${expected}`,
    ask: async (verification) => {
      const sent = withRedirectUri(fields(verification), verification);
      const answer = await verification.calls.token(path, sent, shown);
      if (answer.status === 200) return { answer: '200: it is not refused', agrees: false };
      return refusal(answer, { expected, grantType: sent.grant_type, verification });
    },
  }));
}

async function otherWay(
  verification: Verification,
  path: TokenPath,
  shown: Shown,
): Promise<Answer | Unsettled> {
  const grantType = 'authorization_code';
  const sent = withRedirectUri({ grant_type: grantType, code: madeUpToken() }, verification);
  const answer = await verification.calls.token(path, sent, shown);
  return refusal(answer, { expected: 'invalid_grant', grantType, verification });
}

function refusal(
  answer: RawAnswer,
  { expected, grantType, verification }: { expected: string; grantType: string; verification: Verification },
): Answer {
  const read = readAs(answer, grantType);
  return {
    answer: `${describeRefusal(answer, verification.secrets)}; read as ${read ?? 'nothing that is known'}`,
    agrees: read === expected,
  };
}

function withRedirectUri<Fields extends Record<string, string>>(
  fields: Fields,
  { settings }: Verification,
): Fields {
  return fields['grant_type'] === 'authorization_code'
    ? { ...fields, redirect_uri: settings.redirectUri }
    : fields;
}

/** A token of the shape that Webex's have (webex-facts 7). */
export function madeUpToken(): string {
  return `${randomBytes(48).toString('base64').replaceAll('+', 'p').replaceAll('/', 's')}_P0A1_${randomUUID()}`;
}
