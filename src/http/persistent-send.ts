import { onAbort } from '../base/on-abort.js';
import { parseRetryAfter } from '../base/retry-after.js';
import { ClosedError, isWebexAuthError } from '../errors.js';
import type { TokenSource } from '../oauth/token-source.js';
import type { Answer } from './answer.js';
import type { ApiSettings } from './api-settings.js';
import { type AuthorizedAnswer, type AuthorizedCall, sendAuthorized } from './authorized-send.js';
import { headerValue } from './header-fields.js';
import { troubleOf, witnessOf } from './origin-trouble.js';
import type { Patience } from './rate-gate.js';
import type { PrincipalKey } from './rate-gates.js';
import { announceRetry, type OnRetry, type RetryNotice } from './retry-notice.js';
import type { RetrySettings } from './retry-settings.js';
import { type Attempted, rateLimitWait, retryDelay } from './retry-timing.js';

const DRAINED_BYTES = 64 * 1024;
// Statuses below are final: the caller's own business, or dealt with already (401).
const FIRST_REPEATABLE = 423;

/** A call with what it takes to send it again. */
export interface PersistentCall extends AuthorizedCall {
  /** Whether the very same bytes can be sent again. */
  readonly replayable: boolean;
  readonly retry: RetrySettings;
  readonly onRetry: OnRetry | undefined;
  /** The body is read whole, to at most so many bytes, as part of the attempt; undefined = it is left to the caller. */
  readonly wholeBodyBytes: number | undefined;
}

/** Who sends, and with what. */
export interface Sender {
  settings: ApiSettings;
  tokenSource: TokenSource;
  principal: PrincipalKey;
}

/** The last answer, with its body where that was to be read whole. */
export type PersistentAnswer = AuthorizedAnswer & { bytes?: Buffer };

/**
 * Sends a call until it has an answer that stays: after rate limits, outages and failed connections again, as
 * `retryDelay` says, within one deadline. Fails at once while its principal's gate or its origin's circuit is shut.
 */
export async function sendPersistently(call: PersistentCall, sender: Sender): Promise<PersistentAnswer> {
  const { deadline, origin, wholeBodyBytes } = call;
  const { gates, breakers, budget, transport, watched } = sender.settings;
  const parts = { transport, watched, tokenSource: sender.tokenSource };
  const witness = witnessOf(sender.principal, call.url);
  let sentBefore = call.sent;
  try {
    const looking = gates.look(sender.principal);
    if (looking) await deadline.race(looking);
    if (gates.find(sender.principal)) await pause(0, { call, sender });
    for (let attempt = 1; ; attempt++) {
      let delay: number | undefined;
      let failed: Answer | undefined;
      const passage = breakers.enter(origin, witness);
      const hadMs = deadline.leftMs();
      if (attempt === 1) budget.earn();
      try {
        const sent: PersistentAnswer = await sendAuthorized(call, parts);
        const { status } = sent.answer;
        if (troubleOf(status, hadMs)) breakers.failed(origin, passage, witness);
        else breakers.succeeded(origin);
        if (status >= FIRST_REPEATABLE) delay = await delayAfterAnswer(sent, { attempt, call, sender });
        if (delay === undefined) {
          if (wholeBodyBytes === undefined) {
            await sent.answer.leaveBody();
            return sent;
          }
          sent.bytes = await sent.answer.bytes(wholeBodyBytes);
          deadline.end();
          return sent;
        }
        failed = sent.answer;
      } catch (error) {
        const trouble = call.pending ? troubleOf({ error }, hadMs) : undefined;
        if (trouble) breakers.failed(origin, passage, trouble === 'origin' ? undefined : witness);
        else breakers.left(origin, passage);
        // Getting a token has retries of its own.
        if (call.sent > sentBefore) delay = delayAfterError(error, { attempt, call, sender });
        if (delay === undefined) throw error;
      }
      sentBefore = call.sent;
      await pause(delay, { call, sender, failed });
    }
  } catch (error) {
    deadline.end();
    // What was sent has been told of as a request.
    if (call.sent === sentBefore) sender.settings.tellRefusal(error, call);
    throw error;
  }
}

interface Attempt {
  attempt: number;
  call: PersistentCall;
  sender: Sender;
}

/** What `pause` is to sleep, milliseconds; undefined = the answer stays. */
async function delayAfterAnswer(
  { answer }: PersistentAnswer,
  { attempt, call, sender }: Attempt,
): Promise<number | undefined> {
  const { status, headers } = answer;
  const { clock, random, gates, breakers, budget } = sender.settings;
  let retryAfterMs = parseRetryAfter(headerValue(headers, 'retry-after'), {
    date: headerValue(headers, 'date'),
    now: clock.now(),
  });
  const gate = status === 429 ? gates.of(sender.principal) : undefined;
  if (gate) {
    // Also where this call will not be repeated: those that come after it are told.
    gate.shut(clock.now() + rateLimitWait(retryAfterMs, { attempt, random }), String(status));
    retryAfterMs = gate.opensInMs();
  }
  const delayMs = retryDelay(attempted(attempt, call, sender, { status, retryAfterMs }), call.retry);
  if (delayMs === undefined) return undefined;
  // After a 429 Webex did no work: the gate paces such retries, the budget does not count them.
  const allowed = gate ? gate.admits(patience(call)) : !breakers.isResting(call.origin) && budget.spend();
  if (!allowed) return undefined;
  await answer.leaveBody();
  announce({ attempt, delayMs, status, trackingId: answer.trackingId() }, { call, sender });
  return gate ? 0 : delayMs;
}

function delayAfterError(error: unknown, { attempt, call, sender }: Attempt): number | undefined {
  const { breakers, budget } = sender.settings;
  if (call.deadline.signal.aborted || !isWebexAuthError(error)) return undefined;
  const delayMs = retryDelay(attempted(attempt, call, sender, { error }), call.retry);
  if (delayMs === undefined || breakers.isResting(call.origin) || !budget.spend()) return undefined;
  const { code, trackingId } = error;
  announce({ attempt, delayMs, code, trackingId }, { call, sender });
  return delayMs;
}

function attempted(
  attempt: number,
  { method, headers, replayable, deadline }: PersistentCall,
  { settings: { random } }: Sender,
  outcome: Attempted['outcome'],
): Attempted {
  const idempotencyKey = Boolean(headers['idempotency-key']);
  return { attempt, method, idempotencyKey, replayable, outcome, leftMs: deadline.leftMs(), random };
}

function announce(
  notice: Omit<RetryNotice, 'method' | 'origin'>,
  { call: { method, origin, onRetry }, sender }: Omit<Attempt, 'attempt'>,
): void {
  const whole = { ...notice, delayMs: Math.ceil(notice.delayMs), method, origin };
  const hooks = [sender.settings.onRetry, onRetry];
  if (hooks.some(Boolean)) announceRetry(hooks, whole);
  sender.settings.tracing?.retries.publish(whole);
}

/** Sleeps, then waits for the gate's turn. A deadline, an abort and the transport's closing end it at once. */
async function pause(
  ms: number,
  { call, sender, failed }: Omit<Attempt, 'attempt'> & { failed?: Answer | undefined },
): Promise<void> {
  const { deadline } = call;
  const { clock, gates, transport } = sender.settings;
  const leave =
    transport.closed &&
    onAbort(transport.closed, () => deadline.stop(new ClosedError('The transport was closed')));
  // Meanwhile the connection is freed for others.
  void failed?.drain(DRAINED_BYTES);
  try {
    const end = clock.monotonic() + ms;
    // Timers may fire a little early; Retry-After may not.
    for (let left = ms; left > 0; left = end - clock.monotonic())
      await clock.sleep(left, { signal: deadline.signal });
    await gates.find(sender.principal)?.pass(patience(call), deadline.signal);
  } finally {
    leave?.();
    failed?.drop();
  }
}

function patience({ retry, deadline }: Pick<PersistentCall, 'retry' | 'deadline'>): Patience {
  return { maxWaitMs: retry.maxRetryAfterMs, leftMs: deadline.leftMs() };
}
