import { numberOf } from '../grants.js';
import { usable } from '../question.js';
import type { Answer, Question, Unsettled, Verification } from '../question.js';
import { describeRefusal, shapeOf } from '../refusal.js';
import { readCatalog } from '../../src/platform/catalog-payload.js';
import { parseScope } from '../../src/oauth/scope.js';
import { madeUpToken } from './client-questions.js';

const SCOPE_REDUCTION = 'urn:cisco:oauth:grant-type:scope-reduction';

/** What an access token is told, and told of. */
export const apiQuestions: readonly Question[] = [
  {
    id: 'api-no-token',
    facts: '4.2, 11',
    question: 'What does the API answer without a token?',
    assumption: '401, shape A',
    ask: (verification) => unauthorized(verification, undefined),
  },
  {
    id: 'api-bad-token',
    facts: '4.2, 11',
    question: 'What does the API answer to a token that was never issued?',
    assumption: '401, shape A',
    ask: (verification) => unauthorized(verification, madeUpToken()),
  },
  {
    id: 'token-expiry',
    facts: '1.1',
    question: 'Is exp of authorizations/tokenExpiry in milliseconds?',
    assumption: 'yes, and it fits expires_in',
    ask: withAccess(async (accessToken, { calls, main, clock }) => {
      const answer = await calls.bearer(`${calls.apiBase}/authorizations/tokenExpiry`, accessToken);
      const exp = numberOf(answer, 'exp');
      if (answer.status !== 200 || exp === undefined) return refusedWith(answer.status, shapeOf(answer));
      const last = main?.refreshes.at(-1) ?? main?.first;
      const expected = (last?.receivedAt ?? clock.now()) + (numberOf(last, 'expires_in') ?? 0) * 1000;
      const isNear = Math.abs(exp - expected) < 600_000;
      const unit = exp > 100_000_000_000 ? 'milliseconds' : 'seconds';
      return {
        answer: `${unit}${isNear ? ', fits expires_in' : ', does not fit expires_in'}`,
        agrees: isNear,
      };
    }),
  },
  {
    id: 'tokeninfo',
    facts: '1.2, 11',
    question: "Which fields does the identity broker's tokeninfo have?",
    assumption: 'nothing',
    ask: withAccess(async (access_token, { calls }) => {
      const answer = await calls.form(`${calls.brokerBase}/idb/oauth2/v1/tokeninfo`, { access_token });
      return { answer: fieldsOrRefusal(answer) };
    }),
  },
  {
    id: 'tokens-me',
    facts: '1.2',
    question: "Which fields does the identity broker's tokens/me have?",
    assumption: 'nothing',
    ask: withAccess(async (accessToken, { calls }) => {
      const url = `${calls.brokerBase}/idb/oauth2/v1/tokens/me?authtoken=true`;
      return { answer: fieldsOrRefusal(await calls.bearer(url, accessToken)) };
    }),
  },
  {
    id: 'catalog-signed-in',
    facts: '1.5',
    question: "Is the service catalog of one's own organisation given to an integration?",
    assumption: '200 with services',
    ask: withAccess(async (accessToken, { calls, settings }) => {
      const base = settings.endpoints.serviceCatalog;
      if (base === undefined) return { unsettled: 'needs the address of a catalog: U2C_SERVICE_URL' };
      const answer = await calls.bearer(`${base}/catalog?format=hostmap`, accessToken);
      const services = readCatalog(answer.body);
      if (answer.status !== 200 || !services) return refusedWith(answer.status, shapeOf(answer));
      return { answer: `200; ${String(services.size)} services`, agrees: services.size > 0 };
    }),
  },
  {
    id: 'scope-reduction',
    facts: '3.2',
    question: 'Does scope reduction give an ordinary integration a narrower token?',
    assumption: '200 with an access token for that scope, and no refresh token',
    ask: withAccess(async (token, { calls, settings, main, secrets }) => {
      const granted = main?.first?.body?.['scope'];
      const scopes = typeof granted === 'string' ? parseScope(granted) : settings.scope;
      const [scope] = [...scopes].sort();
      if (scope === undefined || scopes.length < 2)
        return { unsettled: 'needs a grant with two scopes or more' };
      const fields = { grant_type: SCOPE_REDUCTION, token, scope, self_contained_token: 'true' };
      const answer = await calls.token('broker', fields, { by: 'id alone' });
      if (answer.status !== 200) return { answer: describeRefusal(answer, secrets), agrees: false };
      const names = Object.keys(answer.body ?? {});
      const isNarrow = answer.body?.['scope'] === undefined || answer.body['scope'] === scope;
      return {
        answer: `200; fields ${names.sort().join(', ')}${isNarrow ? '' : '; more scope than was asked for'}`,
        agrees: isNarrow && names.includes('access_token') && !names.includes('refresh_token'),
      };
    }),
  },
];

async function unauthorized({ calls, secrets }: Verification, token: string | undefined): Promise<Answer> {
  const answer = await calls.me(token);
  const field = answer.headers.get('www-authenticate');
  const challenge = field === null ? 'no WWW-Authenticate' : 'with WWW-Authenticate';
  return {
    answer: `${describeRefusal(answer, secrets)}; ${challenge}`,
    agrees: answer.status === 401 && shapeOf(answer) === 'A',
  };
}

function withAccess(
  ask: (accessToken: string, verification: Verification) => Promise<Answer | Unsettled>,
): Question['ask'] {
  return async (verification) => {
    const found = usable(verification.main);
    return 'unsettled' in found ? found : ask(found.grant.accessToken, verification);
  };
}

function fieldsOrRefusal(answer: Parameters<typeof shapeOf>[0]): string {
  const { status, body } = answer;
  if (status !== 200) return `${String(status)}, shape ${shapeOf(answer)}`;
  return `200; fields ${
    Object.keys(body ?? {})
      .sort()
      .join(', ') || 'none'
  }`;
}

function refusedWith(status: number, shape: string): Answer {
  return { answer: `${String(status)}, shape ${shape}`, agrees: false };
}
