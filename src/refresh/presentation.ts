import {
  GrantNotFoundError,
  InvalidRequestError,
  InvalidScopeError,
  isWebexAuthError,
  ProtocolError,
  TimeoutError,
  UnauthorizedClientError,
  UnauthorizedError,
  UnsupportedGrantTypeError,
  type ReauthRequiredError,
  type WebexAuthError,
} from '../errors.js';
import type { RefreshCause } from '../events.js';
import { tokenSetFromCandidate } from '../oauth/grants/kept-token-set.js';
import type { Renewer } from '../oauth/grants/renewer.js';
import { TokenSet } from '../oauth/token-set.js';
import type { Failure, GrantRecord, TokenWrite } from '../stores/grant-record.js';
import type { Grant } from '../vault/grant.js';
import { Lease } from './lease.js';
import { LONGEST_WAIT_MS, planDueUnchanged, planRetry, planSuspectRetry } from './refresh-policy.js';
import {
  LEASE_MS,
  PRESENTATION_DEADLINE_MS,
  type RefresherOptions,
  type RefreshResult,
} from './refresh-protocol.js';
import { reauthAction, reauthError } from './reauth.js';
import { storeSuccessor, untilStoreAnswers } from './successor.js';

const MAX_PRESENTATIONS = 3;
const GRACE_MS = 5_000;
const CLIENT_RETRY_MS = 10_000;

/**
 * Claim, present, record the outcome: one holder's attempts at one generation (`refresh-protocol.md`). A refresh token whose
 * answer never came is presented again at once, up to three times; then the intent is left open for whoever comes next.
 */
export class Presentation {
  readonly #options: RefresherOptions & { cause: RefreshCause; closing: AbortSignal };
  readonly #started: number;
  #presented = 0;
  #outcomeUnknown = false;
  #candidateRefused = false;

  constructor(options: RefresherOptions & { cause: RefreshCause; closing: AbortSignal }) {
    this.#options = options;
    this.#started = options.clock.monotonic();
  }

  /** Whether the server may have seen what this one presented. */
  get isUnderWay(): boolean {
    return this.#outcomeUnknown;
  }

  /** One claim and one presentation. Undefined: look at the row again and decide anew. */
  async attempt(seen: Grant, renewer: Renewer): Promise<RefreshResult | undefined> {
    const { leases, clock, holder, leaseMs = LEASE_MS } = this.#options;
    const claimedAt = clock.monotonic();
    const claim = await leases.claim(seen.record.key, {
      holder,
      version: seen.record.version,
      leaseMs,
      deadlineMs: PRESENTATION_DEADLINE_MS,
    });
    if (!claim.done) return undefined;
    const claimed = claim.record;
    const lease = new Lease({
      leases,
      clock,
      key: claimed.key,
      holder,
      fence: claimed.fence,
      leaseMs,
      claimedAt,
    });
    try {
      await this.#trace('claimed', seen.subject);
      const grant = this.#options.vault.openRecord(claimed, seen);
      if (!grant) return undefined;
      return await this.#present(grant, seen.record, renewer, lease);
    } finally {
      lease.stop();
    }
  }

  async #present(
    grant: Grant,
    before: GrantRecord,
    renewer: Renewer,
    lease: Lease,
  ): Promise<RefreshResult | undefined> {
    const { record, subject } = grant;
    const kept = this.#candidate(grant, before);
    if (kept?.complete) return this.#store(grant, kept.tokenSet, kept.tokenSet, renewer);
    const presented = kept?.tokenSet ?? grant.tokenSet;
    await this.#trace('presenting', subject);
    if (!lease.isCertain()) {
      // This process was paused: the token was not sent, and whether it still may be is not certain any more.
      await this.#close(grant, new TimeoutError('The process was paused before it could refresh'));
      return undefined;
    }
    let successor: TokenSet;
    try {
      this.#presented += 1;
      successor = await this.#inTime(
        renewer.renew(
          { ...grant, tokenSet: presented },
          {
            onCandidate: async (raw) => {
              const candidate = this.#options.vault.sealCandidate(record, raw);
              await untilStoreAnswers(this.#options, () =>
                this.#options.leases.keepCandidate(record.key, { fence: record.fence, candidate }),
              );
            },
          },
        ),
      );
    } catch (error) {
      return await this.#failed(grant, renewer, toWebexAuthError(error), presented !== grant.tokenSet);
    }
    await this.#trace('answered', subject);
    const result = await this.#store(grant, presented, successor, renewer);
    if (!renewer.besideTokenEndpoint) await this.#options.gate.accepted();
    return result;
  }

  #inTime<Result>(renewal: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      // Renewers keep the deadline themselves, and end their request with it; this is for those that do not.
      const limit = this.#options.clock.after(PRESENTATION_DEADLINE_MS + GRACE_MS, () =>
        reject(new TimeoutError('The token endpoint did not answer in time')),
      );
      renewal.finally(() => limit.cancel()).then(resolve, reject);
    });
  }

  // An answer that an earlier holder kept: complete enough to be stored as it is, or only a newer refresh token to present.
  #candidate(grant: Grant, before: GrantRecord): { tokenSet: TokenSet; complete: boolean } | undefined {
    if (this.#candidateRefused) return undefined;
    const raw = this.#options.vault.openCandidate(grant.record);
    if (!raw) return undefined;
    const now = before.intent?.sentAt ?? before.updatedAt;
    const tokenSet = tokenSetFromCandidate(raw, { previous: grant.tokenSet, now });
    if (tokenSet && (tokenSet.expiresAt === undefined || tokenSet.expiresAt > this.#options.clock.now())) {
      return { tokenSet, complete: true };
    }
    const refreshToken = raw['refresh_token'];
    if (typeof refreshToken !== 'string' || refreshToken === '') return undefined;
    return { tokenSet: new TokenSet({ ...grant.tokenSet.toData(), refreshToken }), complete: false };
  }

  async #store(
    grant: Grant,
    presented: TokenSet,
    successor: TokenSet,
    { verifyEveryMs }: Renewer,
  ): Promise<RefreshResult | undefined> {
    const { vault, emitter, clock, cause } = this.#options;
    const { subject, record } = grant;
    const unchanged = successor.accessToken === grant.tokenSet.accessToken;
    const verified = verifyEveryMs !== undefined;
    const renewed = { ...grant, tokenSet: successor };
    const write: TokenWrite =
      unchanged && !verified
        ? vault.write(renewed, record.generation + 1, planDueUnchanged(successor, clock.now()))
        : vault.write(renewed, record.generation + 1);
    await this.#trace('committing', subject);
    const stored = await storeSuccessor({ ...this.#options, record, write });
    if (stored.fate === 'deleted') {
      await this.#revokeOrphan(presented, successor);
      throw new GrantNotFoundError('The grant was disconnected while it was being refreshed');
    }
    if (stored.fate === 'lost') {
      const adopted = vault.openRecord(stored.record);
      const startedAnew = stored.record.generation > record.generation + 1;
      if (startedAnew && successor.refreshToken !== adopted?.tokenSet.refreshToken) {
        await this.#revokeOrphan(presented, successor);
      }
      return adopted && { grant: adopted, refreshed: false };
    }
    const now = vault.withTokenSet(stored.record, successor, grant);
    if (!now) return undefined;
    await this.#trace('committed', subject);
    this.#options.onStored?.(now);
    if (grant.state === 'suspect') emitter.emit('grant:recovered', { subject });
    if (!verified) {
      emitter.emit('token:refresh', {
        subject,
        expiresAt: successor.expiresAt,
        cause,
        attempts: Math.max(1, this.#presented),
        ms: Math.round(clock.monotonic() - this.#started),
      });
    }
    await this.#trace('announced', subject);
    return { grant: now, refreshed: !verified };
  }

  // Its grant was disconnected. The very token that was presented may be another login's by now.
  async #revokeOrphan(presented: TokenSet, { refreshToken }: TokenSet): Promise<void> {
    if (!refreshToken || refreshToken === presented.refreshToken) return;
    await this.#options.revokeOrphan(refreshToken).catch(() => undefined);
  }

  async #failed(
    grant: Grant,
    { besideTokenEndpoint }: Renewer,
    error: WebexAuthError,
    presentedCandidate: boolean,
  ): Promise<RefreshResult | undefined> {
    const { emitter, closing } = this.#options;
    const { subject } = grant;
    const { code, retryable, trackingId, retryAt } = error;
    emitter.emit('auth:error', { subject, code, retryable, trackingId, retryAt });
    const { gate } = this.#options;
    const outcome = this.#options.outcomeOf(error);
    if (!besideTokenEndpoint)
      await (outcome === 'verdict'
        ? gate.accepted()
        : gate.refused(error, grant.state === 'suspect' ? undefined : subject));
    if (outcome === 'verdict') {
      if (!presentedCandidate) return this.#bury(grant, error, 'dead');
      this.#candidateRefused = true;
      return undefined;
    }
    if (outcome === 'unknown') {
      this.#outcomeUnknown = true;
      if (this.#presented < MAX_PRESENTATIONS && !closing.aborted) return undefined;
      return this.#leave(grant, error);
    }
    // A 401 that every grant gets says nothing of this one.
    const ofClient = gate.isClientRefused && outcome === 'client' && grant.state !== 'suspect';
    const ambiguous = this.#outcomeUnknown || grant.record.unknown;
    return isDoubtful(error) && !ambiguous && !ofClient
      ? this.#bury(grant, error, 'suspect')
      : this.#close(grant, error);
  }

  // The claim returned the row under the lease: its version and fence confirm that the refused token is still the stored one.
  async #bury(
    grant: Grant,
    error: WebexAuthError,
    state: 'dead' | 'suspect',
  ): Promise<RefreshResult | undefined> {
    const { leases, emitter, clock, random = Math.random } = this.#options;
    const { record, subject } = grant;
    const failure = this.#failure(record, error);
    const ambiguous = this.#outcomeUnknown || record.unknown;
    const reason = state === 'suspect' ? 'refused' : ambiguous ? 'ambiguous' : 'revoked';
    const buried = await leases.bury(record.key, {
      fence: record.fence,
      version: record.version,
      state,
      reason,
      failure,
      dueAt:
        state === 'dead'
          ? undefined
          : planSuspectRetry(grant.tokenSet, {
              now: clock.now(),
              failures: failure.count,
              jitter: random(),
            }),
    });
    if (!buried.done) return undefined;
    if (state === 'dead') {
      emitter.emit('unauthorized', { subject, kind: 'dead', reason, action: reauthAction(grant.kind) });
    } else if (grant.state !== 'suspect') {
      emitter.emit('grant:suspect', { subject, reason });
    }
    return this.#unrefreshed(
      grant,
      buried.record,
      state === 'dead' ? endedError(buried.record, error, this.#options.reconnectUrl) : error,
    );
  }

  async #close(grant: Grant, error: WebexAuthError): Promise<RefreshResult | undefined> {
    const closed = await this.#options.leases.close(grant.record.key, this.#retryLater(grant, error));
    return closed.done ? this.#unrefreshed(grant, closed.record, error) : undefined;
  }

  async #leave(grant: Grant, error: WebexAuthError): Promise<RefreshResult | undefined> {
    const left = await this.#options.leases.leave(grant.record.key, this.#retryLater(grant, error));
    return left.done ? this.#unrefreshed(grant, left.record, error) : undefined;
  }

  #retryLater(grant: Grant, error: WebexAuthError): { fence: number; failure: Failure; dueAt: number } {
    const { clock, gate, random = Math.random } = this.#options;
    const failure = this.#failure(grant.record, error);
    // The breaker bounds the calls: when the client is known again, no grant has a long wait before it.
    const planned =
      gate.isClientRefused && grant.state !== 'suspect'
        ? clock.now() + clientRetryMs(error, failure.count) * (1 + random())
        : planRetry(grant.tokenSet, { now: clock.now(), jitter: random() });
    const asked = Math.min(error.retryAt ?? 0, clock.now() + LONGEST_WAIT_MS);
    return { fence: grant.record.fence, failure, dueAt: Math.floor(Math.max(planned, asked)) };
  }

  #unrefreshed(grant: Grant, record: GrantRecord, error: WebexAuthError): RefreshResult | undefined {
    const now = this.#options.vault.openRecord(record, grant);
    return now ? { grant: now, refreshed: false, error } : undefined;
  }

  #failure(record: GrantRecord, { code, trackingId }: WebexAuthError): Failure {
    return { code, trackingId, at: this.#options.clock.now(), count: (record.failure?.count ?? 0) + 1 };
  }

  async #trace(...point: Parameters<NonNullable<RefresherOptions['trace']>>): Promise<void> {
    await this.#options.trace?.(...point);
  }
}

// One that gets a 401 again and again may be dead after all, and must not be the probe for ever.
function clientRetryMs({ code }: WebexAuthError, failures: number): number {
  return CLIENT_RETRY_MS * (code === 'UNAUTHORIZED' ? 2 ** Math.min(failures - 1, 6) : 1);
}

// Answers that name neither the client, nor the grant, nor a passing trouble.
function isDoubtful(error: WebexAuthError): boolean {
  return (
    error instanceof UnauthorizedError ||
    error instanceof InvalidRequestError ||
    error instanceof InvalidScopeError ||
    error instanceof UnauthorizedClientError ||
    error instanceof UnsupportedGrantTypeError ||
    (error instanceof ProtocolError && error.status === 400)
  );
}

function endedError(
  record: GrantRecord,
  { status, trackingId }: WebexAuthError,
  url: string | undefined,
): ReauthRequiredError {
  return reauthError(record.kind, {
    status,
    trackingId,
    reauth: { reason: record.reason ?? 'revoked', since: record.stateSince, url },
  });
}

// What a renewer of the application throws may hold anything: only its name is kept.
function toWebexAuthError(error: unknown): WebexAuthError {
  if (isWebexAuthError(error)) return error;
  return new ProtocolError(`The renewal failed: ${error instanceof Error ? error.name : typeof error}`);
}
