import { createGuestJwt } from '../../src/platform/guest-issuer.js';
import { applicationIdOf } from '../../src/platform/service-apps.js';
import { shapeOfText } from '../describe-value.js';
import { numberOf, textOf } from '../grants.js';
import type { Answer, Question, Unsettled, Verification } from '../question.js';
import { describeRefusal, readAs } from '../refusal.js';

const NO_GUEST_ISSUER: Unsettled = { unsettled: 'needs WEBEX_GUEST_ISSUER and WEBEX_GUEST_SECRET' };
const NO_SERVICE_APP: Unsettled = {
  unsettled: 'needs WEBEX_SERVICE_APP_ORG and WEBEX_SERVICE_APP_OWNER_TOKEN',
};

/** Guests, service apps and bots: asked only where they were given. */
export const principalQuestions: readonly Question[] = [
  {
    id: 'guest-jwt-bearer',
    facts: '5.1',
    question: "Is a guest's JWT exchanged, sent as a bearer?",
    assumption: '200 with token and expiresIn',
    ask: (verification) => exchangeJwt(verification, 'Bearer '),
  },
  {
    id: 'guest-jwt-raw',
    facts: '5.1',
    question: "Is a guest's JWT exchanged, sent without the word Bearer?",
    assumption: '200 with token and expiresIn',
    ask: (verification) => exchangeJwt(verification, ''),
  },
  {
    id: 'service-app-wrong-secret',
    facts: '4.2',
    question: 'How is a wrong secret of a service app refused?',
    assumption: 'the library reads it as invalid_client',
    ask: async (verification) => {
      const answer = await serviceAppToken(verification, 'wrong'.repeat(12));
      if ('unsettled' in answer) return answer;
      const read = readAs(answer, 'service_app');
      return {
        answer: `${describeRefusal(answer, verification.secrets)}; read as ${read ?? 'nothing that is known'}`,
        agrees: read === 'invalid_client',
      };
    },
  },
  {
    id: 'service-app-token',
    facts: '6.2',
    question: 'What does a service app get for an organisation?',
    assumption: 'the same fields as a sign-in',
    ask: async (verification) => {
      const answer = await serviceAppToken(
        verification,
        verification.settings.serviceApp?.clientSecret ?? '',
      );
      if ('unsettled' in answer) return answer;
      if (answer.status !== 200)
        return { answer: describeRefusal(answer, verification.secrets), agrees: false };
      const lifetimes = ['expires_in', 'refresh_token_expires_in'].map((name) => numberOf(answer, name));
      const names = Object.keys(answer.body ?? {}).sort();
      return {
        answer: `200; fields ${names.join(', ')}; seconds: ${lifetimes.map(String).join(' and ')}`,
        agrees: lifetimes.every((seconds) => seconds !== undefined) && names.includes('refresh_token'),
      };
    },
  },
  {
    id: 'bot-token-expiry',
    facts: '6.3',
    question: "When does a bot's token end, as Webex says?",
    assumption: 'not within ten years',
    ask: async ({ calls, settings, clock, secrets }) => {
      const { botToken } = settings;
      if (botToken === undefined) return { unsettled: 'needs WEBEX_BOT_TOKEN' };
      const answer = await calls.bearer(`${calls.apiBase}/authorizations/tokenExpiry`, botToken);
      const exp = numberOf(answer, 'exp');
      if (answer.status !== 200) return { answer: describeRefusal(answer, secrets), agrees: false };
      if (exp === undefined) return { answer: '200, without an end', agrees: true };
      const years = Math.floor((exp - clock.now()) / (365 * 86_400_000));
      return { answer: `in ${String(years)} years`, agrees: years >= 10 };
    },
  },
];

async function exchangeJwt(
  { settings, calls, clock, secrets }: Verification,
  scheme: 'Bearer ' | '',
): Promise<Answer | Unsettled> {
  if (!settings.guestIssuer) return NO_GUEST_ISSUER;
  const guest = { subject: 'verify-webex', displayName: 'Verify Webex', expiresIn: 300, now: clock.now() };
  const jwt = createGuestJwt({ ...settings.guestIssuer, ...guest });
  const answer = await calls.bearer(`${calls.apiBase}/jwt/login`, jwt, { method: 'POST', scheme });
  const token = textOf(answer, 'token');
  if (answer.status !== 200 || token === undefined) {
    return { answer: describeRefusal(answer, secrets), agrees: false };
  }
  const seconds = numberOf(answer, 'expiresIn');
  return {
    answer: `200; token ${shapeOfText(token)}; expiresIn ${String(seconds)}`,
    agrees: seconds !== undefined,
  };
}

async function serviceAppToken(
  { settings, calls }: Verification,
  clientSecret: string,
): Promise<Awaited<ReturnType<typeof calls.bearer>> | Unsettled> {
  const { serviceApp } = settings;
  if (!serviceApp) return NO_SERVICE_APP;
  const { clientId, orgId: targetOrgId, ownerToken } = serviceApp;
  const url = `${calls.apiBase}/applications/${encodeURIComponent(applicationIdOf(clientId))}/token`;
  return calls.bearer(url, ownerToken, { json: { clientId, clientSecret, targetOrgId } });
}
