import type { Clock } from '../base/clock.js';
import type { Tracing } from '../base/tracing.js';
import { ConfigurationError, isWebexAuthError } from '../errors.js';
import type { Exchange } from './exchange.js';
import { ApiTarget, type ApiTargetOptions } from './api-target.js';
import { CircuitBreakers } from './circuit-breakers.js';
import { RateGates } from './rate-gates.js';
import { RetryBudget } from './retry-budget.js';
import type { OnRetry } from './retry-notice.js';
import { type RetryOptions, type RetrySettings, retrySettings } from './retry-settings.js';
import { TrackingIds } from './tracking-id.js';
import type { Transport } from './transport.js';

const METHOD = /^[A-Z][A-Z-]{1,19}$/;

/** What all principals' calls have in common. */
export interface ApiSettingsOptions extends ApiTargetOptions {
  transport: Transport;
  clock: Clock;
  /** Over token, connecting, headers and body together; 60,000 ms (facts 8). */
  deadlineMs?: number | undefined;
  /** After decompression; 16 MiB. */
  maxBodyBytes?: number | undefined;
  userAgent?: string | undefined;
  /** First part of the `trackingid` header; `webex-auth`. */
  trackingIdPrefix?: string | undefined;
  /** How calls are repeated that say nothing of their own; `false` = not at all. */
  retry?: RetryOptions | false | undefined;
  onRetry?: OnRetry | undefined;
  /** Whom calls are told to. */
  tracing?: Tracing | undefined;
  /** The rate gates of all principals; of this process only unless they are given. */
  gates?: RateGates | undefined;
  /** The circuits of all origins; made here unless they are given. */
  breakers?: CircuitBreakers | undefined;
  random?: (() => number) | undefined;
}

/** The same, checked and ready: made once, shared by any number of clients. */
export class ApiSettings {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly target: ApiTarget;
  readonly deadlineMs: number;
  readonly maxBodyBytes: number;
  readonly retry: RetrySettings;
  readonly onRetry: OnRetry | undefined;
  readonly tracing: Tracing | undefined;
  readonly watched: Exchange['watched'];
  readonly random: () => number;
  readonly gates: RateGates;
  readonly breakers: CircuitBreakers;
  /** What all principals together may add in retries. */
  readonly budget = new RetryBudget();
  readonly #userAgent: string;
  readonly #trackingIds: TrackingIds;

  constructor(options: ApiSettingsOptions) {
    const { transport, clock, userAgent = 'webex-auth', trackingIdPrefix = 'webex-auth' } = options;
    const { random = Math.random } = options;
    this.transport = transport;
    this.clock = clock;
    this.target = new ApiTarget(options);
    this.deadlineMs = positive('deadlineMs', options.deadlineMs ?? 60_000);
    this.maxBodyBytes = positive('maxBodyBytes', options.maxBodyBytes ?? 16 * 1024 * 1024);
    this.retry = retrySettings(options.retry);
    this.onRetry = options.onRetry;
    this.tracing = options.tracing;
    this.watched = options.tracing && { work: options.tracing.requests, purpose: 'api' };
    this.random = random;
    this.gates = options.gates ?? new RateGates({ clock, random });
    this.breakers = options.breakers ?? new CircuitBreakers({ clock });
    this.#userAgent = printable('userAgent', userAgent);
    this.#trackingIds = new TrackingIds(printable('trackingIdPrefix', trackingIdPrefix));
  }

  /** Tells of a call that was refused here, so that nothing was sent. What a caller aborts with is no refusal. */
  tellRefusal(error: unknown, { method, origin }: { method: string; origin?: string | undefined }): void {
    if (!this.tracing || !isWebexAuthError(error)) return;
    const { code, retryAt } = error;
    this.tracing.refusals.publish({ code, method, origin, retryAt });
  }

  /** The caller's fields over ours; no coding is asked for unless the caller does. */
  headers(fields: Record<string, string>, contentType: string | undefined): Record<string, string> {
    const ours: Record<string, string> = {
      'accept-encoding': 'identity',
      'user-agent': this.#userAgent,
      trackingid: this.#trackingIds.next(),
    };
    if (contentType !== undefined) ours['content-type'] = contentType;
    return Object.assign(ours, fields);
  }

  /** An HTTP method in capitals; `ConfigurationError` for those that tunnel or echo, and for what is none. */
  method(method: string): string {
    const upper = typeof method === 'string' ? method.toUpperCase() : '';
    if (METHOD.test(upper) && upper !== 'CONNECT' && upper !== 'TRACE') return upper;
    throw new ConfigurationError([
      { setting: 'method', problem: 'is not one that can be sent', example: 'GET' },
    ]);
  }
}

function positive(setting: string, value: number): number {
  if (value > 0) return value;
  throw new ConfigurationError([{ setting, problem: 'must be a number above 0' }]);
}

function printable(setting: string, value: string): string {
  if (/^[\x20-\x7e]+$/.test(value)) return value;
  throw new ConfigurationError([{ setting, problem: 'must be printable ASCII, not empty' }]);
}
