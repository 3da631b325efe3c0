import { allowInsecureRequests, customFetch } from 'oauth4webapi';
import type { Clock } from '../base/clock.js';
import type { FetchInit, WholeFetch, WholeResponse } from '../base/fetch.js';
import { parseRetryAfter } from '../base/retry-after.js';
import { sentText } from '../base/sent-text.js';
import { trackingIdOf } from '../base/tracking-id.js';
import { isWebexAuthError, NetworkError } from '../errors.js';
import { member } from './member.js';
import { parsedResponse } from './parsed-response.js';
import { withoutEchoes } from './sent-secrets.js';

/** An answer, read whole. What the server wrote stays in `body`: it may echo secrets, so it never enters an error. */
export interface EndpointAnswer {
  readonly status: number;
  /** The body, when it is a JSON object; anything else is undefined. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly trackingId: string | undefined;
  /** From Retry-After, milliseconds since the epoch. */
  readonly retryAt: number | undefined;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** What a token request is for, so that whoever limits requests can let people go first. */
export type TokenPurpose = 'sign-in' | 'refresh';

/** Turns a server's odd answers into those of RFC 6749, before anything else looks at them. */
export type AnswerNormaliser = (
  answer: EndpointAnswer,
  context: { grantType: string; purpose: TokenPurpose },
) => EndpointAnswer;

/**
 * Sends through `fetch`, and reads the answer whole. Rejects with this library's errors and the caller's own abort
 * reason; any other error becomes a NetworkError without its cause, which may hold the request.
 */
export async function receiveAnswer(
  send: (fetch: WholeFetch) => Promise<unknown>,
  {
    fetch,
    clock,
    signal,
  }: { fetch: WholeFetch; clock: Pick<Clock, 'now'>; signal?: AbortSignal | undefined },
): Promise<EndpointAnswer> {
  signal?.throwIfAborted();
  let init: FetchInit | undefined;
  let response: WholeResponse | undefined;
  try {
    await send(async (url, sending) => {
      init = sending;
      response = await fetch(url, sending);
      return response;
    });
    if (!response || !init) throw new TypeError('nothing was sent');
    const { status, headers }: WholeResponse = response;
    const received = parseObject(await response.text());
    const body = received && withoutEchoes(received, init);
    const receivedAt = clock.now();
    const wait = parseRetryAfter(headers.get('retry-after'), { date: headers.get('date'), now: receivedAt });
    // Where tokens may just have been issued, what the server wrote could hold one of them.
    const answered = status < 300 ? undefined : [headers.get('trackingid'), member(body, 'trackingId')];
    const trackingId = (answered && trackingIdOf(answered, sentText(init))) ?? response.trackingId;
    return {
      status,
      body,
      trackingId,
      retryAt: wait === undefined ? undefined : receivedAt + wait,
      receivedAt,
    };
  } catch (error) {
    if (isWebexAuthError(error)) throw error;
    signal?.throwIfAborted();
    throw new NetworkError('The connection to the server failed; the request may have been processed', {
      reason: 'other',
      maybeProcessed: true,
    });
  }
}

/** How the protocol library is told to send: through our fetch, on loopback in plain http too (the caller checked). */
export function requestOptions(
  fetch: WholeFetch,
  signal: AbortSignal | undefined,
): {
  [customFetch]: (url: string, init: SendInit) => Promise<Response>;
  [allowInsecureRequests]: true;
} {
  return {
    [customFetch]: async (url, { method, headers, body }) => {
      await fetch(url, { method, headers, body: body.toString(), redirect: 'manual', signal });
      // The library hands on what it is given; the answer is read where it was received.
      return parsedResponse(undefined);
    },
    [allowInsecureRequests]: true,
  };
}

interface SendInit {
  method: string;
  headers: Record<string, string>;
  body: URLSearchParams;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
