import { readCatalog } from '../../src/platform/catalog-payload.js';
import type { RawAnswer } from '../exchange.js';
import type { Answer, Question, Unsettled, Verification } from '../question.js';
import { shapeOf } from '../refusal.js';

/** What Webex tells everybody: discovery documents, signing keys, service catalogs. */
export const discoveryQuestions: readonly Question[] = [
  {
    id: 'discovery-public',
    facts: '1.1',
    question: 'Does the discovery document at the API base answer?',
    assumption: 'it answers, and names an issuer of our table',
    ask: ({ calls, settings }) =>
      discovery(`${calls.apiBase}/.well-known/openid-configuration`, calls, settings),
  },
  {
    id: 'discovery-broker',
    facts: '1.1',
    question: "Does the identity broker's discovery document answer?",
    assumption: 'it answers, and names an issuer of our table',
    ask: ({ calls, settings }) =>
      discovery(`${calls.brokerBase}/idb/.well-known/openid-configuration`, calls, settings),
  },
  {
    id: 'jwks-public',
    facts: '1.1',
    question: 'Do signing keys come from /verification?',
    assumption: 'RSA keys for signatures, each with a kid',
    ask: ({ calls }) => keys(`${calls.apiBase}/verification`, calls),
  },
  {
    id: 'jwks-broker',
    facts: '1.2',
    question: "Do signing keys come from the identity broker's verificationjwk?",
    assumption: 'RSA keys for signatures, each with a kid',
    ask: ({ calls }) => keys(`${calls.brokerBase}/idb/oauth2/v2/keys/verificationjwk`, calls),
  },
  {
    id: 'catalog-hostmap',
    facts: '1.5',
    question: 'What does a service catalog look like in the format hostmap?',
    assumption: 'serviceLinks, by name, hydra among them',
    ask: (verification) => limitedCatalog('hostmap', verification),
  },
  {
    id: 'catalog-u2cv2',
    facts: '1.5',
    question: 'What does a service catalog look like in the format U2CV2?',
    assumption: 'activeServices and services, hydra among them',
    ask: (verification) => limitedCatalog('U2CV2', verification),
  },
];

async function discovery(
  url: string,
  calls: Verification['calls'],
  { endpoints }: Verification['settings'],
): Promise<Answer> {
  const answer = await calls.open(url);
  const issuer = answer.body?.['issuer'];
  if (answer.status !== 200 || typeof issuer !== 'string') return refused(answer);
  const isKnown = endpoints.idTokenIssuers.some((known) => known.issuer === issuer);
  const methods = answer.body?.['token_endpoint_auth_methods_supported'];
  const listed = Array.isArray(methods)
    ? methods.filter((one) => typeof one === 'string').join(', ')
    : 'none';
  return {
    answer: `200; ${isKnown ? 'an issuer of our table' : 'another issuer'}; client authentication ${listed}`,
    agrees: isKnown,
  };
}

async function keys(url: string, calls: Verification['calls']): Promise<Answer> {
  const answer = await calls.open(url);
  const found = answer.body?.['keys'];
  if (answer.status !== 200 || !Array.isArray(found)) return refused(answer);
  const good = found.filter((one: unknown) => {
    const { kty, use, kid, n, e } = (one ?? {}) as Record<string, unknown>;
    return kty === 'RSA' && use === 'sig' && [kid, n, e].every((part) => typeof part === 'string');
  });
  return {
    answer: `200; ${String(found.length)} keys, ${String(good.length)} of them RSA for signatures with a kid`,
    agrees: found.length > 0 && good.length === found.length,
  };
}

async function limitedCatalog(
  format: 'hostmap' | 'U2CV2',
  { calls, settings }: Verification,
): Promise<Answer | Unsettled> {
  const base = settings.endpoints.serviceCatalog;
  if (base === undefined) return { unsettled: 'needs the address of a catalog: U2C_SERVICE_URL' };
  const answer = await calls.open(`${base}/limited/catalog?mode=DEFAULT_BY_PROXIMITY&format=${format}`);
  const services = readCatalog(answer.body);
  if (answer.status !== 200 || !services) return refused(answer);
  const isAsked = Object.hasOwn(answer.body ?? {}, format === 'hostmap' ? 'serviceLinks' : 'activeServices');
  return {
    answer: `200; ${String(services.size)} services; fields ${Object.keys(answer.body ?? {}).join(', ')}`,
    agrees: isAsked && services.has('hydra'),
  };
}

function refused(answer: RawAnswer): Answer {
  return { answer: `${String(answer.status)}, shape ${shapeOf(answer)}`, agrees: false };
}
