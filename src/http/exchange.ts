import type { RequestMessage, TracedWork } from '../base/tracing.js';
import { isWebexAuthError, ProtocolError } from '../errors.js';
import { Answer, exchangeFailure } from './answer.js';
import type { Deadline } from './deadline.js';
import type { Transport, TransportRequest } from './transport.js';

/** Where a request is told of, and as what. */
interface Watched {
  work: TracedWork<RequestMessage>;
  purpose: RequestMessage['purpose'];
}

/** By what a request goes, and who watches it. */
export interface Exchange {
  transport: Transport;
  deadline: Deadline;
  origin: string;
  watched?: Watched | undefined;
  /** How often the same call was sent before. */
  resends?: number | undefined;
  /** A 2xx answer may hold secrets that are new: nothing of it is shown, its tracking id included. */
  issuesSecrets?: boolean | undefined;
}

/**
 * Sends one request under a deadline, which goes on for the body. Failures are errors of this library or the caller's own reason. The
 * answer must be read with `bytes`, or be left with `leaveBody`: those who watch wait for it.
 */
export function answerTo(request: TransportRequest, exchange: Exchange): Promise<Answer> {
  const { deadline, watched } = exchange;
  deadline.follow(request);
  return watched?.work.isWatched ? tracedAnswer(request, watched, exchange) : exchanged(request, exchange);
}

function tracedAnswer(
  request: TransportRequest,
  { work, purpose }: Watched,
  exchange: Exchange,
): Promise<Answer> {
  const { resends = 0, deadline } = exchange;
  const { origin, pathname } = new URL(request.url);
  const message: RequestMessage = { method: request.method, origin, path: pathname, purpose, resends };
  return new Promise((resolve, reject) => {
    const told = work.run(message, async () => {
      try {
        const answer = await exchanged(request, exchange);
        message.status = answer.status;
        message.trackingId = answer.trackingId();
        await new Promise((tell) => resolve(answer.toldTo({ tell, told })));
      } catch (error) {
        if (isWebexAuthError(error)) message.error = error;
        message.code = message.error?.code ?? 'ABORTED';
        message.trackingId ??= deadline.trackingId;
        throw error;
      }
    });
    // After the answer was given out this changes nothing: then `bytes` rejects.
    told.catch(reject);
  });
}

async function exchanged(
  request: TransportRequest,
  { transport, deadline, origin, issuesSecrets = false }: Exchange,
): Promise<Answer> {
  try {
    const sending = transport.send({ ...request, signal: deadline.signal });
    const response = await deadline.race(sending, ({ body }) => body.on('error', () => undefined).destroy());
    if (response.status < 200 || response.status > 599) {
      response.body.on('error', () => undefined).destroy();
      throw new ProtocolError(`${origin} answered with a status outside HTTP's range`, {
        status: response.status,
      });
    }
    return new Answer({ ...response, request, deadline, origin, issuesSecrets });
  } catch (error) {
    throw exchangeFailure(error, deadline, origin);
  }
}
