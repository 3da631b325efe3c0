import { createHash } from 'node:crypto';

import { isWebexAuthError, TimeoutError } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import type { Person } from '../oauth/person.js';
import type { TokenSet } from '../oauth/token-set.js';
import { seeOther } from './answers.js';
import type { LoginCookies } from './login-cookies.js';
import type { LoginHandlerOptions } from './login-handler-options.js';
import { personSubject } from './person-subject.js';
import type { IssuedSession } from './sessions.js';

const IDENTIFY_WITHIN_MS = 30_000;
const TWIN_WITHIN_MS = 5_000;
const TWIN_EVERY_MS = 100;

/** After these the login cannot be finished any more: its cookie goes. */
const OVER: readonly ErrorCode[] = ['STATE_EXPIRED', 'INVALID_GRANT'];

/** What the callback shares with the rest of the handler. */
export interface CallbackOptions extends LoginHandlerOptions {
  cookies: LoginCookies;
  report: (error: unknown, request: Request) => void;
  fail: (error: unknown, request: Request, cookies?: readonly string[], returnTo?: string) => Response;
}

/** Makes the route that Webex redirects to: finishes the login, keeps the grant, makes the session, leads to a clean URL. */
export function createCallback(options: CallbackOptions): (request: Request) => Promise<Response> {
  const { login, sessions, cookies, clock } = options;

  // No signal of the request below: a browser that goes away (a double click does) must not cost the code that it used up.
  const finish = async (request: Request, transaction: string | undefined): Promise<Response> => {
    const parameters = new URL(request.url).searchParams;
    const starter = await options.starter?.(request);
    const completed = await login.complete(parameters, transaction, { starter });
    const { tokenSet, requestedScope, returnTo = '/' } = completed;
    const person = await identify(tokenSet);
    const subject = (await options.subject?.(request, person)) || personSubject(person);
    const custom = await options.custom?.(request, person);
    await options.keep({ subject, tokenSet, person, custom, requestedScope });
    const id = sessionId(transaction, parameters);
    const session = await sessions.create(subject, { replacing: request, id });
    try {
      await options.onLogin?.({ subject, person, request });
    } catch (error) {
      options.report(error, request);
    }
    return arrive(session, parameters, returnTo);
  };

  const arrive = ({ setCookie }: IssuedSession, parameters: URLSearchParams, returnTo: string): Response =>
    seeOther(returnTo, [setCookie, ...cookies.finish(parameters.get('state') ?? '', returnTo)]);

  const identify = async (tokenSet: TokenSet): Promise<Person> => {
    const deadline = new AbortController();
    const timer = clock.after(IDENTIFY_WITHIN_MS, () =>
      deadline.abort(new TimeoutError('Webex did not say in time who signed in; sign in again')),
    );
    try {
      return await options.identify(tokenSet, { signal: deadline.signal });
    } finally {
      timer.cancel();
    }
  };

  /** The same redirect a second time, in the same browser: a double click, or the back button. */
  const again = async (request: Request, transaction: string | undefined): Promise<Response | undefined> => {
    const parameters = new URL(request.url).searchParams;
    const returnTo = cookies.finishedAt(request, parameters.get('state'));
    if (returnTo !== undefined && (await sessions.read(request))) return seeOther(returnTo);
    const id = sessionId(transaction, parameters);
    for (let waited = 0, step = TWIN_EVERY_MS; id && waited <= TWIN_WITHIN_MS; waited += step, step *= 2) {
      const session = await sessions.reissue(id);
      if (session) return arrive(session, parameters, login.returnTo(transaction) ?? '/');
      if (request.signal.aborted) break;
      await clock.sleep(step);
    }
    return undefined;
  };

  return async (request) => {
    const state = new URL(request.url).searchParams.get('state');
    const transaction = cookies.find(request, state);
    try {
      return await finish(request, transaction);
    } catch (error) {
      const code = isWebexAuthError(error) ? error.code : undefined;
      const used = code === 'STATE_USED' || (code === 'STATE_MISMATCH' && transaction === undefined);
      const repeated = used && (await again(request, transaction));
      if (repeated) return repeated;
      const over = state !== null && code !== undefined && OVER.includes(code);
      return options.fail(error, request, over ? [cookies.remove(state)] : [], login.returnTo(transaction));
    }
  };
}

/**
 * The id of the session that a callback makes: a hash of the sealed transaction (256 random bits, held by one browser alone) and
 * the code (known only to who came back from Webex). So the twin of a double click can be given its session by any process,
 * while neither half is of use without the other, and nothing of it is stored.
 */
function sessionId(transaction: string | undefined, parameters: URLSearchParams): string | undefined {
  if (!transaction) return undefined;
  return createHash('sha256')
    .update(`webex-auth session\0${transaction}\0${parameters.get('code') ?? ''}`)
    .digest('base64url');
}
