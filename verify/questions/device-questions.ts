import { parseScope } from '../../src/oauth/scope.js';
import { numberOf, textOf } from '../grants.js';
import type { Answer, Question, Unsettled, Verification } from '../question.js';
import { describeRefusal, readAs } from '../refusal.js';

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:device_code';
const OIDC = parseScope('openid email profile phone address');

/** The device grant as far as it goes without anybody to allow it. */
export const deviceQuestions: readonly Question[] = [
  {
    id: 'device-authorize',
    facts: '2.3',
    question: 'What does a device get that asks to be let in?',
    assumption: '200 with both codes, both addresses, 300 seconds, interval 2',
    ask: authorize,
  },
  {
    id: 'device-pending',
    facts: '2.3',
    question: 'How is a device told to wait?',
    assumption: '428, which the library reads as authorization_pending',
    ask: poll,
  },
];

async function authorize(verification: Verification): Promise<Answer | Unsettled> {
  const { calls, settings, secrets } = verification;
  const scope = settings.scope.filter((one) => !OIDC.includes(one)).join(' ');
  const url = settings.endpoints.device.authorization;
  const answer = await calls.form(url, { scope }, { by: 'id alone' });
  const code = textOf(answer, 'device_code');
  if (answer.status !== 200 || code === undefined) {
    const refused = describeRefusal(answer, secrets);
    // Not an answer to the question: the integration lacks the helper redirect URIs (webex-facts 2.3).
    return readAs(answer, GRANT_TYPE) === 'unauthorized_client'
      ? { unsettled: `the integration is not set up for devices (${refused})` }
      : { answer: refused, agrees: false };
  }
  const interval = numberOf(answer, 'interval');
  verification.device = { code, intervalMs: (interval ?? 5) * 1000 };
  const fields = Object.keys(answer.body ?? {}).join(', ');
  const expires = numberOf(answer, 'expires_in');
  const addresses = ['verification_uri', 'verification_uri_complete'].map((name) => textOf(answer, name));
  return {
    answer: `200; expires_in ${String(expires)}, interval ${String(interval)}; fields ${fields}`,
    agrees: expires === 300 && interval === 2 && addresses.every((one) => one !== undefined),
  };
}

async function poll({ calls, settings, secrets, clock, device }: Verification): Promise<Answer | Unsettled> {
  if (!device) return { unsettled: 'needs a device code' };
  await clock.sleep(device.intervalMs);
  const fields = { grant_type: GRANT_TYPE, device_code: device.code, client_id: settings.clientId };
  const answer = await calls.form(settings.endpoints.device.token, fields, { by: 'basic' });
  const read = readAs(answer, GRANT_TYPE);
  return {
    answer: `${describeRefusal(answer, secrets)}; read as ${read ?? 'nothing that is known'}`,
    agrees: answer.status === 428 && read === 'authorization_pending',
  };
}
