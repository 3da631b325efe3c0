import { randomToken } from '../../src/base/random.js';
import type { Answer, Question, Unsettled, Verification } from '../question.js';

const MOST_REDIRECTS = 5;

/** The authorization endpoint without a person: with prompt=none it has to answer by itself. */
export const authorizeQuestions: readonly Question[] = [
  {
    id: 'prompt-none',
    facts: '2.1',
    question: 'What does prompt=none answer where nobody is signed in?',
    assumption: 'login_required on the redirect, in the query',
    ask: (verification) => silently(verification, {}),
  },
  {
    id: 'response-mode',
    facts: '2.1, 11',
    question: 'Is response_mode supported?',
    assumption: 'no: the answer stays in the query',
    ask: (verification) => silently(verification, { response_mode: 'fragment' }),
  },
];

async function silently(
  verification: Verification,
  more: Readonly<Record<string, string>>,
): Promise<Answer | Unsettled> {
  const { calls, settings } = verification;
  const { clientId, redirectUri, scope, endpoints } = settings;
  if (redirectUri === 'http://localhost/') return { unsettled: 'needs WEBEX_REDIRECT_URI' };
  const url = new URL(endpoints.authorizationServer.authorizationEndpoint);
  const asked = { response_type: 'code', client_id: clientId, redirect_uri: redirectUri, prompt: 'none' };
  const query = { ...asked, scope: scope.join(' '), state: randomToken(), nonce: randomToken() };
  for (const [name, value] of Object.entries({ ...query, ...more })) url.searchParams.set(name, value);
  let at = url.href.replaceAll('+', '%20');
  for (let hop = 0; hop < MOST_REDIRECTS; hop++) {
    const { status, headers } = await calls.open(at);
    const location = headers.get('location');
    if (location === null) return { unsettled: `a page came (${String(status)}) and no redirect` };
    const target = new URL(location, at);
    if (`${target.origin}${target.pathname}` === new URL(redirectUri).href) return where(target);
    // Elsewhere at Webex: its own way to its own session. Nothing secret goes along.
    if (target.protocol !== 'https:' && target.origin !== url.origin) break;
    at = target.href;
  }
  return { unsettled: 'the redirects did not come back to the redirect URI' };
}

function where({ searchParams, hash }: URL): Answer {
  const inFragment = new URLSearchParams(hash.slice(1)).get('error');
  const inQuery = searchParams.get('error');
  const error = inQuery ?? inFragment ?? 'no error';
  const place = inQuery === null && inFragment !== null ? 'fragment' : 'query';
  const shown = /^[a-z_]{1,40}$/.test(error) ? error : 'another error';
  return { answer: `${shown}, in the ${place}`, agrees: place === 'query' && error === 'login_required' };
}
