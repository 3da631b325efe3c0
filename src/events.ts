import type { ErrorAction } from './errors.js';

/** Why a token was refreshed. */
export type RefreshCause = 'scheduled' | 'access' | 'rejected' | 'manual';

/** Why a grant needs attention. */
export type UnauthorizedKind = 'dead' | 'missing' | 'rejected';

/** How long one start-up phase took; milliseconds. */
export interface PhaseTiming {
  phase: Phase;
  ms: number;
}

/** The start-up phases in their order. */
export type Phase = 'modules' | 'plugins' | 'configuration' | 'discovery' | 'ready';

/** Event name → payload. No payload ever holds a token. Instants are milliseconds since the epoch. */
export interface WebexAuthEvents {
  /** All phases are done; once. */
  ready: { phases: readonly PhaseTiming[] };
  /** A phase begins. */
  phase: { phase: Phase };
  /** A refreshed token set is durably stored; only in the process that stored it. */
  'token:refresh': {
    subject: string;
    expiresAt: number | undefined;
    cause: RefreshCause;
    attempts: number;
    ms: number;
  };
  /** A grant is dead, missing or was rejected by the API. */
  unauthorized: { subject: string; kind: UnauthorizedKind; reason: string; action: ErrorAction };
  /** Any authentication failure, transient ones too. */
  'auth:error': {
    subject: string | undefined;
    code: string;
    retryable: boolean;
    trackingId: string | undefined;
    retryAt: number | undefined;
  };
  login: { subject: string; kind: string };
  logout: { subject: string; revoked: boolean };
  'grant:suspect': { subject: string; reason: string };
  'grant:recovered': { subject: string };
  /** The configuration is read and the stored grant with it; `webex-js-sdk`'s name. */
  loaded: Record<string, never>;
  /** As `logout`; `webex-js-sdk`'s name. */
  'client:logout': { subject: string; revoked: boolean };
  /** As `unauthorized` for a grant that has ended; `webex-js-sdk`'s name. */
  'client:InvalidRequestError': WebexAuthEvents['unauthorized'];
  /** Something works less well than it should; told once per cause. */
  degraded: { reason: string; message: string };
}
