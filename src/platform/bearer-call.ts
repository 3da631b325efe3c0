import { systemClock } from '../base/clock.js';
import type { Clock } from '../base/clock.js';
import type { WholeFetch } from '../base/fetch.js';
import { ConfigurationError } from '../errors.js';
import { receiveAnswer } from '../oauth/endpoint-answer.js';
import type { EndpointAnswer } from '../oauth/endpoint-answer.js';
import { isAccessToken } from '../oauth/token-answer.js';

/** What one call of the Webex API with a bearer takes. */
export interface BearerCall {
  fetch: WholeFetch;
  /** Without a slash at the end. */
  apiBase: string;
  accessToken: string;
  signal?: AbortSignal | undefined;
  clock?: Pick<Clock, 'now'> | undefined;
}

/** What is called. */
export interface BearerRequest {
  method: 'GET' | 'POST';
  /** Below the API base, with its slash. */
  path: string;
  json?: Readonly<Record<string, string>>;
  accept?: string;
}

/**
 * Makes one call and reads its answer whole, whatever its status. `ConfigurationError`, and nothing sent, for a bearer that no
 * header can carry. Otherwise the errors of `receiveAnswer`.
 */
export async function receiveWithBearer(
  { fetch, apiBase, accessToken, signal, clock = systemClock }: BearerCall,
  { method, path, json, accept = 'application/json' }: BearerRequest,
): Promise<EndpointAnswer> {
  if (!isAccessToken(accessToken)) {
    throw new ConfigurationError([
      { setting: 'accessToken', problem: 'is empty, too long or holds characters that no token has' },
    ]);
  }
  const headers = {
    accept,
    authorization: `Bearer ${accessToken}`,
    ...(json && { 'content-type': 'application/json' }),
  };
  const body = json && jsonText(json);
  return receiveAnswer(
    (watched) => watched(`${apiBase}${path}`, { method, headers, body, redirect: 'manual', signal }),
    { fetch, clock, signal },
  );
}

// Whoever reads the answer takes what was sent for a form, where a lone percent sign is an error; escaped it means the same in JSON.
function jsonText(json: Readonly<Record<string, string>>): string {
  return JSON.stringify(json).replaceAll('%', '\\u0025');
}
