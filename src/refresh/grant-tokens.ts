import type { Clock } from '../base/clock.js';
import type { Emitter } from '../base/emitter.js';
import { SingleFlight } from '../base/single-flight.js';
import {
  ClosedError,
  GrantNotFoundError,
  isWebexAuthError,
  StoreUnavailableError,
  TimeoutError,
  type ReauthRequiredError,
} from '../errors.js';
import type { RefreshCause, WebexAuthEvents } from '../events.js';
import type { AccessToken, TokenOptions } from '../oauth/token-source.js';
import type { Grant } from '../vault/grant.js';
import type { Vault } from '../vault/vault.js';
import {
  answer,
  endsAtOnce,
  endsAtOnceError,
  reauthRequired,
  requireScopes,
  staleAnswer,
} from './answers.js';
import { errorOfFailure } from './failure-error.js';
import { reauthAction } from './reauth.js';
import type { RefreshResult } from './refresh-protocol.js';
import type { Refresher } from './refresher.js';
import { freshness, mandatoryAt } from './refresh-policy.js';
import { TokenCache } from './token-cache.js';

const DEFAULT_MAX_STALENESS_MS = 1_000;
const CALLER_WAIT_MS = 30_000;
const REJECTION_PAUSE_MS = 30_000;
const REFRESHED_JUST_NOW_MS = 60_000;
const MAX_REJECTIONS = 10_000;
const MAX_ROUNDS = 3;
const CLOCK_TOLERANCE_MS = 60_000;

/** What handing out tokens needs. */
export interface GrantTokensOptions {
  vault: Vault;
  refresher: Refresher;
  emitter: Emitter<WebexAuthEvents>;
  clock: Clock;
  /** How old an answer from the cache may be, milliseconds (default 1,000). */
  maxStalenessMs?: number | undefined;
  /** Memory for opened grants, bytes. */
  cacheBytes?: number | undefined;
  /** Whether Webex itself accepts an access token, asked at people/me. Errors: whatever else comes of it. */
  isAccepted: (accessToken: string) => Promise<boolean>;
  /** Where people sign in again. */
  reconnectUrl?: string | undefined;
}

interface Rejection {
  accessToken: string;
  /** When the first of a row was reported; monotonic milliseconds. */
  at: number;
  /** What was handed out in its place, if another one was to be had. */
  successor: string | undefined;
}

/**
 * Hands out access tokens by subject: fresh ones from the cache, due ones while a refresh runs behind, used-up ones never. A
 * caller waits at most 30 s, and cancels nothing but its own wait.
 */
export class GrantTokens {
  readonly #vault: Vault;
  readonly #refresher: Refresher;
  readonly #emitter: Emitter<WebexAuthEvents>;
  readonly #clock: Clock;
  readonly #maxStalenessMs: number;
  readonly #cache: TokenCache;
  readonly #reconnectUrl: string | undefined;
  readonly #reads = new SingleFlight<Grant | undefined>();
  readonly #judgements = new SingleFlight<boolean | string>();
  #forgets = 0;
  #closed = false;
  readonly #isAccepted: GrantTokensOptions['isAccepted'];
  readonly #rejections = new Map<string, Rejection>();
  // Generations that ran out, once told.
  readonly #told = new Map<string, number>();

  constructor(options: GrantTokensOptions) {
    this.#vault = options.vault;
    this.#refresher = options.refresher;
    this.#emitter = options.emitter;
    this.#clock = options.clock;
    this.#maxStalenessMs = options.maxStalenessMs ?? DEFAULT_MAX_STALENESS_MS;
    this.#reconnectUrl = options.reconnectUrl;
    this.#isAccepted = options.isAccepted;
    this.#cache = new TokenCache({ budgetBytes: options.cacheBytes });
  }

  /**
   * A token that is valid now. Errors: `GrantNotFoundError`, `ReauthRequiredError`, `MissingScopeError`, `TimeoutError`, those of the
   * token endpoint when there is no valid token to fall back on, the store's.
   */
  token(subject: string, options?: TokenOptions): Promise<AccessToken> {
    if (options === undefined) {
      const entry = this.#cache.get(subject);
      if (
        entry?.answer !== undefined &&
        entry.answerUntil > this.#clock.now() &&
        this.#clock.monotonic() - entry.checkedAt <= this.#maxStalenessMs
      ) {
        return entry.answer;
      }
    }
    return this.#token(subject, options ?? {});
  }

  /** A valid token from the cache, or nothing. Never reads, refreshes or waits. */
  peek(subject: string): AccessToken | undefined {
    const grant = this.#cache.get(subject)?.grant;
    return grant && this.#isValid(grant) ? answer(grant) : undefined;
  }

  /** The grant as last seen by this process, or nothing. */
  seen(subject: string): Grant | undefined {
    return this.#cache.get(subject)?.grant;
  }

  /** The grant as it is stored now. */
  async read(subject: string): Promise<Grant | undefined> {
    return this.#load(subject, 0);
  }

  /** The grant as it was stored at most `maxStalenessMs` ago. */
  recent(subject: string): Promise<Grant | undefined> {
    return this.#load(subject, this.#maxStalenessMs);
  }

  /** Takes note of a grant that was just stored or read. */
  remember(grant: Grant): void {
    const before = this.#cache.get(grant.subject);
    if (before && before.grant.record.generation > grant.record.generation) return;
    const { tokenSet, record } = grant;
    const now = this.#clock.now();
    const usable = grant.state !== 'dead' && freshness(tokenSet, { now, dueAt: record.dueAt }) === 'fresh';
    this.#cache.set(grant.subject, {
      grant,
      answer: usable ? Promise.resolve(answer(grant)) : undefined,
      answerUntil: Math.min(record.dueAt ?? Infinity, mandatoryAt(tokenSet)),
      checkedAt: this.#clock.monotonic(),
    });
  }

  /** Forgets what is known of a subject, so that the next call reads the store. */
  forget(subject: string): void {
    this.#forgets += 1;
    this.#cache.delete(subject);
    this.#rejections.delete(subject);
  }

  /** Reads no more: `ClosedError` from now on. Forgets everything in clear. */
  close(): void {
    this.#closed = true;
    this.clear();
  }

  /** Forgets everything in clear. */
  clear(): void {
    this.#cache.clear();
    this.#rejections.clear();
  }

  /** Refreshes now, due or not. Errors: as `token`, and those of the token endpoint. */
  async refresh(
    subject: string,
    { cause = 'manual', signal }: { cause?: RefreshCause; signal?: AbortSignal | undefined } = {},
  ): Promise<Grant> {
    const grant = await this.#existing(subject, 0);
    if (grant.state === 'dead' || !(this.#refresher.canRenew(grant) || this.#refresher.canVerify(grant))) {
      throw this.#ended(grant);
    }
    let { error, refreshed, grant: now } = await this.#refresh(grant, cause, signal);
    // The refresh that was joined was one of an older generation.
    const joined = !refreshed && !error && now.record.generation === grant.record.generation;
    if (joined && now.state !== 'dead')
      ({ error, refreshed, grant: now } = await this.#refresh(now, cause, signal));
    if (error) throw error;
    if (now.state === 'dead') throw this.#ended(now);
    return now;
  }

  /**
   * "The API refused this access token": refreshes only if it is still the current one, at most once in 30 s. Where that gives no other
   * token, or the last one that was refreshed for this reason is refused too, Webex is asked once at people/me: it may be the endpoint's fault.
   * Resolves to the token to use now, which is the same where nothing better is to be had. Errors: `GrantNotFoundError`, `ReauthRequiredError`.
   */
  async reportRejected(
    subject: string,
    accessToken: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<AccessToken> {
    const grant = await this.#existing(subject, 0);
    if (grant.tokenSet.accessToken !== accessToken) return this.#token(subject, { signal });
    const now = this.#clock.monotonic();
    const last = this.#rejections.get(subject);
    // The token that took a rejected one's place counts as well: an endpoint may refuse them all.
    const repeated = last !== undefined && now - last.at < REJECTION_PAUSE_MS;
    const rejection: Rejection = { accessToken, at: repeated ? last.at : now, successor: last?.successor };
    this.#noteRejection(subject, rejection);
    if (grant.state === 'dead') throw this.#ended(grant);
    if (repeated && !this.#refresher.isRefreshing(subject)) return answer(grant);
    const verifiable = this.#refresher.canVerify(grant);
    if (!verifiable) {
      if (!this.#refresher.canRenew(grant)) return this.#judged(grant, signal);
      // It was made for this very reason, was found good, or was refreshed by another process a moment ago: another one would hardly
      // be liked better.
      const isNew = last?.successor === accessToken || this.#isJustRefreshed(grant);
      if (isNew && (await this.#probe(grant, signal)) !== false) return answer(grant);
    }
    const { grant: after, error } = await this.#refresh(grant, 'rejected', signal);
    if (after.state === 'dead') throw this.#ended(after);
    if (error) return staleAnswer(after, error.code);
    // Webex has just been asked and knows this token: the endpoint that refused it is at fault.
    if (verifiable) return answer(after);
    if (after.tokenSet.accessToken === accessToken) return this.#judged(after, signal);
    this.#noteRejection(subject, { ...rejection, successor: after.tokenSet.accessToken });
    return answer(after);
  }

  #isJustRefreshed({ tokenSet: { issuedAt }, record: { generation } }: Grant): boolean {
    return generation > 1 && Math.abs(this.#clock.now() - issuedAt) < REJECTION_PAUSE_MS;
  }

  // There is no other token: either the endpoint that refused this one is at fault, or it has ended before its time.
  async #judged(grant: Grant, signal: AbortSignal | undefined): Promise<AccessToken> {
    const { subject, kind } = grant;
    const work = this.#judgements.run(subject, async () => {
      const found = await this.#probe(grant, undefined);
      if (found === false) {
        const action = reauthAction(kind);
        this.#emitter.emit('unauthorized', { subject, kind: 'rejected', reason: 'rejected', action });
      }
      return found;
    });
    const found = await this.#waitFor(work, signal);
    return typeof found === 'string' ? staleAnswer(grant, found) : answer(grant);
  }

  // Whether Webex accepts it, or the code of what kept us from knowing.
  async #probe(
    { subject, tokenSet: { accessToken } }: Grant,
    signal: AbortSignal | undefined,
  ): Promise<boolean | string> {
    try {
      const accepted = await this.#waitFor(this.#isAccepted(accessToken), signal);
      const last = this.#rejections.get(subject);
      if (accepted && last) this.#noteRejection(subject, { ...last, successor: accessToken });
      return accepted;
    } catch (error) {
      if (signal?.aborted || !isWebexAuthError(error)) throw error;
      return error.code;
    }
  }

  // That a grant died was told when it did; that one ran out which nothing renews is told by whoever finds it first.
  #ended(grant: Grant): ReauthRequiredError {
    const error = reauthRequired(grant, this.#reconnectUrl);
    const { subject, kind, state, record } = grant;
    if (state !== 'dead' && this.#told.get(subject) !== record.generation) {
      this.#told.delete(subject);
      this.#told.set(subject, record.generation);
      dropOldest(this.#told, MAX_REJECTIONS);
      this.#emitter.emit('unauthorized', {
        subject,
        kind: 'dead',
        reason: error.reauth.reason,
        action: reauthAction(kind),
      });
    }
    return error;
  }

  #noteRejection(subject: string, rejection: Rejection): void {
    this.#rejections.delete(subject);
    this.#rejections.set(subject, rejection);
    dropOldest(this.#rejections, MAX_REJECTIONS);
  }

  async #token(subject: string, options: TokenOptions): Promise<AccessToken> {
    const { minTtl = 0, requireScope, signal } = options;
    const first = this.#existing(subject, this.#maxStalenessMs);
    let known = await (signal ? this.#waitFor(first, signal) : first);
    for (let round = 1; ; round++) {
      if (requireScope) requireScopes(known, requireScope);
      const { tokenSet, record } = known;
      const now = this.#clock.now();
      const valid = this.#isValid(known);
      if (known.state === 'dead') return valid ? answer(known) : raise(this.#ended(known));
      // More than half of the life can not be had for long.
      const wanted = Math.min(minTtl * 1000, 0.5 * (tokenSet.lifetime ?? Infinity));
      const state = freshness(tokenSet, { now, dueAt: record.dueAt, minTtl: wanted });
      const short = (tokenSet.expiresAt ?? Infinity) - now < minTtl * 1000;
      if (state === 'fresh') return short ? { ...answer(known), stale: true } : answer(known);
      if (endsAtOnce(tokenSet, now)) throw endsAtOnceError(tokenSet);
      if (!this.#refresher.canRenew(known)) {
        return valid ? { ...answer(known), stale: true } : raise(this.#ended(known));
      }
      if (state === 'due') {
        this.#refreshBehind(known);
        return answer(known);
      }
      // A clock that was turned back must not prolong the rest.
      const resting =
        record.failure !== undefined &&
        record.dueAt !== undefined &&
        now < record.dueAt &&
        now >= record.failure.at - CLOCK_TOLERANCE_MS;
      if (record.failure && resting) {
        return valid ? answer(known) : raise(errorOfFailure(record.failure, record.dueAt));
      }
      const renewedJustNow = now - tokenSet.issuedAt < REFRESHED_JUST_NOW_MS && now < mandatoryAt(tokenSet);
      if ((renewedJustNow && valid) || (round > MAX_ROUNDS && valid))
        return { ...answer(known), stale: true };
      if (round > MAX_ROUNDS)
        throw new TimeoutError('The grant kept changing while its token was being refreshed');
      const generation = record.generation;
      const result = await this.#refreshOrFallBack(known, valid, signal);
      known = result.grant;
      if (result.error) {
        return this.#isValid(known) ? staleAnswer(known, result.error.code) : raise(result.error);
      }
      if (known.record.generation === generation && known.state !== 'dead' && this.#isValid(known)) {
        return { ...answer(known), stale: true };
      }
    }
  }

  // A refresh that cannot even begin (the store is away) costs nothing while the access token is good.
  async #refreshOrFallBack(
    grant: Grant,
    valid: boolean,
    signal: AbortSignal | undefined,
  ): Promise<RefreshResult> {
    try {
      // Who still has a valid token does not wait it to its end.
      const { expiresAt = Infinity } = grant.tokenSet;
      const patience = valid ? (expiresAt - this.#clock.now()) / 2 : CALLER_WAIT_MS;
      return await this.#refresh(grant, 'access', signal, Math.min(CALLER_WAIT_MS, patience));
    } catch (error) {
      const passing = error instanceof StoreUnavailableError || error instanceof TimeoutError;
      if (valid && passing) return { grant, refreshed: false, error };
      throw error;
    }
  }

  #refreshBehind(grant: Grant): void {
    // Its failures are told by events, and recorded for the next caller.
    this.#refresh(grant, 'access', undefined).catch(() => undefined);
  }

  async #refresh(
    seen: Grant,
    cause: RefreshCause,
    signal: AbortSignal | undefined,
    patienceMs = CALLER_WAIT_MS,
  ): Promise<RefreshResult> {
    const { subject, record } = seen;
    const refresh = this.#refresher.refresh(subject, { cause, generation: record.generation, seen });
    const result = await this.#waitFor(refresh, signal, patienceMs).catch((error: unknown) => {
      if (error instanceof GrantNotFoundError) this.forget(subject);
      throw error;
    });
    // What came back unread says nothing new of what is stored.
    if (result.grant !== seen) this.remember(result.grant);
    return result;
  }

  #waitFor<Result>(
    work: Promise<Result>,
    signal: AbortSignal | undefined,
    patienceMs = CALLER_WAIT_MS,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        work.catch(() => undefined);
        return reject(signal.reason as Error);
      }
      const settle = (end: () => void): void => {
        limit.cancel();
        signal?.removeEventListener('abort', onAbort);
        end();
      };
      const onAbort = (): void => settle(() => reject(signal?.reason as Error));
      const limit = this.#clock.after(patienceMs, () =>
        settle(() => reject(new TimeoutError('The refresh takes longer than a caller waits; it goes on'))),
      );
      signal?.addEventListener('abort', onAbort);
      work.then(
        (result) => settle(() => resolve(result)),
        (error: unknown) => settle(() => reject(error)),
      );
    });
  }

  async #existing(subject: string, maxAgeMs: number): Promise<Grant> {
    const grant = await this.#load(subject, maxAgeMs);
    if (grant) return grant;
    this.#emitter.emit('unauthorized', {
      subject,
      kind: 'missing',
      reason: 'missing',
      action: 'sign_in_again',
    });
    throw new GrantNotFoundError('Nothing is stored for this subject; sign in first');
  }

  async #load(subject: string, maxAgeMs: number): Promise<Grant | undefined> {
    const entry = this.#cache.get(subject);
    if (entry && maxAgeMs > 0 && this.#clock.monotonic() - entry.checkedAt <= maxAgeMs) return entry.grant;
    const forgets = this.#forgets;
    try {
      if (this.#closed) throw new ClosedError('This Webex or WebexAuth is closed; make a new one');
      const grant = await this.#reads.run(subject, () => this.#vault.read(subject, entry?.grant));
      // Forgotten while it was being read: what was read may be what was just removed.
      if (forgets !== this.#forgets) return grant;
      if (grant) this.remember(grant);
      else this.#cache.delete(subject);
      return grant;
    } catch (error) {
      if (error instanceof StoreUnavailableError && entry && this.#isValid(entry.grant)) return entry.grant;
      throw error;
    }
  }

  #isValid(grant: Grant): boolean {
    const { accessToken, expiresAt } = grant.tokenSet;
    const rejected = this.#rejections.get(grant.subject)?.accessToken === accessToken;
    // One that was asked about at Webex died of the answer: it was the access token itself that was refused.
    if (grant.state === 'dead' && (rejected || this.#refresher.canVerify(grant))) return false;
    return expiresAt === undefined || expiresAt > this.#clock.now();
  }
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}

function raise(error: Error): never {
  throw error;
}
