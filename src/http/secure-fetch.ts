import type { Clock } from '../base/clock.js';
import type { WholeFetch } from '../base/fetch.js';
import { OriginNotAllowedError } from '../errors.js';
import { secureUrl } from '../base/secure-url.js';
import { answerTo, type Exchange } from './exchange.js';
import { Deadline } from './deadline.js';
import { headerValue } from './header-fields.js';
import { TrackingIds } from './tracking-id.js';
import type { Transport } from './transport.js';

const utf8 = new TextDecoder();
const USER_AGENT = 'webex-auth';

/** How the calls are bounded. */
export interface TransportFetchOptions {
  transport: Transport;
  clock: Clock;
  /** Over connecting, headers and body together; 30,000 ms. */
  deadlineMs?: number | undefined;
  /** After decompression; 1 MiB. */
  maxBodyBytes?: number | undefined;
  /** Hears how each call went: the status, or what was thrown. */
  onOutcome?: ((url: URL, outcome: number | { error: unknown }) => void) | undefined;
  /** Makes the `trackingid` of each call, by which support finds it when no answer came. */
  trackingIds?: TrackingIds | undefined;
  watched?: Exchange['watched'];
}

/**
 * A fetch for calls that carry secrets in the request: token endpoint, revocation, people/me. It buffers the body under
 * one deadline and a cap, never follows a redirect (RFC 9700, 4.12), and refuses plain http to another machine.
 */
export function transportFetch({
  transport,
  clock,
  deadlineMs = 30_000,
  maxBodyBytes = 1024 * 1024,
  onOutcome,
  trackingIds = new TrackingIds(USER_AGENT),
  watched,
}: TransportFetchOptions): WholeFetch {
  return async (url, { method, headers, body, signal }) => {
    const target = secureUrl(url);
    if (!target)
      throw new OriginNotAllowedError(
        'Nothing was sent: secrets go to https URLs without user name only (http only on this machine); fix the endpoint',
      );
    const { origin } = target;
    const deadline = new Deadline({ clock, ms: deadlineMs, signal, origin });
    // One name everywhere, also where a library below has its own.
    const ours = { 'user-agent': USER_AGENT, trackingid: trackingIds.next() };
    const fields = { 'accept-encoding': 'identity', ...headers, ...ours };
    try {
      const answer = await answerTo(
        { method, url: target, headers: fields, body },
        { transport, deadline, origin, watched, issuesSecrets: true },
      );
      const bytes = await answer.bytes(maxBodyBytes);
      onOutcome?.(target, answer.status);
      return {
        status: answer.status,
        headers: { get: (name) => headerValue(answer.headers, name.toLowerCase()) ?? null },
        trackingId: answer.trackingId(),
        text: () => utf8.decode(bytes),
      };
    } catch (error) {
      onOutcome?.(target, { error });
      throw error;
    } finally {
      deadline.end();
    }
  };
}
