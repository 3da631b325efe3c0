import { systemClock } from '../base/clock.js';
import type { Clock } from '../base/clock.js';
import type { WholeFetch } from '../base/fetch.js';
import { ProtocolError } from '../errors.js';
import { receiveAnswer } from '../oauth/endpoint-answer.js';
import { member } from '../oauth/member.js';
import { errorOfAnswer } from '../oauth/endpoint-error.js';
import type { Person } from '../oauth/person.js';
import { isIdentifier, printable } from './person-text.js';

/** What asking takes. */
export interface FetchPersonOptions {
  fetch: WholeFetch;
  /** Without a slash at the end. */
  apiBase: string;
  accessToken: string;
  signal?: AbortSignal | undefined;
  clock?: Pick<Clock, 'now'> | undefined;
}

/** Asks Webex whose token this is: GET /people/me (webex-facts 7). */
export async function fetchPerson({
  fetch,
  apiBase,
  accessToken,
  signal,
  clock = systemClock,
}: FetchPersonOptions): Promise<Person> {
  const headers = { accept: 'application/json', authorization: `Bearer ${accessToken}` };
  const answer = await receiveAnswer(
    (watched) => watched(`${apiBase}/people/me`, { method: 'GET', headers, redirect: 'manual', signal }),
    { fetch, clock, signal },
  );
  if (answer.status !== 200) throw errorOfAnswer(answer);
  const { body, status, trackingId } = answer;
  const id = member(body, 'id');
  const orgId = member(body, 'orgId') ?? undefined;
  if (!isIdentifier(id) || !(orgId === undefined || isIdentifier(orgId))) {
    throw new ProtocolError('The answer of people/me names no person', { status, trackingId });
  }
  const emails = member(body, 'emails');
  return {
    id,
    orgId,
    displayName: printable(member(body, 'displayName'), 256),
    email: printable(Array.isArray(emails) ? emails[0] : undefined, 320),
    type: printable(member(body, 'type'), 32),
  };
}
