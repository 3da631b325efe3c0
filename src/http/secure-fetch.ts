import type { Clock } from '../base/clock.js';
import type { WholeFetch } from '../base/fetch.js';
import { OriginNotAllowedError } from '../errors.js';
import { secureUrl } from '../base/secure-url.js';
import { answerTo } from './answer.js';
import { Deadline } from './deadline.js';
import { headerValue } from './header-fields.js';
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
    const fields = { 'accept-encoding': 'identity', ...headers, 'user-agent': USER_AGENT };
    try {
      const answer = await answerTo(
        { method, url: target, headers: fields, body },
        { transport, deadline, origin },
      );
      const bytes = await answer.bytes(maxBodyBytes);
      return {
        status: answer.status,
        headers: { get: (name) => headerValue(answer.headers, name.toLowerCase()) ?? null },
        text: () => utf8.decode(bytes),
      };
    } finally {
      deadline.end();
    }
  };
}
