import type { AccessToken, TokenSource } from '../oauth/token-source.js';
import { ConfigurationError, isWebexAuthError, ProtocolError } from '../errors.js';
import type { Answer } from './answer.js';
import type { Deadline } from './deadline.js';
import { answerTo, type Exchange } from './exchange.js';
import type { RequestBody } from './transport.js';

const MOST_ENCODINGS = 4;
const BEARER = /^[\x21-\x7e]+$/;
const DRAINED_BYTES = 64 * 1024;
const SHORTEST_TOKEN = 16;

/** A call that is ready but for its bearer, and what became of it so far. */
export interface AuthorizedCall {
  readonly method: string;
  readonly url: URL;
  readonly origin: string;
  readonly headers: Record<string, string>;
  readonly body: RequestBody | undefined;
  readonly deadline: Deadline;
  /** Whether it may be sent a second time, and its token be reported, after a 401; `ignore` from the replay on. */
  onUnauthorized: 'replay' | 'report' | 'ignore';
  /** How often it was sent. */
  sent: number;
  /** Whether it was sent and is not answered. */
  pending: boolean;
}

/** The answer and, where a 401 stayed, why no other token could be had. */
export interface AuthorizedAnswer {
  readonly answer: Answer;
  /** The bearer that was answered. */
  readonly accessToken: string;
  readonly rejection: unknown;
}

/** By what calls are sent, and with whose token. */
export interface SendParts extends Pick<Exchange, 'transport' | 'watched'> {
  tokenSource: TokenSource;
}

/**
 * Sends a call with its bearer. A 401 is reported to the token source; if that has another token now, the call is sent
 * once more, with the identical body. Any other outcome hands the 401 back.
 */
export async function sendAuthorized(call: AuthorizedCall, parts: SendParts): Promise<AuthorizedAnswer> {
  const { tokenSource } = parts;
  const { deadline, onUnauthorized } = call;
  const { signal } = deadline;
  // Without options a cached token costs nothing; the deadline ends the wait all the same.
  const { accessToken } = await deadline.race(tokenSource.token());
  const answer = await sendOnce(call, accessToken, parts);
  call.pending = false;
  if (answer.status !== 401 || onUnauthorized === 'ignore')
    return { answer, accessToken, rejection: undefined };
  // What comes of its rejection is told after it.
  await answer.leaveBody();
  let current: AccessToken;
  try {
    current = await deadline.race(tokenSource.reportRejected(accessToken, { signal }));
  } catch (error) {
    if (signal.aborted) throw error;
    return { answer: answer.watched(), accessToken, rejection: isWebexAuthError(error) ? error : undefined };
  }
  if (onUnauthorized === 'report' || current.accessToken === accessToken) {
    return { answer: answer.watched(), accessToken, rejection: undefined };
  }
  await answer.drain(DRAINED_BYTES);
  call.onUnauthorized = 'ignore';
  const replayed = await sendOnce(call, current.accessToken, parts);
  call.pending = false;
  return { answer: replayed, accessToken: current.accessToken, rejection: undefined };
}

function sendOnce(
  call: AuthorizedCall,
  accessToken: string,
  { transport, watched }: SendParts,
): Promise<Answer> {
  if (!BEARER.test(accessToken))
    throw new ProtocolError(
      'The stored access token cannot be sent: it holds characters no token may hold; sign in again',
    );
  const { method, url, origin, body, deadline } = call;
  // Some servers write it into the addresses that they give (RFC 6750, 2.3). A shorter one may stand there by chance.
  if (accessToken.length >= SHORTEST_TOKEN && holds(url.href, accessToken))
    throw new ConfigurationError([
      { setting: 'uri', problem: 'holds the access token, which must not travel in a URL; nothing was sent' },
    ]);
  const headers: Record<string, string> = { ...call.headers, authorization: `Bearer ${accessToken}` };
  // The same id, marked, as webex-js-sdk does it (webex-facts 4.1).
  if (call.sent > 0) headers['trackingid'] = `${headers['trackingid'] ?? ''}+${call.sent}`;
  const resends = call.sent++;
  call.pending = true;
  return answerTo({ method, url, headers, body }, { transport, deadline, origin, watched, resends });
}

// As it is, or with any of its characters percent-encoded (RFC 3986, 2.1), once or more often.
function holds(href: string, accessToken: string): boolean {
  let text = href;
  for (let round = 0; round < MOST_ENCODINGS; round++) {
    if (text.includes(accessToken)) return true;
    if (!text.includes('%')) return false;
    text = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
  return text.includes(accessToken);
}
